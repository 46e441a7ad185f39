"""A feature file as read: its tree, its lines, and the scenarios it holds, one for each row of an outline."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from gherkin.errors import CompositeParserException, ParserException
from gherkin.parser import Parser
from gherkin.parser_types import Background, Examples, Feature, Rule, Scenario, Step, Tag

from recette.evidence import Scenario as ScenarioRecord
from recette.evidence.register import ID
from steps.plugins.keywords import misspelt

CLASSES = ("lecture", "charge", "perturbateur", "destructif")
"""What a scenario may do to the site, from the mildest; they run in this order."""
BACKGROUND = "de_fond"
"""Tag of a scenario that judges what went on while the others only looked."""

STEP_TYPES = {"Context": "given", "Action": "when", "Outcome": "then"}
"""Kinds of keyword, as the parser and as pytest-bdd name them; any other continues the step before."""

PLACEHOLDER = re.compile(r"<(.+?)>")


@dataclass(frozen=True)
class Refusal:
    """Why a file may not be run, and where."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


class Refused(Exception):  # noqa: N818 - an answer, not an error of the program
    """The file cannot even be read as a feature."""

    def __init__(self, refusals: list[Refusal]) -> None:
        super().__init__("\n".join(map(str, refusals)))
        self.refusals = refusals


@dataclass(frozen=True)
class Case:
    """One thing to run: a scenario, or a row of an outline with its values."""

    title: str
    row: Mapping[str, str]
    record: ScenarioRecord
    tags: tuple[str, ...]
    description: str

    @property
    def node_name(self) -> str:
        """Its name for pytest: the title as written, so that it can be copied from the file, then the values."""
        return f"{self.title}[{'-'.join(self.row.values())}]" if self.row else self.title


@dataclass(frozen=True)
class Written:
    """A scenario as written, with what surrounds it."""

    node: Scenario
    rule: Rule | None
    tags: tuple[Tag, ...]

    @property
    def tables(self) -> list[Examples]:
        return self.node["examples"]


@dataclass(frozen=True)
class FeatureText:
    """A feature file; `path` is as shown to the user, relative to the project."""

    path: str
    lines: tuple[str, ...]
    tree: Feature

    @cached_property
    def scenarios(self) -> tuple[Written, ...]:
        """Those of the feature, then those of each rule, with the tags they inherit."""
        return tuple(self._scenarios(self.tree, None, tuple(self.tree["tags"])))

    def _scenarios(self, parent: Feature | Rule, rule: Rule | None, tags: tuple[Tag, ...]) -> Iterator[Written]:
        for child in _children(parent):
            if "scenario" in child:
                node: Scenario = child["scenario"]
                yield Written(node, rule, (*tags, *node["tags"]))
            elif "rule" in child:
                inner: Rule = child["rule"]
                yield from self._scenarios(inner, inner, (*tags, *inner["tags"]))

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        return tuple(child["rule"] for child in _children(self.tree) if "rule" in child)

    @cached_property
    def backgrounds(self) -> tuple[Background, ...]:
        """That of the feature, then those of its rules."""
        parents: tuple[Feature | Rule, ...] = (self.tree, *self.rules)
        return tuple(child["background"] for parent in parents for child in _children(parent) if "background" in child)

    @cached_property
    def cases(self) -> tuple[Case, ...]:
        """Everything the file asks to run."""
        return tuple(case for written in self.scenarios for case in self.cases_of(written))

    def cases_of(self, written: Written) -> Iterator[Case]:
        """The scenario itself, or its rows."""
        if not written.tables:
            yield self._case(written, {}, written.tags, written.node["location"]["line"])
        for table in written.tables:
            if not table.get("tableHeader"):
                continue
            header = [cell["value"] for cell in table["tableHeader"]["cells"]]
            for row in table["tableBody"]:
                values = dict(zip(header, (cell["value"] for cell in row["cells"]), strict=True))
                yield self._case(written, values, (*written.tags, *table["tags"]), row["location"]["line"])

    def _case(self, written: Written, row: Mapping[str, str], tags: tuple[Tag, ...], line: int) -> Case:
        names = tuple(dict.fromkeys(tag["name"].removeprefix("@") for tag in tags))
        record = ScenarioRecord(
            name=_name(written.node["name"], row),
            feature=self.path,
            line=line,
            feature_title=self.tree["name"],
            rule=written.rule["name"] if written.rule else "",
            requirements=tuple(name for name in names if ID.fullmatch(name)),
            scenario_class=next((name for name in names if name in CLASSES), ""),
        )
        description = "\n\n".join(filter(None, map(_flowing, (self.tree, written.rule, written.node))))
        return Case(written.node["name"], row, record, names, description)


def read_feature(path: Path, root: Path) -> FeatureText:
    """Read a file that starts with `# language: fr`; Refused when it is not a French feature."""
    shown = path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused([Refusal(shown, 1, f"not readable as UTF-8 text: {error}")]) from None
    lines = tuple(text.splitlines())
    if not lines or not re.fullmatch(r"#\s*language\s*:\s*fr\s*", lines[0]):
        raise Refused([Refusal(shown, 1, "the first line must be « # language: fr »")])
    try:
        feature = Parser().parse(text)["feature"]
    except CompositeParserException as error:
        raise Refused([_syntax(shown, fault, lines) for fault in error.errors]) from None
    if not feature:
        raise Refused([Refusal(shown, 1, "no « Fonctionnalité: » in this file")])
    return FeatureText(shown, lines, feature)


def _children(parent: Feature | Rule) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", parent["children"])


def fill(text: str, row: Mapping[str, str]) -> str:
    """The text with the values of a row in place of its <columns>."""
    return PLACEHOLDER.sub(lambda match: row.get(match[1], match[0]), text)


def texts_of(step: Step) -> list[str]:
    """Every text of a step in which a column may stand."""
    rows = step["dataTable"]["rows"] if "dataTable" in step else []
    document = [step["docString"]["content"]] if "docString" in step else []
    return [step["text"], *document, *(cell["value"] for row in rows for cell in row["cells"])]


def _flowing(node: Feature | Rule | Scenario | None) -> str:
    """The description of a node, without the indentation that Markdown would take for code."""
    return "\n".join(line.strip() for line in node["description"].splitlines()) if node else ""


def _name(title: str, row: Mapping[str, str]) -> str:
    """The title with its values; the columns it does not quote follow, so that two rows never share a name."""
    others = [value for column, value in row.items() if f"<{column}>" not in title]
    return fill(title, row) + (f" ({', '.join(others)})" if others else "")


def _syntax(path: str, fault: ParserException, lines: tuple[str, ...]) -> Refusal:
    number = fault.location["line"]
    line = lines[number - 1].strip() if number <= len(lines) else ""
    return Refusal(path, number, misspelt(line) or f"not understood here: « {line} »")
