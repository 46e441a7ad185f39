"""Break one thing at a time on the twin, and check that the features notice, for the stated reason."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from recette.actions.signals import interruptible
from recette.errors import RecetteError
from recette.paths import ROOT
from recette.sabotage.campaign import Campaign, Target
from recette.sabotage.model import Sabotage, choose, load
from recette.sabotage.repair import drivers
from recette.sabotage.results import kill_rate, table, write
from recette.sabotage.scenarios import Named, read, resolve
from recette.sabotage.tools import Tools, real_tools
from recette.site import Site

__all__ = ["recover", "run"]


def run(site: Site, ids: list[str], *, console: Console, tools: Tools | None = None, root: Path = ROOT) -> int:
    """Try the sabotages of these ids (all by default), print a table, write reports/sabotage.json.

    Returns 1 if one of them survives or is not repaired. Raises RecetteError, before anything is broken, for a
    mistake in a file, an unknown id, a site that is no twin or is not green.
    """
    if site.kind != "twin":
        raise RecetteError(f"sabotage: {site.name} is not a twin; sabotages are for a twin only")
    chosen = choose(load(root / "sabotages"), ids)
    if not chosen:
        raise RecetteError(f"sabotage: no file in {root / 'sabotages'}")
    scenarios = read(root)
    targets = [_target(site, root, scenarios, sabotage) for sabotage in chosen]
    reports, evidence = root / "reports", root / "reports" / "sabotage"
    evidence.mkdir(parents=True, exist_ok=True)
    started = datetime.now(UTC).isoformat(timespec="seconds")

    def say(line: str) -> None:
        console.print(line, highlight=False)

    hands = tools or real_tools(site, say)
    with interruptible():
        recover(site, tools=hands, root=root)
        hands.bring_into_service()
        trials = Campaign(hands, evidence, say).run(targets)
    write(reports / "sabotage.json", site.name, started, trials, evidence)
    console.print(table(trials))
    console.print(f"kill rate {kill_rate(trials):.0%} ({sum(trial.killed for trial in trials)} of {len(trials)})")
    return 0 if all(trial.killed and trial.repaired for trial in trials) else 1


def recover(site: Site, *, tools: Tools | None = None, root: Path = ROOT) -> list[str]:
    """Repair the sabotages that a killed run left in place; return their ids.

    To be called at every start, except by a run that must notice one (`--sabotage-run`). Raises RecetteError for
    what could not be repaired, or if a campaign is under way in another process.
    """
    hands = tools or real_tools(site, lambda _line: None)
    if not hands.journal.pending():
        return []
    hands.revive()
    return [entry.what for entry in hands.journal.replay(drivers(hands, load(root / "sabotages")))]


def _target(site: Site, root: Path, scenarios: tuple[Named, ...], sabotage: Sabotage) -> Target:
    where = f"sabotage {sabotage.id}"
    for role in sabotage.repair:
        if not (root / "roles" / role).is_dir():
            raise RecetteError(f"{where}: role {role} is unknown; see roles/")
    hosts = [host.name for token in sabotage.hosts for host in site.members(token)]
    named = tuple(resolve(entry, scenarios, where) for entry in sabotage.scenarios)
    return Target(sabotage, tuple(dict.fromkeys(hosts)), named)
