"""Whose events arrive, how fast, and what a cut of the collector costs."""

from __future__ import annotations

import contextlib
import math
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from recette.actions.catalogue import Fault
from recette.errors import Inconclusive
from recette.platform import Platform
from recette.probes.siem import Event
from recette.site import Host
from recette.trials.siem.watch import nonce
from recette.waiting import NotYet, wait_until

EVERYBODY, COLLECTOR = "site", "siem"
UNITS = {"embedded": "siem-collecteur.service", "wazuh": "wazuh-manager.service"}
FORWARDERS = {"embedded": "journaux-transmission.service", "wazuh": "wazuh-agent.service"}
ONE = "logger --tag recette {word}"
MANY = "{{ seq --format '{word}-%g' {count}; echo {word}-fin; }} | logger --tag recette"
NUMBER = re.compile(r"-(\d+)$")
LOOK_S, CATCH_UP_S = 1.0, 120.0
"""Pause between two looks, and guard, while what waited arrives once the collector is back."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """For each host of the inventory, after how many seconds its event was found; infinite if it was not."""

    delays_s: Mapping[str, float]

    @property
    def silent(self) -> list[str]:
        return [host for host, delay_s in self.delays_s.items() if not math.isfinite(delay_s)]


@dataclass(frozen=True, slots=True)
class Kept:
    """Of the numbered events of each host, how many are missing after a cut, and how many came more than once."""

    count: int
    cut_s: float
    missing: Mapping[str, int]
    doubled: int


def hosts(platform: Platform) -> list[str]:
    """Every host of the site, by the inventory."""
    found = [host.name for host in platform.site.expand((EVERYBODY,))]
    if not found:
        raise Inconclusive("Aucun hôte du site à l'inventaire")
    return found


def collector(platform: Platform) -> Host:
    """Where events are collected. Inconclusive if the inventory has no such host."""
    found = platform.site.members(COLLECTOR)
    if not found:
        raise Inconclusive("Aucun collecteur de journaux à l'inventaire (groupe siem)")
    return found[0]


def covered(platform: Platform, limit_s: float, word: str = "") -> Coverage:
    """Log one event on every host at once, a word of its own unless one is given; look for each at most so long."""
    siem, word, asked = platform.siem, word or nonce(), hosts(platform)
    since = siem.mark()
    began_s = time.monotonic()
    failed = [host for host, done in platform.remote.map(asked, ONE.format(word=word)).items() if done.rc != 0]
    if failed:
        raise Inconclusive(f"Rien n'a pu être journalisé sur {', '.join(failed)}")
    delays_s: dict[str, float] = dict.fromkeys(asked, math.inf)

    def all_seen() -> bool | NotYet:
        found, now_s = siem.events(since, word), time.monotonic()
        for event in found:
            if math.isinf(delays_s.get(event.host, 0.0)):
                delays_s[event.host] = now_s - began_s
        missing = [host for host, delay_s in delays_s.items() if math.isinf(delay_s)]
        return NotYet(", ".join(missing)) if missing else True

    _awaited(all_seen, began_s + limit_s - time.monotonic())
    found = Coverage(delays_s)
    # A last look that nothing excuses: an engine that cannot be asked has lost nothing.
    if found.silent:
        all_seen()
    return found


def cut(platform: Platform, cut_s: float, count: int) -> Kept:
    """Stop the collector for so long while every host logs so many events, then count what arrived."""
    siem, word, asked, where = platform.siem, nonce(), hosts(platform), collector(platform)
    # The collector's own events wait like those of the others: its forwarder goes on.
    since = siem.mark()
    with platform.faults.inject(Fault.SERVICE_STOPPED, where, unit=UNITS[siem.name]) as fault:
        script = MANY.format(word=word, count=count)
        failed = [host for host, done in platform.remote.map(asked, script).items() if done.rc != 0]
        if failed:
            raise Inconclusive(f"Rien n'a pu être journalisé sur {', '.join(failed)}")
        time.sleep(max(0.0, fault.at_monotonic_s + cut_s - time.monotonic()))
        lasted_s = time.monotonic() - fault.at_monotonic_s

    def ended() -> bool | NotYet:
        # Each look reads the archive of the day, on the machine that has yet to take in what waited.
        time.sleep(LOOK_S)
        missing = sorted(set(asked) - {event.host for event in siem.events(since, f"{word}-fin")})
        return NotYet(", ".join(missing)) if missing else True

    _awaited(ended, CATCH_UP_S)
    return counted(siem.events(since, f"{word}-"), asked, count, lasted_s)


def counted(events: Iterable[Event], asked: Iterable[str], count: int, cut_s: float) -> Kept:
    """How many of the events numbered from 1 to `count` are missing on each host, and how many came again."""
    seen: Counter[tuple[str, int]] = Counter()
    for event in events:
        found = NUMBER.search(event.message)
        if found:
            seen[event.host, int(found[1])] += 1
    missing = {host: sum((host, rank) not in seen for rank in range(1, count + 1)) for host in asked}
    return Kept(count, cut_s, missing, sum(times - 1 for times in seen.values()))


def _awaited(happened: Callable[[], bool | NotYet], limit_s: float) -> None:
    """Wait; what has not come by then is for whoever asked to judge."""
    with contextlib.suppress(Inconclusive):
        wait_until(happened, max(0.0, limit_s), "Les événements")
