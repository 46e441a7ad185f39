"""One fault on the active firewall, seen from its users and from its virtual addresses."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from recette.actions import Fault, Injection
from recette.errors import Inconclusive
from recette.measure.outage import GRACE_S, Outage, step, upper_bound_s, worst
from recette.measure.ownership import Ownership, Span
from recette.measure.timeline import Timeline
from recette.platform import Platform
from recette.probes.vip import OwnershipWatch, current_owner, watch_owners
from recette.probes.watch import Watch
from recette.site import Host
from recette.waiting import NotYet, wait_until

TAKEOVER_LIMIT_S = 15.0
"""Guard against waiting for ever; what the contract allows is in the features."""
AFTER = 50
"""Answered probes after the takeover: a second of calm, in which a second cut would show."""
BLIND_STEP_S = 0.25
"""A pause of the probes longer than that could hide a short outage: the measure is then worth nothing."""

SILENCING = frozenset({Fault.POWER_CUT, Fault.KERNEL_PANIC})
"""Faults after which the machine answers for nothing, whatever addresses it is left with."""


@dataclass(frozen=True)
class Blow:
    """A fault to inject on the active firewall of a level."""

    fault: Fault
    label: str
    zone: str | None = None
    unit: str | None = None


@dataclass
class Strike:
    """A fault in place on a firewall, and the watch over its virtual addresses."""

    platform: Platform
    level: int
    label: str
    victim: Host
    heir: Host
    owners: OwnershipWatch
    injection: Injection
    taken_over_s: float | None = None
    returned_s: float | None = None

    @property
    def group(self) -> str:
        return self.victim.redundancy or ""

    def ownership(self) -> Ownership:
        """Who held what. Raises Inconclusive if a member that was alive was not looked at meanwhile."""
        found = self.owners.ownership()
        if found.blind:
            seen = ", ".join(f"{blind.host} pendant {blind.end_s - blind.start_s:.2f} s" for blind in found.blind)
            raise Inconclusive(f"Adresses virtuelles non observées sur {seen}")
        return found

    def overlaps(self) -> tuple[Span, ...]:
        """When a virtual address had two owners."""
        return self.ownership().overlaps()

    def moved(self, since_s: float) -> list[str]:
        """Virtual addresses that had not one and the same owner from an instant on."""
        held: dict[str, set[tuple[str, ...]]] = {}
        for span in self.ownership().spans():
            if span.end_s > since_s:
                held.setdefault(span.address, set()).add(span.hosts)
        return sorted(address for address, hosts in held.items() if hosts != {(self.heir.name,)})


@contextmanager
def strike(
    platform: Platform, level: int, blow: Blow, watches: Sequence[Watch] = (), *, beside: Injection | None = None
) -> Iterator[Strike]:
    """Break the active firewall of a level, wait for the other to take over and for the users to be served again.

    `beside` is a fault already in place on the other level. Leaving the block repairs this one. If nobody takes over,
    `taken_over_s` stays None: that is judged by whoever asks, with what the watches saw.
    """
    platform.settle()
    victim, heir = platform.active(level), platform.standby(level)
    with (
        watch_owners(platform.site, platform.remote, victim.redundancy or "") as owners,
        platform.faults.inject(blow.fault, victim, blow.zone, unit=blow.unit, beside=beside) as injection,
    ):
        if blow.fault in SILENCING:
            owners.lost(victim.name, injection.at_monotonic_s)
        done = Strike(platform, level, blow.label, victim, heir, owners, injection)
        await_takeover(done)
        for watch in watches:
            served_again(watch)
        yield done


def await_takeover(done: Strike) -> None:
    """Note when the heir holds every virtual address, if it ever does within the guard."""

    def taken() -> bool | NotYet:
        owner = current_owner(done.platform.site, done.platform.remote, done.group)
        return owner == done.heir or NotYet(f"porteur : {owner.name if owner else 'aucun, ou plusieurs'}")

    try:
        wait_until(taken, TAKEOVER_LIMIT_S, f"La reprise par {done.heir.name}")
    except Inconclusive:
        return  # left None: a step that asks who owns the addresses will refuse it
    done.taken_over_s = time.monotonic()


def repair(done: Strike, watches: Sequence[Watch]) -> None:
    """Bring the victim back and let the users be probed for a while."""
    done.returned_s = time.monotonic()
    done.injection.repair()
    for watch in watches:
        served_again(watch)


def served_again(watch: Watch) -> None:
    """Wait until a user has been answered for a while; one who never is, is judged by the outage, not by this wait."""
    try:
        watch.wait_answered(AFTER, TAKEOVER_LIMIT_S, since_s=time.monotonic())
    except Inconclusive:
        return


def worst_outage(watch: Watch, grace_s: float = GRACE_S) -> tuple[Outage | None, float]:
    """The longest outage and its upper bound in seconds (0 without outage).

    Raises Inconclusive if the stream itself paused long enough to hide one.
    """
    watch.stop()
    found = watch.outages(grace_s)
    pace = step(watch.samples)
    if pace.longest_s > BLIND_STEP_S:
        raise Inconclusive(
            f"{watch.name} : sondes espacées de {pace.longest_s:.2f} s, une coupure a pu passer inaperçue"
        )
    return worst(found), upper_bound_s(found)


def timeline(watch: Watch, done: Strike | None, title: str) -> Timeline:
    """The picture of a failover: probes, cut, fault, takeover."""
    events = []
    if done is not None:
        events.append((done.injection.at_monotonic_s, done.label))
        if done.taken_over_s is not None:
            events.append((done.taken_over_s, f"{done.heir.name} porte les adresses"))
        if done.returned_s is not None:
            events = [(done.returned_s, f"{done.victim.name} remis en marche")]
    return Timeline(
        [(s.sent_s, s.good(GRACE_S), s.rtt_s if s.good(GRACE_S) else None) for s in watch.samples],
        events,
        [(outage.start_s, outage.end_s) for outage in watch.outages()],
        title,
    )
