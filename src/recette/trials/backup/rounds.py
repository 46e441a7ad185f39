"""Copy hosts now, as their timers would; and what was copied, against what the inventory declares."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from recette.errors import Inconclusive
from recette.platform import Platform
from recette.policy.backing import backed, data_sets, pushes
from recette.probes.backups.model import Copy, newest
from recette.site import Host

LIMIT_S = 1200.0
AT_ONCE = 3
"""Hosts that copy together; their timers spread them far more."""
TOLD = "cat /var/lib/sauvegarde-client/etat.json"
MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class Round:
    """A round of copies: how long it took, what each set of each host weighed and what that added, in bytes."""

    took_s: float
    failed: tuple[str, ...]
    weighed: int
    added: int
    sets: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """Data sets of the inventory, and what is wrong with the copies of some."""

    expected: int
    missing: tuple[str, ...]
    late: tuple[str, ...]
    bare: tuple[str, ...]
    """Hosts without any data set."""
    oldest_share: float
    """Of its RPO, what the oldest of the newest copies has used."""


def expected(platform: Platform) -> dict[tuple[str, str], int]:
    """Host and data set -> RPO in minutes. Inconclusive if the inventory declares nothing."""
    found = {
        (host.name, each["name"]): int(each["rpo_minutes"])
        for host in backed(platform.site)
        for each in data_sets(platform.site, host)
    }
    if not found:
        raise Inconclusive("L'inventaire ne déclare aucun ensemble de données")
    return found


def copied(platform: Platform, hosts: Collection[Host], sets: Sequence[str] = ()) -> Round:
    """Copy these hosts now: all their sets, or the named ones. Those that are collected prepare theirs first."""
    start = time.monotonic()
    collected = [host for host in hosts if not pushes(platform.site, host)]
    failed = []
    if collected:
        done = platform.remote.map([host.name for host in collected], "sauvegarde-client archive", timeout_s=LIMIT_S)
        failed += [f"{name} : {one.stderr.strip()}" for name, one in done.items() if one.rc != 0]
    runners: dict[str, list[str]] = {}
    for host in hosts:
        names = [each["name"] for each in data_sets(platform.site, host) if not sets or each["name"] in sets]
        runner = platform.backups.runner(host).name
        runners.setdefault(runner, []).extend(f"{host.name}/{name}" for name in names)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        failed += [said for said in pool.map(lambda each: _run(platform, *each), runners.items()) if said]
    took_s = time.monotonic() - start
    return Round(took_s, tuple(failed), *_weighed(platform, runners))


def require_copied(platform: Platform, hosts: Collection[Host], sets: Sequence[str]) -> Round:
    """Copy what a trial is about to lose. Inconclusive if any of it could not be copied."""
    made = copied(platform, hosts, sets)
    if made.failed:
        raise Inconclusive(f"Copie impossible : {' ; '.join(made.failed)}")
    return made


def _run(platform: Platform, runner: str, names: list[str]) -> str:
    done = platform.remote.run(runner, shlex.join(["sauvegarde-client", "copie", *names]), timeout_s=LIMIT_S)
    return f"{runner} : {done.stderr.strip()}" if done.rc != 0 else ""


def _weighed(platform: Platform, runners: dict[str, list[str]]) -> tuple[int, int, int]:
    """Bytes that were read, bytes that were added, and how many sets: as each host noted it."""
    answers = platform.remote.map(list(runners), TOLD)
    facts = [json.loads(answers[runner].stdout).get(name, {}) for runner, names in runners.items() for name in names]
    return sum(each.get("bytes", 0) for each in facts), sum(each.get("added", 0) for each in facts), len(facts)


def due(platform: Platform) -> Round:
    """Have every host copy what has no copy yet, or an old one: what the timers do in their first hours."""
    found, wanted = newest(platform.backups.copies()), expected(platform)
    now = time.time()
    lacking = {
        host
        for (host, name), rpo in wanted.items()
        if (host, name) not in found or now - found[host, name].made_s > rpo * MINUTE_S / 2
    }
    hosts = [host for host in backed(platform.site) if host.name in lacking]
    return copied(platform, hosts) if hosts else Round(0.0, (), 0, 0, 0)


def coverage(platform: Platform) -> Coverage:
    """Every data set of the inventory, against the copies that the server holds."""
    wanted = expected(platform)
    found = newest(platform.backups.copies())
    bare = [host.name for host in backed(platform.site) if not data_sets(platform.site, host)]
    return judged(wanted, found, time.time(), bare)


def judged(
    wanted: dict[tuple[str, str], int], found: dict[tuple[str, str], Copy], now: float, bare: Sequence[str]
) -> Coverage:
    """What is missing, and what is older than allowed."""
    missing = [f"{host}, {name} : aucune copie" for host, name in wanted if (host, name) not in found]
    ages = {key: (now - found[key].made_s) / (rpo * MINUTE_S) for key, rpo in wanted.items() if key in found}
    late = [
        f"{host}, {name} : {share * wanted[host, name]:.0f} min pour {wanted[host, name]} min"
        for (host, name), share in ages.items()
        if share > 1
    ]
    return Coverage(len(wanted), tuple(missing), tuple(late), tuple(bare), max(ages.values(), default=0.0))


def undefined(platform: Platform) -> list[str]:
    """Data sets whose RPO or RTO nobody wrote down."""
    return [
        f"{host.name}, {each['name']} : {what} absent"
        for host in backed(platform.site)
        for each in data_sets(platform.site, host)
        for what, name in (("RPO", "rpo_minutes"), ("RTO", "rto_minutes"))
        if not each.get(name)
    ]


def rto_s(platform: Platform, host: Host, data_set: str) -> float:
    """How long the restoration of a data set may take. Inconclusive if that is not written."""
    for each in data_sets(platform.site, host):
        if each["name"] == data_set and each.get("rto_minutes"):
            return float(each["rto_minutes"]) * MINUTE_S
    raise Inconclusive(f"{host.name}, {data_set} : RTO non défini")
