"""What pytest-bdd would run, or skip, in silence; here each fault is one line, and nothing runs until it is mended."""

from __future__ import annotations

import difflib
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

from gherkin.parser_types import Background, Examples, Scenario, Step, Tag

from steps.plugins.gherkin_text import (
    BACKGROUND,
    CLASSES,
    PLACEHOLDER,
    STEP_TYPES,
    Case,
    FeatureText,
    Refusal,
    Written,
    texts_of,
)
from steps.plugins.keywords import misspelt_header, misspelt_step

Fault = tuple[int, str]
"""A line number and what is wrong there."""

_TYPOGRAPHIC = {"\u2019": "typographic apostrophe", "\u00a0": "no-break space", "\u202f": "narrow no-break space"}


def refusals(feature: FeatureText, known_tags: Collection[str]) -> list[Refusal]:
    """Every fault of a feature, in the order of its lines; `known_tags` are those a file may bear, without @."""
    checks: tuple[Callable[[FeatureText], Iterable[Fault]], ...] = (
        _accents,
        _typography,
        _disguised_keywords,
        _scenarios,
        _first_steps,
        _titles,
        lambda text: _unknown_tags(text, known_tags),
    )
    faults = {fault for check in checks for fault in check(feature)}
    return [Refusal(feature.path, line, message) for line, message in sorted(faults)]


def _accents(feature: FeatureText) -> Iterator[Fault]:
    for number, line in enumerate(feature.lines, 1):
        if not unicodedata.is_normalized("NFC", line):
            yield number, "decomposed accents (NFD): save the file with composed ones (NFC)"


def _typography(feature: FeatureText) -> Iterator[Fault]:
    for number in sorted(_lines_that_are_matched(feature)):
        for character, name in _TYPOGRAPHIC.items():
            if character in feature.lines[number - 1]:
                yield number, f"{name}: no step would be recognised; write the plain character"


def _lines_that_are_matched(feature: FeatureText) -> Iterator[int]:
    for step in _all_steps(feature):
        yield step["location"]["line"]
        yield from (row["location"]["line"] for row in (step["dataTable"]["rows"] if "dataTable" in step else []))
    for written in feature.scenarios:
        yield written.node["location"]["line"]
        for table in written.tables:
            yield from (row["location"]["line"] for row in _rows(table))


def _disguised_keywords(feature: FeatureText) -> Iterator[Fault]:
    for node, holds_steps in _described(feature):
        first = node["location"]["line"]
        for number in _description_lines(feature, first, node["description"]):
            line = feature.lines[number - 1]
            hint = misspelt_header(line) or (misspelt_step(line) if holds_steps else "")
            if hint:
                yield number, hint


def _described(feature: FeatureText) -> Iterator[tuple[Any, bool]]:
    """Whatever bears a description, and whether steps follow it."""
    yield feature.tree, False
    yield from ((rule, False) for rule in feature.rules)
    yield from ((background, True) for background in feature.backgrounds)
    for written in feature.scenarios:
        yield written.node, True
        yield from ((table, False) for table in written.tables)


def _description_lines(feature: FeatureText, header: int, description: str) -> Iterator[int]:
    wanted = {line.strip() for line in description.splitlines() if line.strip()}
    for number in range(header + 1, len(feature.lines) + 1):
        text = feature.lines[number - 1].strip()
        if text in wanted:
            yield number
        elif text and not text.startswith("#"):
            return


def _scenarios(feature: FeatureText) -> Iterator[Fault]:
    if not feature.scenarios:
        yield 1, "no scenario in this file"
    for written in feature.scenarios:
        line = written.node["location"]["line"]
        steps = written.node["steps"]
        if not steps:
            yield line, "scenario without steps"
        elif not any(step["keywordType"] == "Outcome" for step in steps):
            yield line, "scenario without « Alors »: it would pass whatever the site does"
        yield from _outline(written)
        yield from _claims(feature, written)


def _first_steps(feature: FeatureText) -> Iterator[Fault]:
    for holder in _holders(feature):
        first = holder["steps"][0] if holder["steps"] else None
        if first and first["keywordType"] not in STEP_TYPES:
            yield first["location"]["line"], f"« {first['keyword'].strip()} » cannot stand first: it continues nothing"


def _outline(written: Written) -> Iterator[Fault]:
    node = written.node
    line = node["location"]["line"]
    used = set(PLACEHOLDER.findall("\n".join([node["name"], *(text for s in node["steps"] for text in texts_of(s))])))
    if node["keyword"].startswith("Plan") and not written.tables:
        yield line, "outline without « Exemples: »"
    elif used and not written.tables:
        yield line, f"{_columns(used)} stands in a scenario that has no « Exemples: »"
    for table in written.tables:
        header = {cell["value"] for cell in table["tableHeader"]["cells"]} if _rows(table) else set()
        if not table.get("tableBody"):
            yield table["location"]["line"], "« Exemples: » without a row: nothing would run"
        elif used - header:
            yield table["location"]["line"], f"{_columns(used - header)} is not a column of this table"


def _claims(feature: FeatureText, written: Written) -> Iterator[Fault]:
    for case in feature.cases_of(written):
        line = written.node["location"]["line"]
        classes = [tag for tag in case.tags if tag in CLASSES]
        if len(classes) != 1:
            said = " and ".join(f"@{name}" for name in classes) or "none"
            yield line, f"a scenario bears exactly one of {_tags(CLASSES)}; this one bears {said}"
        if BACKGROUND in case.tags and classes != [CLASSES[0]]:
            yield line, f"@{BACKGROUND} goes on beside what only looks: it is for @{CLASSES[0]}"
        if not case.record.requirements:
            yield line, "scenario without requirement: tag it with what it proves, such as @EXG-NF-03"


def _titles(feature: FeatureText) -> Iterator[Fault]:
    titles = Counter(written.node["name"] for written in feature.scenarios)
    for written in feature.scenarios:
        name, line = written.node["name"], written.node["location"]["line"]
        if not name:
            yield line, "scenario without a title"
        elif titles[name] > 1:
            yield line, f"title given {titles[name]} times in this file: « {name} »"
        if "::" in name or "[" in name:
            yield line, "« :: » or « [ » in a title: pytest could not select the scenario by its name"
    names = Counter(case.record.name for case in feature.cases)
    yield from (_repeated(case) for case in feature.cases if case.row and names[case.record.name] > 1)


def _repeated(case: Case) -> Fault:
    return case.record.line, f"row that gives the name of another scenario: « {case.record.name} »"


def _unknown_tags(feature: FeatureText, known: Collection[str]) -> Iterator[Fault]:
    for tag in _all_tags(feature):
        name = tag["name"].removeprefix("@")
        if name not in known:
            close = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean @{close[0]}?" if close else "it is no requirement, no class, no folder of features/"
            yield tag["location"]["line"], f"unknown tag @{name}: {hint}"


def _all_tags(feature: FeatureText) -> Iterator[Tag]:
    yield from feature.tree["tags"]
    for rule in feature.rules:
        yield from rule["tags"]
    for written in feature.scenarios:
        yield from written.node["tags"]
        for table in written.tables:
            yield from table["tags"]


def _all_steps(feature: FeatureText) -> Iterator[Step]:
    for holder in _holders(feature):
        yield from holder["steps"]


def _holders(feature: FeatureText) -> list[Background | Scenario]:
    return [*feature.backgrounds, *(written.node for written in feature.scenarios)]


def _rows(table: Examples) -> list[Any]:
    return [table["tableHeader"], *table["tableBody"]] if table.get("tableHeader") else []


def _columns(names: Iterable[str]) -> str:
    return ", ".join(f"<{name}>" for name in sorted(names))


def _tags(names: Iterable[str]) -> str:
    return ", ".join(f"@{name}" for name in names)
