"""What is said of a run on a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from recette.evidence import RequirementState, Result, Run, Verdict
from recette.evidence.annexes import read_coverage
from recette.reports.text import duration, number, plural

LONGEST_REASON = 300  # characters; the reports hold the rest
STYLES = {
    Verdict.CONFORM: "bold green",
    Verdict.NONCONFORM: "bold red",
    Verdict.INCONCLUSIVE: "bold yellow",
    Verdict.NOT_RUN: "dim",
}


def console(run: Run) -> RenderableType:
    """The register with its verdicts, a line for each scenario that is not conform, and the count."""
    return Group(_requirements(run), *_faults(run), *_coverage(run), _count(run))


def _requirements(run: Run) -> Table:
    table = Table(title=f"Recette du site {run.plan.site}", title_justify="left", title_style="bold", expand=False)
    table.add_column("Exigence", no_wrap=True)
    table.add_column("Intitulé")
    table.add_column("Verdict", no_wrap=True)
    table.add_column("Scénarios", justify="right", no_wrap=True)
    for state in run.requirements:
        requirement = state.requirement
        style = "dim" if not state.scenarios else ""
        table.add_row(requirement.id, requirement.title, _verdict(state.verdict), _passed(state), style=style)
    return table


def _faults(run: Run) -> Iterator[Text]:
    for verdict in (Verdict.NONCONFORM, Verdict.INCONCLUSIVE):
        for result in run.results:
            if result.verdict is verdict:
                yield _fault(result)


def _fault(result: Result) -> Text:
    place = f"{result.scenario.feature}:{result.scenario.line}"
    reason = textwrap.shorten(next(iter(result.message.splitlines()), ""), LONGEST_REASON, placeholder=" …")
    return Text.assemble(_verdict(result.verdict), f"  {result.scenario.name}", (f"  {place}\n", "dim"), f"  {reason}")


def _coverage(run: Run) -> Iterator[Text]:
    coverage = read_coverage(run.directory / "evidence")
    if coverage:
        style = "bold green" if coverage.hit == coverage.total else "bold yellow"
        share = Text(f"{coverage.hit} sur {coverage.total} ({number(coverage.percent)} %)", style=style)
        yield Text.assemble("Règles de filtrage éprouvées : ", share)


def _count(run: Run) -> Text:
    words: list[Text | str] = [f"{plural(len(run.results), 'scénario')} en {duration(run.duration_s)} : "]
    for verdict in Verdict:
        if run.count(verdict):
            words += [Text(verdict.counted(run.count(verdict)), style=STYLES[verdict]), ", "]
    return Text.assemble(*words[:-1])


def _passed(state: RequirementState) -> str:
    return f"{state.passed}/{state.scenarios}" if state.scenarios else "aucun"


def _verdict(verdict: Verdict) -> Text:
    return Text(verdict.label, style=STYLES[verdict])
