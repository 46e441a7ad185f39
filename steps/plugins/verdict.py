"""The verdict of each scenario: only a refused « Alors » proves it non conform, and the worst phase decides."""

from __future__ import annotations

import traceback
from collections.abc import Generator, Sequence
from pathlib import Path

import pytest
from pytest_bdd.parser import Step

import recette
from recette.errors import Inconclusive, RecetteError
from recette.evidence import Measure, Recorder, Result, Verdict
from recette.reports.text import plural
from steps.plugins import allure_steps
from steps.plugins.campaign import CAMPAIGN, EVIDENCE_LOST
from steps.plugins.scenario_item import Progress, ScenarioItem
from steps.plugins.target import chosen_site

MESSAGE_LINES, LINE_LENGTH = 12, 400


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Open the evidence of the scenario, and refuse to destroy anything on a real site."""
    if not isinstance(item, ScenarioItem):
        return
    item.progress = Progress(item.config.stash[CAMPAIGN].store.recorder(item.case.record))
    if item.case.record.scenario_class == "destructif" and chosen_site(item.config).kind == "site":
        window = item.config.getoption("fenetre")
        why = f"la fenêtre de maintenance {window} n'est pas encore vérifiable" if window else "aucune fenêtre signée"
        # The report says « non exécuté », never conform.
        pytest.skip(f"Scénario destructif, refusé sur un site réel : {why}.")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    outcome = yield
    if isinstance(item, ScenarioItem) and item.progress:
        if not item.progress.recorder.observed:
            raise Inconclusive("Rien n'a été observé : le scénario n'a laissé ni mesure, ni pièce, ni remarque.")
        _refuse_out_of_bounds(item.progress.recorder.measures)
    return outcome


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    outcome = yield
    if isinstance(item, ScenarioItem) and item.progress:
        _refuse_out_of_bounds(item.progress.recorder.measures[item.progress.judged :])
    return outcome


def pytest_bdd_step_error(request: pytest.FixtureRequest, step: Step, exception: Exception) -> None:
    progress = request.node.progress
    progress.stopped_at = step
    progress.refused = step.type == "then" and _is_refusal(exception, request.config.rootpath)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if isinstance(item, ScenarioItem) and item.progress:
        _judge_phase(item.progress, report, call.excinfo.value if call.excinfo else None)
        if report.when == "teardown":
            report.user_properties.append(("verdict", str(item.progress.verdict)))
            _finish(item, item.progress)
    return report


def _refuse_out_of_bounds(measures: Sequence[Measure]) -> None:
    """A figure out of its bound never makes a conform scenario, even if no step looked at it."""
    beyond = [measure.name for measure in measures if measure.ok is False]
    if beyond:
        raise Inconclusive(f"Hors borne, sans qu'aucun « Alors » ne l'ait refusé : {', '.join(beyond)}.")


def _is_refusal(exception: Exception, root: Path) -> bool:
    """Whether the project itself asserted: an assertion that fails inside a library is a crash."""
    if not isinstance(exception, AssertionError):
        return False
    raised_in = Path(traceback.extract_tb(exception.__traceback__)[-1].filename)
    return any(raised_in.is_relative_to(ours) for ours in (root / "steps", Path(recette.__path__[0])))


def _judge_phase(progress: Progress, report: pytest.TestReport, error: BaseException | None) -> None:
    progress.duration_s += report.duration
    progress.judged = len(progress.recorder.measures)
    refused = progress.refused and report.when == "call"
    if report.passed:
        progress.verdicts.append(Verdict.CONFORM)
    elif report.skipped:
        progress.verdicts.append(Verdict.NOT_RUN)
    else:
        progress.verdicts.append(Verdict.NONCONFORM if refused else Verdict.INCONCLUSIVE)
    if error is not None:
        progress.messages.append(_explain(error, progress, str(report.when)))


def _explain(error: BaseException, progress: Progress, phase: str) -> str:
    prefix = "Remise en état : " if phase == "teardown" else ""
    if isinstance(error, pytest.skip.Exception):
        return f"{prefix}{error.msg}"
    if isinstance(error, BaseExceptionGroup):
        return "\n".join(_explain(one, progress, phase) for one in error.exceptions)
    said = str(error).strip()
    if isinstance(error, (Inconclusive, RecetteError)) or (progress.refused and phase == "call"):
        return f"{prefix}{said or 'refus sans explication.'}"
    return f"{prefix}erreur imprévue, {type(error).__name__} : {said}".rstrip(" :")


def _finish(item: ScenarioItem, progress: Progress) -> None:
    recorder = progress.recorder
    try:
        result = Result(
            scenario=item.case.record,
            verdict=progress.verdict,
            duration_s=round(progress.duration_s, 3),
            message=_shortened("\n".join(progress.messages), recorder),
            step=progress.sentence,
            measures=tuple(recorder.measures),
            artefacts=tuple(recorder.artefacts),
            notes=tuple(recorder.notes),
        )
        item.config.stash[CAMPAIGN].store.finish(result)
    except OSError as error:
        pytest.exit(f"the evidence cannot be written: {error}; free some space, run again", returncode=EVIDENCE_LOST)
    allure_steps.conclude(item, result)


def _shortened(message: str, recorder: Recorder) -> str:
    """The first lines, none too long; what does not fit is kept whole as a piece of evidence."""
    lines = message.splitlines()
    kept = [line if len(line) <= LINE_LENGTH else f"{line[:LINE_LENGTH]}…" for line in lines[:MESSAGE_LINES]]
    if kept == lines:
        return message
    recorder.attach("constat.txt", message)
    return "\n".join([*kept, f"Texte complet ({plural(len(lines), 'ligne')}) : constat.txt."])
