"""A run of the features from end to end: its directory of evidence, its reports, its last words."""

from __future__ import annotations

import io
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from rich.console import Console

from recette.actions.signals import interruptible
from recette.errors import RecetteError
from recette.evidence import Plan, Run, RunStore, Scenario
from recette.evidence.origin import commit
from recette.reports import rebuild
from recette.reports.summary import console
from steps.plugins import allure_steps
from steps.plugins.collection import FEATURES, REGISTER, features_root
from steps.plugins.gherkin_text import Refused, read_feature
from steps.plugins.scenario_item import ScenarioItem
from steps.plugins.target import chosen_site

EVIDENCE_LOST = pytest.ExitCode.INTERNAL_ERROR
NARROWEST = 100  # columns; the terminal may be a file, which has no width


@dataclass
class Campaign:
    """What the plugins share of the run; `problem` is why a report could not be made."""

    store: RunStore
    problem: str = ""
    signals: ExitStack = field(default_factory=ExitStack)


CAMPAIGN = pytest.StashKey[Campaign]()


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Open the run, when there is a scenario to play."""
    config = session.config
    played = [item.case.record.key for item in session.items if isinstance(item, ScenarioItem)]
    if not played or config.option.collectonly or session.testsfailed:
        return
    if config.option.allure_report_dir:
        raise pytest.UsageError("--alluredir: a run keeps its Allure results in its own directory; leave this out")
    site = chosen_site(config)
    scenarios = tuple(replace(known, selected=known.key in played) for known in _census(config))
    plan = Plan(site.name, site.kind, commit(config.rootpath), config.stash[REGISTER], scenarios)
    campaign = config.stash[CAMPAIGN] = Campaign(_open(config, plan))
    if _wants_allure(config):
        allure_steps.listen(config, campaign.store.run_dir, plan.requirements)
    config.add_cleanup(campaign.signals.close)
    campaign.signals.enter_context(interruptible())


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Close the run once every repair is done, then make its reports."""
    campaign = session.config.stash.get(CAMPAIGN, None)
    if campaign is None:
        return
    try:
        _report(campaign.store, session.config)
    except RecetteError as error:
        campaign.problem = str(error)
    except OSError as error:
        campaign.problem = f"les preuves n'ont pas pu être écrites ({error})"
        session.exitstatus = EVIDENCE_LOST


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what the run proved, and where to read more."""
    campaign = config.stash.get(CAMPAIGN, None)
    if campaign is None:
        return
    terminalreporter.section("recette")
    terminalreporter.write(_rendered(Run.read(campaign.store.run_dir), config))
    if campaign.problem:
        terminalreporter.write_line(f"Rapports incomplets : {campaign.problem}", red=True)
    for name in ("recette.json", "synthese.html", "allure/index.html", "junit.xml"):
        path = campaign.store.run_dir / name
        if path.exists():
            terminalreporter.write_line(f"{_shown(path, config)}")


def _census(config: pytest.Config) -> list[Scenario]:
    """Every scenario of the project: a requirement stays open while one of its scenarios was left out."""
    read = config.stash[FEATURES]
    paths = sorted(features_root(config).rglob("*.feature"))
    try:
        texts = [read.get(path) or read_feature(path, config.rootpath) for path in paths]
    except Refused as refused:
        raise pytest.UsageError(f"no requirement can be judged:\n{refused}") from None
    return [case.record for text in texts for case in text.cases]


def _open(config: pytest.Config, plan: Plan) -> RunStore:
    apart: Path | None = config.getoption("sabotage_run")
    try:
        return RunStore.create_at(apart, plan) if apart else RunStore.create(config.rootpath / "reports", plan)
    except RecetteError as error:
        raise pytest.UsageError(str(error)) from None


def _report(store: RunStore, config: pytest.Config) -> None:
    store.close()
    try:
        rebuild(store.run_dir, with_allure=_wants_allure(config))
    finally:
        if config.getoption("sabotage_run") is None:
            store.publish()


def _wants_allure(config: pytest.Config) -> bool:
    return bool(config.getoption("allure")) and config.getoption("sabotage_run") is None


def _rendered(run: Run, config: pytest.Config) -> str:
    terminal = config.get_terminal_writer()
    text = io.StringIO()
    colours = terminal.hasmarkup
    screen = Console(file=text, force_terminal=colours, no_color=not colours, width=max(terminal.fullwidth, NARROWEST))
    screen.print(console(run))
    return text.getvalue()


def _shown(path: Path, config: pytest.Config) -> str:
    return str(path.relative_to(config.rootpath) if path.is_relative_to(config.rootpath) else path)
