"""The scenarios that a sabotage names, found in `features/`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gherkin.errors import ParserError
from gherkin.parser import Parser

from recette.errors import RecetteError

PARAMETER = re.compile(r"<([^<>]+)>")


@dataclass(frozen=True, order=True)
class Named:
    """A scenario, a row of an outline by its name in the reports, or a whole outline by its title as written.

    `feature` is the path of its file from the project root; `rows` holds the names of an outline's rows.
    """

    feature: str
    title: str
    rows: tuple[str, ...] = ()

    @property
    def node(self) -> str:
        """How pytest selects it."""
        return f"{self.feature}::{self.title}"

    def covers(self, feature: str, name: str) -> bool:
        """Whether a scenario of a report is this one, or one of its rows."""
        return feature == self.feature and name in (self.rows or (self.title,))


def read(root: Path) -> tuple[Named, ...]:
    """List the scenarios of every feature under `root`/features, outlines whole and row by row."""
    found: list[Named] = []
    for path in sorted((root / "features").rglob("*.feature")):
        shown = path.relative_to(root).as_posix()
        try:
            document: Any = Parser().parse(path.read_text(encoding="utf-8"))
        except ParserError as error:
            raise RecetteError(f"{shown}: not a valid feature: {' '.join(str(error).split())}") from None
        for scenario in _scenarios((document["feature"] or {"children": []})["children"]):
            title = str(scenario["name"])
            rows = tuple(_row_name(title, row) for row in _rows(scenario["examples"]))
            found += [Named(shown, title, rows), *(Named(shown, row) for row in rows)]
    return tuple(found)


def resolve(entry: str, known: tuple[Named, ...], where: str) -> Named:
    """Return the one scenario that `[features/….feature::]piece of title` names; RecetteError if it is not one."""
    feature, _, piece = entry.rpartition("::")
    candidates = [named for named in known if feature in ("", named.feature) and piece in named.title]
    exact = [named for named in candidates if named.title == piece]
    rows = {(named.feature, row) for named in candidates for row in named.rows}
    whole = [named for named in candidates if (named.feature, named.title) not in rows]
    match exact or whole or candidates:
        case [only]:
            return only
        case []:
            raise RecetteError(f"{where}: no scenario of features/ is called “{entry}”")
        case several:
            titles = "; ".join(named.node for named in several)
            raise RecetteError(f"{where}: “{entry}” names several scenarios, be more precise: {titles}")


def _scenarios(children: list[Any]) -> Iterator[Any]:
    for child in children:
        if "rule" in child:
            yield from _scenarios(child["rule"]["children"])
        elif "scenario" in child:
            yield child["scenario"]


def _rows(tables: list[Any]) -> Iterator[Mapping[str, str]]:
    for table in tables:
        header = [cell["value"] for cell in table["tableHeader"]["cells"]] if table.get("tableHeader") else []
        for row in table["tableBody"]:
            yield dict(zip(header, (cell["value"] for cell in row["cells"]), strict=True))


def _row_name(title: str, row: Mapping[str, str]) -> str:
    """As the reports write it: the title with its values, then in brackets the values that it does not quote."""
    others = [value for column, value in row.items() if f"<{column}>" not in title]
    named = PARAMETER.sub(lambda match: row.get(match[1], match[0]), title)
    return named + (f" ({', '.join(others)})" if others else "")
