"""An employee who writes to himself and reads without pause, while a mail server is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from recette.errors import Inconclusive
from recette.measure.timeline import Timeline
from recette.probes.mail import Box, Fate, Load, Posting, Reading, posting, read
from recette.shell import Remote
from recette.trials.mail.loss import longest_wait_s
from recette.trials.mail.staff import Colleague
from recette.waiting import NotYet, wait_until

RATE = 4.0
WARM_UP = 8
"""Messages settled and readings done before anything is broken."""
LIMIT_S = 60.0
COUNT = 2000
"""More than any scenario lets be posted."""


@dataclass(frozen=True)
class Look:
    """One reading of the mailbox, with its instants by the monotonic clock."""

    begun_s: float
    ended_s: float
    reading: Reading


@dataclass
class Diligent:
    """What the employee did and saw so far."""

    remote: Remote
    colleague: Colleague
    prefix: str
    post: Posting
    looks: list[Look] = field(default_factory=list)

    def served(self, since_s: float = 0.0) -> tuple[int, int]:
        """Messages accepted and readings done that began after an instant."""
        posted = sum(one.fate is Fate.ACCEPTED and one.due_s >= since_s for one in self.post.settled)
        return posted, sum(not look.reading.error and look.begun_s >= since_s for look in list(self.looks))

    def wait_served(self, since_s: float, what: str) -> None:
        """Wait until both work. Raises Inconclusive after `LIMIT_S`."""

        def both() -> bool | NotYet:
            posted, looked = self.served(since_s)
            return min(posted, looked) >= WARM_UP or NotYet(f"{posted} courriels déposés, {looked} lectures")

        wait_until(both, LIMIT_S, what)

    def posting_wait_s(self, since_s: float) -> float:
        """The longest wait between two acceptances, from the one before an instant on."""
        times = [one.settled_s for one in self.post.settled if one.fate is Fate.ACCEPTED]
        return longest_wait_s(times, since_s)

    def reading_wait_s(self, since_s: float) -> float:
        """The longest wait between two readings, likewise."""
        return longest_wait_s([look.ended_s for look in self.looks if not look.reading.error], since_s)

    def seen_before(self, instant_s: float) -> set[str]:
        """Identifiers that he had read by an instant. Raises Inconclusive if there are none."""
        found = {
            message.identifier for look in self.looks if look.ended_s <= instant_s for message in look.reading.messages
        }
        if not found:
            raise Inconclusive("Aucun courriel n'avait été lu avant la coupure")
        return found

    def timeline(self, events: list[tuple[float, str]], title: str) -> Timeline:
        """Each reading: done or not, and how long it took."""
        return Timeline(
            [
                (look.begun_s, not look.reading.error, None if look.reading.error else look.ended_s - look.begun_s)
                for look in self.looks
            ],
            events,
            title=title,
        )


@contextmanager
def diligent(remote: Remote, colleague: Colleague, prefix: str, first: str) -> Iterator[Diligent]:
    """Write and read until the block ends; the address `first` is the one that the mail program tries first."""
    doors = colleague.doors
    addresses = (first, *(one for one in doors.reading.addresses if one != first))
    box = Box(replace(doors.reading, addresses=addresses), colleague.login)
    load = Load([colleague.writer], [colleague.address], COUNT, RATE, prefix, "recette.invalid", workers=2)
    with posting(remote, colleague.office, replace(doors.posting, addresses=addresses), load) as under_way:
        worker = Diligent(remote, colleague, prefix, under_way)
        stop = threading.Event()
        thread = threading.Thread(target=_look_on, args=(worker, box, stop), daemon=True)
        thread.start()
        try:
            yield worker
        finally:
            stop.set()
            thread.join(LIMIT_S)


def _look_on(worker: Diligent, box: Box, stop: threading.Event) -> None:
    while not stop.is_set():
        begun_s = time.monotonic()
        (reading,) = read(worker.remote, worker.colleague.office, [box], prefix=worker.prefix, limit_s=0.0)
        worker.looks.append(Look(begun_s, time.monotonic(), reading))
