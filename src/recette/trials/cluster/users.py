"""People who write on every guest while something happens to the cluster."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise

from recette.errors import Inconclusive
from recette.measure.timeline import Timeline
from recette.platform import Platform
from recette.probes.hypervisor import Acknowledged, Guest, Journal, Writer, journal
from recette.probes.hypervisor.writing import longest_gap
from recette.probes.watch import Watch, watch

DESK, SERVICE = "bastion", 80
FIRST_S, ENOUGH, LOOK_S = 60.0, 5, 0.05
"""Until a guest has acknowledged something; so many after something happened show that it serves again."""


@dataclass
class Users:
    """One for each guest."""

    platform: Platform
    guests: tuple[Guest, ...]
    writers: dict[int, Writer] = field(default_factory=dict)
    struck: tuple[Guest, float] | None = None
    """The guest whose node was lost, and when (monotonic clock)."""

    def start(self) -> None:
        mark = f"e{time.time_ns() // 1_000_000:x}"
        for guest in self.guests:
            address = self.platform.hypervisor.address(guest)
            self.writers[guest.vmid] = Writer(self.platform.remote, DESK, address, f"{mark}x{guest.vmid}")
            self.writers[guest.vmid].start()
        if unserved := self.silent(FIRST_S):
            raise Inconclusive(f"Sans acquittement dès le début : {', '.join(unserved)}")

    def silent(self, limit_s: float) -> tuple[str, ...]:
        """Guests that do not acknowledge some more writes within that time."""
        before = {vmid: len(writer.acknowledged) for vmid, writer in self.writers.items()}

        def waiting() -> tuple[str, ...]:
            return tuple(
                guest.name
                for guest in self.guests
                if len(self.writers[guest.vmid].acknowledged) < before[guest.vmid] + ENOUGH
            )

        deadline = time.monotonic() + limit_s
        while waiting() and time.monotonic() < deadline:
            time.sleep(LOOK_S)
        return waiting()

    def acknowledged_within(self, settle_s: float, lasting_s: float) -> dict[str, int]:
        """Of each guest, how many writes were acknowledged during so many seconds, once some have passed."""
        time.sleep(settle_s)  # the writes that were on their way are not what is looked for
        before = {vmid: len(writer.acknowledged) for vmid, writer in self.writers.items()}
        time.sleep(lasting_s)  # the duration of the proof: nothing may come meanwhile
        return {guest.name: len(self.writers[guest.vmid].acknowledged) - before[guest.vmid] for guest in self.guests}

    def gaps(self, limit_s: float) -> dict[str, float]:
        """Of each guest, the longest time without any acknowledgement, in seconds; endless if it stays silent."""
        endless = self.silent(limit_s)
        return {
            guest.name: math.inf if guest.name in endless else longest_gap(self._told(guest)) for guest in self.guests
        }

    def journals(self) -> dict[str, Journal]:
        """Of each guest, what stands on its disk. The writers must have stopped."""
        return {
            guest.name: journal(
                self.platform.remote,
                DESK,
                self.platform.hypervisor.address(self.platform.hypervisor.guest(guest.vmid)),
                self.writers[guest.vmid].mark,
            )
            for guest in self.guests
        }

    def stop(self) -> dict[str, tuple[Acknowledged, ...]]:
        """Every acknowledgement. Can be repeated."""
        return {guest.name: self.writers[guest.vmid].stop() for guest in self.guests}

    def served_after(self, guest: Guest, since_s: float) -> float:
        """When a guest acknowledged something for the first time since. Inconclusive if it has not."""
        later = [each.at_s for each in self._told(guest) if each.at_s >= since_s]
        if not later:
            raise Inconclusive(f"{guest.name} n'a rien acquitté depuis son démarrage")
        return later[0]

    def timeline(self, guest: Guest, events: Sequence[tuple[float, str]]) -> Timeline:
        """The writes that a guest acknowledged, and its longest silence."""
        told = self._told(guest)
        writes = [(each.asked_s, True, each.at_s - each.asked_s) for each in told]
        _, silence = max((after.at_s - before.at_s, (before.at_s, after.at_s)) for before, after in pairwise(told))
        return Timeline(writes, events, [silence], f"Écritures acquittées par {guest.name}")

    def lines(self) -> str:
        """The acknowledgements, to keep."""
        return "".join(
            json.dumps(
                {"machine": guest.name, "numero": each.number, "demande_s": each.asked_s, "acquitte_s": each.at_s}
            )
            + "\n"
            for guest in self.guests
            for each in self._told(guest)
        )

    def _told(self, guest: Guest) -> tuple[Acknowledged, ...]:
        told = tuple(self.writers[guest.vmid].acknowledged)
        if not told:
            raise Inconclusive(f"{guest.name} n'a rien acquitté")
        return told


@contextmanager
def watching(platform: Platform) -> Iterator[dict[str, Watch]]:
    """Somebody opens a connection to every guest fifty times a second, until the block ends: name -> what he sees.

    A write waits for the storage and for a program of the guest; this tells when the guest itself is away.
    """
    with ExitStack() as stack:
        yield {
            guest.name: stack.enter_context(
                watch(platform.remote, DESK, platform.hypervisor.address(guest), SERVICE, service=True)
            )
            for guest in platform.hypervisor.guests()
        }


@contextmanager
def writing(platform: Platform) -> Iterator[Users]:
    """Somebody writes on every guest, until the block ends."""
    users = Users(platform, platform.hypervisor.guests())
    try:
        users.start()
        yield users
    finally:
        for writer in users.writers.values():
            writer.end()
