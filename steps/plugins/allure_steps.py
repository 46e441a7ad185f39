"""What allure-pytest does not know of a scenario: its French steps, its requirement, its figures, its verdict."""

from __future__ import annotations

import csv
import html
import io
import uuid
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import allure
import pytest
from allure_commons import plugin_manager
from allure_commons.logger import AllureFileLogger
from allure_commons.model2 import Label, Parameter, Status, StatusDetails
from allure_pytest.listener import AllureListener  # type: ignore[import-untyped] # ships no types
from pytest_bdd.parser import Scenario, Step

from recette.errors import Inconclusive
from recette.evidence import Artefact, Measure, Requirement, Result, Verdict
from recette.reports.allure import RESULTS
from recette.reports.text import figure
from steps.plugins.gherkin_text import Case
from steps.plugins.scenario_item import ScenarioItem, sentence

attach: Any = allure.attach  # not typed

STATUSES = {
    Verdict.CONFORM: Status.PASSED,
    Verdict.NONCONFORM: Status.FAILED,
    Verdict.INCONCLUSIVE: Status.BROKEN,
    Verdict.NOT_RUN: Status.SKIPPED,
}
SEVERITIES = {"lecture": "normal", "charge": "normal", "perturbateur": "critical", "destructif": "critical"}
LARGEST = 2 * 1024 * 1024  # bytes; the report is one HTML file that a browser has to open
OKS = {True: "tenue", False: "dépassée", None: "—"}


def listen(config: pytest.Config, run_dir: Path, requirements: Iterable[Requirement]) -> None:
    """Write Allure results to the directory of the run, as `--alluredir` would had it been known at the start."""
    listener = AllureListener(config)
    config.pluginmanager.register(listener, "allure_listener")
    writer = AllureFileLogger(str(run_dir / RESULTS))  # type: ignore[no-untyped-call] # not typed there
    for plugin in (listener, writer):
        plugin_manager.register(plugin)
        config.add_cleanup(partial(plugin_manager.unregister, plugin))
    config.pluginmanager.register(GherkinSteps(listener, run_dir, requirements), "gherkin_steps")


def conclude(item: ScenarioItem, result: Result) -> None:
    """Give Allure the verdict, once the last phase is known."""
    steps: GherkinSteps | None = item.config.pluginmanager.get_plugin("gherkin_steps")
    if steps:
        steps.conclude(item.case, result)


class GherkinSteps:
    """Follows one scenario at a time."""

    def __init__(self, listener: AllureListener, run_dir: Path, requirements: Iterable[Requirement]) -> None:
        self._listener = listener
        self._run_dir = run_dir
        self._titles = {requirement.id: requirement.title for requirement in requirements}
        self._open = ""
        self._remaining: list[Step] = []
        self._attached = 0

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self) -> None:
        self._remaining, self._attached = [], 0

    @pytest.hookimpl(tryfirst=True)
    def pytest_bdd_before_scenario(self, scenario: Scenario) -> None:
        self._remaining = list(scenario.steps)

    @pytest.hookimpl(tryfirst=True)
    def pytest_bdd_before_step(self, step: Step) -> None:
        self._remaining.remove(step)
        self._open = str(uuid.uuid4())
        plugin_manager.hook.start_step(uuid=self._open, title=sentence(step), params={})
        if step.datatable is not None:
            attach(_csv(step.datatable.raw()), "table", "text/csv", "csv")
        if step.docstring is not None:
            attach(step.docstring, "texte", "text/plain", "txt")

    @pytest.hookimpl(trylast=True)
    def pytest_bdd_after_step(self, request: pytest.FixtureRequest) -> None:
        self._attach_new(request.node)
        self._close()

    @pytest.hookimpl(trylast=True)
    def pytest_bdd_step_error(self, request: pytest.FixtureRequest, exception: Exception) -> None:
        self._attach_new(request.node)
        progress = request.node.progress
        self._close(exception if progress and progress.refused else Inconclusive(str(exception)))

    @pytest.hookimpl(tryfirst=True)
    def pytest_bdd_after_scenario(self) -> None:
        if self._open:  # the step was neither ended nor refused: it skipped the scenario, or was interrupted
            self._close(pytest.skip.Exception("étape abandonnée"))
        for step in self._remaining:
            self._open = str(uuid.uuid4())
            plugin_manager.hook.start_step(uuid=self._open, title=sentence(step), params={})
            self._close(pytest.skip.Exception("étape non jouée"))

    def conclude(self, case: Case, result: Result) -> None:
        """Say what the test is, what it measured and what it proved; attach what the repair left."""
        self._attach(result.artefacts[self._attached :])
        if result.measures:
            attach(_table(result.measures), "Mesures", "text/html", "html")
        if result.notes:
            attach("\n".join(result.notes), "Remarques", "text/plain", "txt")
        test = self._listener.allure_logger.get_test(None)
        test.name, test.description = case.record.name, case.description
        test.labels = list(self._labels(case, result.verdict))
        test.parameters = list(_parameters(case, result.measures))
        test.status = STATUSES[result.verdict]
        trace = test.statusDetails.trace if test.statusDetails else None
        test.statusDetails = StatusDetails(message=result.message, trace=trace) if result.message else None

    def _labels(self, case: Case, verdict: Verdict) -> Iterator[Label]:
        """Where the report files the test; those that allure-pytest guesses from the path say less."""
        record = case.record
        rule = record.rule or record.feature_title
        yield from (Label("epic", f"{name} — {self._titles[name]}") for name in record.requirements)
        yield from (Label(name, record.feature_title) for name in ("feature", "suite"))
        yield from (Label(name, rule) for name in ("story", "subSuite"))
        yield Label("parentSuite", "Recette")
        yield Label("severity", SEVERITIES[record.scenario_class])
        yield Label("class", record.scenario_class)
        yield Label("verdict", verdict.label)
        yield from (Label("tag", tag) for tag in case.tags)
        yield Label("framework", "pytest-bdd")

    def _attach_new(self, item: ScenarioItem) -> None:
        if item.progress:
            self._attach(item.progress.recorder.artefacts[self._attached :])

    def _attach(self, artefacts: Iterable[Artefact]) -> None:
        for artefact in artefacts:
            self._attached += 1
            path = self._run_dir / artefact.path
            if path.stat().st_size > LARGEST:
                attach(f"Pièce trop grande pour ce rapport : {artefact.path}", path.name, "text/plain", "txt")
            else:
                attach.file(str(path), path.name, artefact.mime, path.suffix.lstrip(".") or "bin")

    def _close(self, error: BaseException | None = None) -> None:
        kind = type(error) if error else None
        plugin_manager.hook.stop_step(uuid=self._open, exc_type=kind, exc_val=error, exc_tb=None)
        self._open = ""


def _parameters(case: Case, measures: Iterable[Measure]) -> Iterator[Parameter]:
    yield from (Parameter(name, value) for name, value in case.row.items())
    for measure in measures:
        bound = f" (borne : {measure.bound})" if measure.bound else ""
        yield Parameter(measure.name, figure(measure) + bound, excluded=True)


def _csv(rows: Iterable[Iterable[object]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _table(measures: Iterable[Measure]) -> str:
    cells = [(m.name, figure(m), m.bound or "—", OKS[m.ok]) for m in measures]
    rows = "".join(f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>" for row in cells)
    style = "table{font:14px sans-serif;border-collapse:collapse}td,th{border:1px solid #ccc;padding:4px 10px}"
    head = "<tr><th>Mesure</th><th>Valeur</th><th>Borne</th><th>Jugement</th></tr>"
    return f"<!doctype html><html lang=fr><meta charset=utf-8><style>{style}</style><table>{head}{rows}</table></html>"
