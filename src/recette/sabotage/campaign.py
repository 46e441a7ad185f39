"""Break one thing, look, repair, look again; then the next.

The look after the repair is the dear one. Consecutive sabotages share it when they name the same scenarios and are
repaired by the same roles, and each repair was proven by a second application that changed nothing. Whatever trace
such a repair leaves is out of reach of these roles, hence still there at the shared look: it cannot pass unseen, and
red then counts against all of them.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from recette.errors import Inconclusive, RecetteError
from recette.sabotage.child import RunResult
from recette.sabotage.model import Sabotage
from recette.sabotage.repair import apply_twice, undo_of
from recette.sabotage.results import Trial, judge
from recette.sabotage.scenarios import Named
from recette.sabotage.tools import Tools

GREEN = "conform"


@dataclass(frozen=True)
class Target:
    """A sabotage whose hosts and scenarios were found."""

    sabotage: Sabotage
    hosts: tuple[str, ...]
    scenarios: tuple[Named, ...]

    @property
    def batch(self) -> tuple[tuple[Named, ...], tuple[str, ...], str]:
        """What two sabotages must share to share a look; one with a script of its own shares with nobody."""
        alone = self.sabotage.id if self.sabotage.undo_shell else ""
        return tuple(sorted(self.scenarios)), tuple(sorted(self.sabotage.repair)), alone


class Campaign:
    """A series of sabotages. `evidence` receives a directory for each run; `say` shows progress."""

    def __init__(self, tools: Tools, evidence: Path, say: Callable[[str], None]) -> None:
        self._tools = tools
        self._evidence = evidence
        self._say = say

    def run(self, targets: Sequence[Target]) -> list[Trial]:
        """Try every sabotage, batch by batch; stop where the site is not green again.

        Raises RecetteError, before anything is broken, if the site is not green at the start.
        """
        concerned = sorted({named for target in targets for named in target.scenarios})
        self._say(f"before anything is broken: {len(concerned)} scenarios")
        red = self._red(concerned, "avant")
        if red:
            raise RecetteError(f"sabotage: nothing was broken, for the site is not green: {red}")
        batches: dict[object, list[Target]] = {}
        for target in targets:
            batches.setdefault(target.batch, []).append(target)
        trials = {target.sabotage.id: Trial(target.sabotage, problem="not tried") for target in targets}
        for batch in batches.values():
            tried, red = self._run_batch(batch)
            trials |= {trial.sabotage.id: trial for trial in tried}
            if red:
                break
        return list(trials.values())

    def _run_batch(self, batch: list[Target]) -> tuple[list[Trial], str]:
        """Trials of a batch, up to the one after which something is red, and what is red."""
        trials: list[Trial] = []
        for target in batch:
            trial = self._try(target)
            trials.append(trial)
            self._say(f"  {'noticed' if trial.killed else 'NOT NOTICED'} in {trial.seconds:.0f} s  {trial.problem}")
            red = ""
            if target is batch[-1] or not trial.repaired:
                red = self._red(target.scenarios, f"apres-{target.sabotage.id}")
            if red:
                return [replace(trial, repaired=False, problem=f"not green after it: {red}") for trial in trials], red
        return trials, ""

    def _try(self, target: Target) -> Trial:
        """Break, look, repair. A repair that is not proven stays in the journal, for the next start."""
        start = time.monotonic()
        self._say(f"{target.sabotage.id} {target.sabotage.title}")
        entry = self._tools.journal.open(target.sabotage.id, target.hosts, undo_of(target.sabotage, target.hosts))
        try:
            trial = self._break_and_look(target)
        finally:
            doubt = self._repair(target)
            if not doubt:
                self._tools.journal.done(entry.id)
        seconds = time.monotonic() - start
        return replace(trial, repaired=not doubt, problem=trial.problem or doubt, seconds=seconds)

    def _break_and_look(self, target: Target) -> Trial:
        sabotage = target.sabotage
        try:
            if sabotage.shell is not None:
                self._tools.shell(target.hosts, sabotage.shell)
            else:
                outcome = self._tools.provision(target.hosts, sabotage.repair, sabotage.variables or {})
                outcome.require_success()
            return judge(sabotage, target.scenarios, self._look(target.scenarios, sabotage.id))
        except (RecetteError, Inconclusive, OSError) as error:
            return Trial(sabotage, problem=str(error))

    def _repair(self, target: Target) -> str:
        """Nothing if the repair is proven, else what speaks against it."""
        sabotage = target.sabotage
        try:
            self._tools.revive()
            if sabotage.undo_shell is not None:
                self._tools.shell(target.hosts, sabotage.undo_shell)
            return apply_twice(self._tools, target.hosts, sabotage.repair, drifted=sabotage.undo_shell is None)
        except (RecetteError, Inconclusive, OSError) as error:
            return f"not repaired: {error}"

    def _red(self, scenarios: Sequence[Named], name: str) -> str:
        """What is not green, nothing if all is. A scenario that was not run is not green."""
        try:
            result = self._look(scenarios, name)
        except RecetteError as error:
            return str(error)
        for named in scenarios:
            found = result.of(named)
            for row in found:
                if row.verdict != GREEN:
                    return f"“{row.name}” is {row.verdict}: {' '.join(row.message.split())}"
            if not found:
                return f"“{named.title}” was not run"
        return ""

    def _look(self, scenarios: Sequence[Named], name: str) -> RunResult:
        directory = self._evidence / name
        shutil.rmtree(directory, ignore_errors=True)
        return self._tools.run_features(scenarios, directory)
