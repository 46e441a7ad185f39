"""The measures of several scenarios, gathered: one line for what was measured many times."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from recette.evidence import Measure, Result
from recette.reports.text import number, with_unit


@dataclass(frozen=True)
class Figure:
    """One quantity against one bound, over all that measured it."""

    name: str
    lowest: float
    highest: float
    unit: str
    bound: str
    count: int
    held: bool | None

    @property
    def range(self) -> str:
        """« 0,31 à 0,44 s », or the only value."""
        values = dict.fromkeys([number(self.lowest), number(self.highest)])
        return with_unit(" à ".join(values), self.highest, self.unit)


def gather(results: Iterable[Result]) -> list[Figure]:
    """Those that have a bound first, then in the order in which each quantity was first measured."""
    groups: dict[tuple[str, str, str], list[Measure]] = {}
    for result in results:
        for measure in result.measures:
            groups.setdefault((measure.name, measure.unit, measure.bound or ""), []).append(measure)
    return sorted((_figure(*key, measures) for key, measures in groups.items()), key=lambda one: not one.bound)


def _figure(name: str, unit: str, bound: str, measures: list[Measure]) -> Figure:
    values = [measure.value for measure in measures]
    judged = [measure.ok for measure in measures if measure.ok is not None]
    return Figure(name, min(values), max(values), unit, bound, len(values), all(judged) if judged else None)
