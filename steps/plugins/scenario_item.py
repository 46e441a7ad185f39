"""A scenario as pytest runs it, and what is known of it while it runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pytest_bdd.parser import Step
from pytest_bdd.scenario import scenario

from recette.errors import Inconclusive, RecetteError
from recette.evidence import Recorder, Verdict, worst
from steps.plugins.gherkin_text import Case, FeatureText


@dataclass
class Progress:
    """How far a scenario went: the worst of its phases decides. `judged` counts the measures of ended phases."""

    recorder: Recorder
    judged: int = 0
    stopped_at: Step | None = None
    refused: bool = False
    verdicts: list[Verdict] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    duration_s: float = 0.0

    @property
    def verdict(self) -> Verdict:
        return worst(self.verdicts)

    @property
    def sentence(self) -> str:
        return sentence(self.stopped_at) if self.stopped_at else ""


class FeatureFile(pytest.File):
    """A feature file, read and found without fault before pytest collects it."""

    text: FeatureText

    def collect(self) -> Iterator[ScenarioItem]:
        for case in self.text.cases:
            item: ScenarioItem = ScenarioItem.from_parent(self, name=case.node_name, callobj=_player(self.path, case))
            item.case = case
            for tag in case.tags:
                item.add_marker(tag)
            yield item


class ScenarioItem(pytest.Function):
    """One scenario, or one row of an outline."""

    case: Case
    progress: Progress | None = None

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.case.record.line - 1, self.case.record.name

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *args: Any, **kwargs: Any) -> Any:
        """A verdict is one sentence; only an error that nobody foresaw shows the code."""
        refused = self.progress is not None and self.progress.refused and excinfo.errisinstance(AssertionError)
        if not refused and not excinfo.errisinstance((Inconclusive, RecetteError)):
            return super().repr_failure(excinfo, *args, **kwargs)
        record, step = self.case.record, self.progress.stopped_at if self.progress else None
        line, said = (step.line_number, sentence(step)) if step else (record.line, record.name)
        return f"{record.feature}:{line}: {said}\n{excinfo.value}"


def sentence(step: Step) -> str:
    """The step as it stands in the file; pytest-bdd gives a capital to each word of the keyword."""
    keyword = step.keyword.strip().capitalize()
    return f"{keyword}{step.name}" if keyword.endswith("'") else f"{keyword} {step.name}"


def _player(path: Path, case: Case) -> Any:
    @scenario(path.name, case.title, features_base_dir=str(path.parent))
    def _end() -> None:
        """The steps are the whole of the test."""

    def play(request: pytest.FixtureRequest) -> None:
        _end(request, dict(case.row))

    return play
