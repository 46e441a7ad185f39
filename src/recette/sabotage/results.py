"""What came of the sabotages: table, figures, JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from recette.sabotage.child import RunResult, ScenarioResult
from recette.sabotage.model import Sabotage
from recette.sabotage.scenarios import Named

SCHEMA = 1


@dataclass(frozen=True)
class Trial:
    """One sabotage tried. `seconds` counts from the sabotage to the proven repair.

    `seen` holds what turned red; `reason` is the piece of message that matches; `problem` says what went wrong.
    """

    sabotage: Sabotage
    seen: tuple[ScenarioResult, ...] = ()
    reason: str = ""
    repaired: bool = False
    seconds: float = 0.0
    problem: str = ""

    @property
    def killed(self) -> bool:
        """Noticed, for the stated reason."""
        return bool(self.seen and self.reason)


def judge(sabotage: Sabotage, named: Sequence[Named], result: RunResult) -> Trial:
    """Decide whether every named scenario went red for the stated reason; one row of an outline is enough."""
    seen: list[ScenarioResult] = []
    for scenario in named:
        red = [found for found in result.of(scenario) if found.verdict == sabotage.expect]
        stated = [found for found in red if sabotage.gives_its_reason(found.message)]
        if not red:
            verdicts = ", ".join(sorted({found.verdict for found in result.of(scenario)})) or "not run"
            return Trial(sabotage, problem=f"“{scenario.title}” is {verdicts}, not {sabotage.expect}")
        if not stated:
            return Trial(
                sabotage, tuple(red), problem=f"“{scenario.title}” is red for another reason: {red[0].message}"
            )
        seen += stated
    return Trial(sabotage, tuple(seen), reason=" ".join(seen[0].message.split()))


def kill_rate(trials: Sequence[Trial]) -> float:
    """Share of sabotages noticed for the stated reason, from 0 to 1."""
    return sum(trial.killed for trial in trials) / len(trials) if trials else 0.0


def table(trials: Sequence[Trial]) -> Table:
    """One row a sabotage."""
    shown = Table("id", "what", "seen red", "reason seen", "seconds", "repaired", title="Sabotages")
    for trial in trials:
        shown.add_row(
            trial.sabotage.id,
            trial.sabotage.title,
            _yes_no(yes=bool(trial.seen)),
            trial.problem or _shortened(trial.reason),
            f"{trial.seconds:.0f}",
            _yes_no(yes=trial.repaired),
        )
    return shown


def write(path: Path, site: str, started: str, trials: Sequence[Trial], evidence: Path) -> None:
    """Write `sabotage.json`; each row names the directory of its run, relative to the file."""
    document = {
        "schema": SCHEMA,
        "site": site,
        "started": started,
        "kill_rate": kill_rate(trials),
        "sabotages": [
            {
                "id": trial.sabotage.id,
                "title": trial.sabotage.title,
                "breaks": trial.sabotage.breaks,
                "killed": trial.killed,
                "repaired": trial.repaired,
                "seconds": round(trial.seconds, 1),
                "problem": trial.problem,
                "seen": [result.model_dump() for result in trial.seen],
                "evidence": str((evidence / trial.sabotage.id).relative_to(path.parent)),
            }
            for trial in trials
        ],
    }
    path.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _yes_no(*, yes: bool) -> str:
    return "[green]yes[/]" if yes else "[red]no[/]"


def _shortened(text: str, width: int = 160) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
