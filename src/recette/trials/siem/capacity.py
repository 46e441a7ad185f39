"""Events a second that the SIEM takes while it still detects in time, against a bare rsyslog on the same machine."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from recette.errors import Inconclusive
from recette.platform import Platform
from recette.probes.agents import source
from recette.site import Host
from recette.trials.siem.coverage import collector
from recette.trials.siem.guesses import one_of
from recette.trials.siem.senders import ENGINE, OWN, PORT, TRUST
from recette.trials.siem.watch import nonce
from recette.waiting import NotYet, wait_until

SENDERS = "supervision"
"""Its first host sends: it stands beside the collector, and no firewall between them."""
BOUND_S, STEP_S = 10.0, 10.0
"""Longest detection, in seconds, and how long each rate lasts."""
RATES = tuple(500 * 2**rank for rank in range(9))
AT_ONCE = 1_000_000
"""Events a second asked for: more than any collector takes."""
SATED = 0.9
"""Of what is asked for, the share under which the collector holds its sender back."""
BARE_PORT, UNIT = 6515, "recette-rsyslog-nu.service"
SETTINGS, OUTPUT = "/run/recette-rsyslog-nu.conf", "/run/recette-rsyslog-nu.log"
BARE = f"""module(load="imrelp")
ruleset(name="nu" queue.type="LinkedList" queue.size="200000") {{ action(type="omfile" file="{OUTPUT}") }}
input(type="imrelp" port="{BARE_PORT}" ruleset="nu")
"""
READY_S, LIMIT_S, LOOK_S = 10.0, STEP_S + 90.0, 0.5


@dataclass(frozen=True, slots=True)
class Step:
    """A rate that was tried: events a second asked for and taken, and how late each alarming event was told."""

    asked: float
    taken: float
    delays_s: tuple[float, ...]

    @property
    def worst_s(self) -> float:
        return max(self.delays_s, default=math.inf)

    def __str__(self) -> str:
        return f"{self.taken:.0f} events/s, told in at most {self.worst_s:.1f} s"


def ramp(platform: Platform) -> Iterator[Step]:
    """Ever higher rates, the last of which is told too late, or is more than the collector takes."""
    if platform.siem.name != ENGINE:
        raise Inconclusive(f"Le moteur {platform.siem.name} ne reçoit pas ses événements par RELP")
    for rate in RATES:
        step = _step(platform, rate)
        yield step
        if step.worst_s > BOUND_S or step.taken < SATED * rate:
            return


def best(steps: list[Step]) -> Step:
    """The most that was told in time. Inconclusive if nothing was."""
    held = [step for step in steps if step.worst_s <= BOUND_S]
    if not held:
        raise Inconclusive(f"Aucun débit n'a été détecté en {BOUND_S:g} s")
    return max(held, key=lambda step: step.taken)


def bare(platform: Platform) -> float:
    """Events a second that a bare rsyslog writes to a file on the collector's machine: no TLS, no rule, no alert."""
    where = collector(platform)
    with _listening(platform, where):
        began_s = time.monotonic()
        told = _flood(platform, {"address": str(where.address), "port": BARE_PORT, "tls": None}, AT_ONCE, nonce())

        def written() -> bool | NotYet:
            count = int(platform.remote.run(where.name, f"wc --lines <{OUTPUT}").stdout)
            return count >= told["taken"] or NotYet(f"{count} sur {told['taken']}")

        wait_until(written, LIMIT_S, f"{where.name}, événements écrits")
        return told["taken"] / (time.monotonic() - began_s)


def _step(platform: Platform, rate: float) -> Step:
    where, siem, word = collector(platform), platform.siem, nonce()
    since = siem.mark()
    name = f"{where.name}.{platform.site.dns}"
    tls = {"name": name, "ca": TRUST, "certificate": f"{OWN}.pem", "key": f"{OWN}.key"}
    told = _flood(platform, {"address": str(where.address), "port": PORT, "tls": tls}, rate, word)
    wanted, found = {f"/{word}-{rank}" for rank in range(int(told["alarms"]))}, dict[str, float]()
    # An alarming event that nobody told of within the bound would be told too late in any case.
    end_s = time.monotonic() + BOUND_S
    while True:
        late = time.monotonic() > end_s
        for alert in siem.alerts(since):
            if alert.object in wanted:
                found.setdefault(alert.object, (alert.detected_at - alert.event_at).total_seconds())
        if late or len(found) == len(wanted):
            break
        time.sleep(LOOK_S)
    return Step(rate, told["taken"] / told["lasted_s"], tuple(found.get(each, math.inf) for each in sorted(wanted)))


def _flood(platform: Platform, where: dict[str, object], rate: float, word: str) -> dict[str, float]:
    sender = one_of(platform, SENDERS)
    payload = {**where, "rate": rate, "seconds": STEP_S, "word": word}
    told: dict[str, float] = platform.remote.python(sender.name, source("siem/flood"), payload, timeout_s=LIMIT_S)
    if not told["taken"]:
        raise Inconclusive(f"{sender.name} : le collecteur n'a pris aucun événement")
    return told


@contextmanager
def _listening(platform: Platform, where: Host) -> Iterator[None]:
    """A bare rsyslog on a host, until the block ends."""
    with ExitStack() as stack:
        for path, content in ((SETTINGS, BARE), (OUTPUT, "")):
            stack.enter_context(platform.traces.left(where.name, path, content))
        command = f"/usr/sbin/rsyslogd -n -iNONE -f {SETTINGS}"
        stack.enter_context(platform.traces.running(where.name, UNIT, command))

        def ready() -> bool | NotYet:
            done = platform.remote.run(where.name, f"ss -Hltn 'sport = :{BARE_PORT}'")
            return bool(done.stdout.strip()) or NotYet("personne n'écoute")

        wait_until(ready, READY_S, f"{where.name}, rsyslog nu")
        yield
