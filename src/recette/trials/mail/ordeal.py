"""Messages posted while a machine loses its power, then counted where they should be read."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from recette.actions import Fault
from recette.errors import Inconclusive
from recette.measure.timeline import Timeline
from recette.platform import Platform
from recette.probes.mail import Box, Fate, Posting, Reading, Settled, read
from recette.probes.mail.mailbox import counted
from recette.site import Host
from recette.trials.mail.loss import Reckoning, longest_wait_s, reckon
from recette.trials.mail.staff import Colleague
from recette.waiting import NotYet, wait_until

EARLIEST, LATEST = 0.25, 0.6
"""Shares of the messages between which the power is cut."""
DARK_S = (3.0, 8.0)
"""How long the machine stays without power, drawn too."""
START_LIMIT_S, END_LIMIT_S = 120.0, 240.0
DRAIN_LIMIT_S = 180.0
FLUSH = "postqueue -f"
FLUSH_S = 5.0
# A mail system that starts is not an empty one.
QUEUES = "waiting=$(postqueue -j) && printf '%s' \"$waiting\" | awk 'END { print NR }'"


@dataclass
class Ordeal:
    """One power cut under load. `seed` decides the moment; printed, it allows another run at the same one."""

    platform: Platform
    victim: Host
    readers: tuple[Colleague, ...]
    queues: tuple[str, ...]
    """Hosts whose mail queue must be empty before anything is counted."""
    seed: int
    cut_s: float = 0.0
    back_s: float = 0.0
    settled: tuple[Settled, ...] = ()
    readings: dict[str, tuple[Reading, ...]] = field(default_factory=dict)

    def strike(self, under_way: Posting, count: int) -> None:
        """Cut the power at the drawn moment, give it back, and let every message find its way."""
        chance = random.Random(self.seed)  # noqa: S311 - a moment, not a secret
        under_way.wait(int(count * chance.uniform(EARLIEST, LATEST)), START_LIMIT_S)
        with self.platform.faults.inject(Fault.POWER_CUT, self.victim) as injection:
            self.cut_s = injection.at_monotonic_s
            pause(chance.uniform(*DARK_S))
        self.back_s = time.monotonic()
        under_way.wait(count, END_LIMIT_S)
        self.settled = under_way.settled
        self._drain()
        self._read()

    def reckonings(self) -> Mapping[str, Reckoning]:
        """What each server shows of what was accepted."""
        return {server: reckon(self.settled, counted(found)) for server, found in self.readings.items()}

    @property
    def longest_wait_s(self) -> float:
        """The longest wait of the senders between two acceptances, from the cut on."""
        return longest_wait_s([one.settled_s for one in self.settled if one.fate is Fate.ACCEPTED], self.cut_s)

    def timeline(self, title: str) -> Timeline:
        """Each message posted: accepted or not, and how long its sender waited.

        What happened after the last one has no place in the picture.
        """
        name, last_s = self.victim.name, max(one.due_s for one in self.settled)
        events = [(self.cut_s, f"{name} : courant coupé"), (self.back_s, f"{name} : de retour")]
        return Timeline(
            [
                (one.due_s, one.fate is Fate.ACCEPTED, max(0.0, one.settled_s - one.due_s))
                if one.fate is Fate.ACCEPTED
                else (one.due_s, False, None)
                for one in self.settled
            ],
            [event for event in events if event[0] <= last_s],
            title=title,
        )

    def _drain(self) -> None:
        """Have what waits sent again, rather than wait for the pace of each queue, until nothing does."""
        flushed_s = -math.inf

        def empty() -> bool | NotYet:
            nonlocal flushed_s
            if time.monotonic() - flushed_s > FLUSH_S:
                self.platform.remote.map(self.queues, FLUSH)
                flushed_s = time.monotonic()
            told = self.platform.remote.map(self.queues, QUEUES)
            left = {name: done.stdout.strip() or done.stderr.strip() for name, done in told.items()}
            waiting = {name: number for name, number in left.items() if number != "0"}
            return not waiting or NotYet(", ".join(f"{name} : {number} messages" for name, number in waiting.items()))

        wait_until(empty, DRAIN_LIMIT_S, "L'écoulement des files d'attente")

    def _read(self) -> None:
        """Read each mailbox on each server, until what was accepted is there or the limit is over."""
        accepted = [one for one in self.settled if one.fate is Fate.ACCEPTED]
        awaited = [[one.identifier for one in accepted if one.recipient == who.address] for who in self.readers]
        prefix = _prefix(self.settled)
        for address in self.readers[0].doors.reading.addresses:
            boxes = [Box(who.doors.reading.at(address), who.login) for who in self.readers]
            found = read(
                self.platform.remote,
                self.readers[0].office,
                boxes,
                awaited=awaited,
                prefix=prefix,
                limit_s=DRAIN_LIMIT_S,
            )
            errors = [one.error for one in found if one.error]
            if errors:
                raise Inconclusive(f"{address} : boîte illisible ({errors[0]})")
            self.readings[address] = found


def pause(seconds: float) -> None:
    """Let time pass while nothing is awaited: the machine is without power."""
    deadline = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() >= deadline, seconds + 1.0, "La fin de la coupure")


def _prefix(settled: Sequence[Settled]) -> str:
    """What the identifiers of one run have in common."""
    return settled[0].identifier.partition("@")[0][:-5]
