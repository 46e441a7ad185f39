"""An employee who writes to himself and reads without pause, while a mail server is lost."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace

from recette.actions import Fault
from recette.errors import Inconclusive
from recette.measure.timeline import Timeline
from recette.platform import Platform
from recette.probes.mail import Box, Fate, Load, Posting, Reading, posting, read
from recette.shell import Remote
from recette.site import Host
from recette.trials.mail.loss import longest_wait_s
from recette.trials.mail.staff import Colleague
from recette.waiting import NotYet, wait_until

RATE = 4.0
WARM_UP = 8
"""Messages accepted, and readings of each mail program, before anything is broken."""
LIMIT_S = 60.0
COUNT = 2000
"""More than any scenario lets be posted."""


@dataclass(frozen=True)
class Look:
    """One reading of the mailbox, with its instants by the monotonic clock."""

    begun_s: float
    ended_s: float
    reading: Reading

    @property
    def done(self) -> bool:
        return not self.reading.error


@dataclass
class Diligent:
    """What the employee did and saw so far: one mail program for each server that is tried first."""

    remote: Remote
    colleague: Colleague
    prefix: str
    post: Posting
    looks: dict[str, list[Look]] = field(default_factory=dict)

    def wait_served(self, since_s: float, what: str) -> None:
        """Wait until everything works, counting what began after an instant. Raises Inconclusive after `LIMIT_S`."""

        def served() -> bool | NotYet:
            posted = sum(one.fate is Fate.ACCEPTED and one.due_s >= since_s for one in self.post.settled)
            looked = [
                sum(look.done and look.begun_s >= since_s for look in list(looks)) for looks in self.looks.values()
            ]
            return min(posted, *looked) >= WARM_UP or NotYet(f"{posted} courriels déposés, {looked} lectures")

        wait_until(served, LIMIT_S, what)

    def wait_alike(self) -> None:
        """Wait until both servers show the mailbox alike: one that is just back from an outage is still catching up.

        If they never do, it is not for this wait to say so: the loss of one will.
        """
        here, there = self.colleague.doors.reading.addresses

        def alike() -> bool | NotYet:
            first, second, last = (self.shown_by(address) for address in (here, there, here))
            return (bool(first) and first <= second <= last) or NotYet("les deux copies diffèrent")

        try:
            wait_until(alike, LIMIT_S, "Deux copies pareilles de la boîte")
        except Inconclusive:
            return

    def shown_by(self, address: str) -> frozenset[str]:
        """Identifiers that one server shows now."""
        box = Box(self.colleague.doors.reading.at(address), self.colleague.login)
        (reading,) = read(self.remote, self.colleague.office, [box], prefix=self.prefix, limit_s=0.0)
        return frozenset(message.identifier for message in reading.messages)

    def posting_wait_s(self, since_s: float) -> float:
        """The longest that a message waited for a server, from when it was to be posted; endless if one was refused."""
        waits = [
            one.settled_s - one.due_s if one.fate is not Fate.REFUSED else math.inf
            for one in self.post.settled
            if one.settled_s >= since_s
        ]
        return max(waits, default=math.inf)

    def reading_wait_s(self, since_s: float) -> float:
        """The longest wait of a mail program between two readings, from the last one before an instant on."""
        return max(
            longest_wait_s([look.ended_s for look in looks if look.done], since_s) for looks in self.looks.values()
        )

    def seen_before(self, instant_s: float) -> frozenset[str]:
        """Identifiers that he had read by an instant. Raises Inconclusive if there are none."""
        found = frozenset(
            message.identifier
            for looks in self.looks.values()
            for look in looks
            if look.ended_s <= instant_s
            for message in look.reading.messages
        )
        if not found:
            raise Inconclusive("Aucun courriel n'avait été lu avant la coupure")
        return found

    def timeline(self, events: list[tuple[float, str]], title: str) -> Timeline:
        """Each reading: done or not, and how long it took."""
        looks = sorted((look for looks in self.looks.values() for look in looks), key=lambda look: look.begun_s)
        return Timeline(
            [(look.begun_s, look.done, look.ended_s - look.begun_s if look.done else None) for look in looks],
            events,
            title=title,
        )


@dataclass(frozen=True)
class Absence:
    """A server without power: how long its users waited, and what they could read before and could read again."""

    events: list[tuple[float, str]]
    posting_s: float
    reading_s: float
    before: frozenset[str]
    after: frozenset[str]


@contextmanager
def diligent(remote: Remote, colleague: Colleague, prefix: str) -> Iterator[Diligent]:
    """Write and read until the block ends: whichever server is lost, a mail program had chosen it."""
    load = Load([colleague.writer], [colleague.address], COUNT, RATE, prefix[1:], "recette.invalid", workers=2)
    stop = threading.Event()
    with posting(remote, colleague.office, colleague.doors.posting, load) as under_way, ExitStack() as readers:
        worker = Diligent(remote, colleague, prefix, under_way)
        for first in colleague.doors.reading.addresses:
            worker.looks[first] = []
            thread = threading.Thread(target=_look_on, args=(worker, first, stop), daemon=True)
            thread.start()
            readers.callback(thread.join, LIMIT_S)
        readers.callback(stop.set)
        yield worker


@contextmanager
def lose_server(platform: Platform, worker: Diligent, victim: Host) -> Iterator[Absence]:
    """Cut the power of a server until the block ends; the employee is served again, or is said not to be."""
    with platform.faults.inject(Fault.POWER_CUT, victim) as injection:
        cut_s = injection.at_monotonic_s
        before = worker.seen_before(cut_s)
        worker.wait_served(cut_s, f"Le courrier du salarié sans {victim.name}")
        other = next(address for address in worker.colleague.doors.reading.addresses if address != str(victim.address))
        yield Absence(
            [(cut_s, f"{victim.name} : courant coupé")],
            worker.posting_wait_s(cut_s),
            worker.reading_wait_s(cut_s),
            before,
            worker.shown_by(other),
        )


def _look_on(worker: Diligent, first: str, stop: threading.Event) -> None:
    """Read without pause; `first` is the address that this mail program tries first."""
    door = worker.colleague.doors.reading
    others = (address for address in door.addresses if address != first)
    box = Box(replace(door, addresses=(first, *others)), worker.colleague.login)
    while not stop.is_set():
        begun_s = time.monotonic()
        (reading,) = read(worker.remote, worker.colleague.office, [box], prefix=worker.prefix, limit_s=0.0)
        worker.looks[first].append(Look(begun_s, time.monotonic(), reading))
