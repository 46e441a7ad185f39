"""What is forgotten, and every reason not to forget. Nothing is shortened while a clock or a client lies."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sauvegarde import restic
from sauvegarde.reglages import Repository, Settings
from sauvegarde.restic import Snapshot

DAY_S = 86_400.0
AHEAD_S = 300.0
"""A clock may be that far ahead of ours."""
LONGEST_COPY_S = DAY_S
"""A copy claims when it began, and arrives when it ends."""
SILENCE_S = 7 * DAY_S
"""Nothing from anywhere for so long: either nothing is copied any more, or our clock has jumped."""
MARGIN = 3
"""Copies that are daily, weekly and monthly at once: the number of those kept varies by that much by itself."""


@dataclass(frozen=True)
class Last:
    """What the last pruning of a repository left: when, and how many copies."""

    at: float
    kept: int


def objections(copies: Iterable[Snapshot], now: float, last: Last | None, newest_anywhere: float) -> list[str]:
    """Why a repository must not be pruned now; empty when it may be. In the words that on call reads."""
    found = []
    copies = list(copies)
    ahead = [each for each in copies if each.claimed > now + AHEAD_S or each.arrived > now + AHEAD_S]
    if ahead:
        found.append(f"{len(ahead)} copie(s) datée(s) du futur")
    false = [
        each
        for each in copies
        if each not in ahead and not each.arrived - LONGEST_COPY_S <= each.claimed <= each.arrived + AHEAD_S
    ]
    if false:
        found.append(f"{len(false)} copie(s) dont la date n'est pas celle de leur arrivée")
    if last and now < last.at - AHEAD_S:
        found.append("l'horloge a reculé")
    if now - newest_anywhere > SILENCE_S:
        found.append(f"aucune copie d'aucun hôte depuis {(now - newest_anywhere) / DAY_S:.0f} jours")
    return found


def too_many(before: int, removed: int, last: Last | None) -> str:
    """Why so many removals are refused; empty when they are what retention may remove."""
    arrived = before - (last.kept if last else 0)
    if removed <= max(0, arrived) + MARGIN:
        return ""
    return f"{removed} copies à retirer pour {max(0, arrived)} arrivées"


def policy(keep: Mapping[str, int]) -> list[str]:
    """Words of `restic forget`, each data set by itself."""
    return ["--group-by", "tags", *(word for name, count in keep.items() for word in (f"--keep-{name}", str(count)))]


def prune(settings: Settings, repository: Repository, now: float, last: Last | None, newest: float) -> Last | str:
    """Forget and prune one repository; return what is left, or why nothing was done."""
    copies = restic.snapshots(settings, repository)
    refused = objections(copies, now, last, newest)
    if refused:
        return " ; ".join(refused)
    words = [*restic.near(settings, repository), "--retry-lock", restic.LOCK_WAIT]
    forget = ["--json", "forget", *policy(settings.keep)]
    planned = json.loads(restic.run(settings, [*words, *forget, "--dry-run"], restic.secrets(repository)) or "[]")
    removed = sum(len(group["remove"] or []) for group in planned)
    if excess := too_many(len(copies), removed, last):
        return excess
    if removed:
        restic.run(settings, [*words, *forget, "--prune"], restic.secrets(repository))
    return Last(now, len(copies) - removed)


def sets(copies: Iterable[Snapshot]) -> Counter[str]:
    """How many copies of each data set."""
    return Counter(each.set for each in copies)
