"""Forged VRRP advertisements: does a router of the segment give up its virtual address to a stranger?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise, product
from math import inf
from typing import Any

from recette.errors import RecetteError
from recette.probes.attacks import events, facts
from recette.probes.attacks.model import Attack, Shot
from recette.probes.attacks.volley import Range, Volley
from recette.probes.attacks.watchers import Watched
from recette.site import Host, Site

PRIORITIES = (255, 254)
"""The owner's priority, which nobody contests, and the highest that a backup may have."""
ADVERT_CS = 30
"""Announced interval, in hundredths of a second."""
GROUP_ADDRESS = "224.0.0.18"
GAP_S = 0.05
SETTLE_S = 10.0


@dataclass(frozen=True)
class Forgery:
    """What to forge: to a redundancy group of routers, for each of `vrids`, `rounds` times."""

    attacker: Host
    group: str
    vrids: tuple[int, ...]
    rounds: int
    version: int


def forged(where: Range, forgery: Forgery) -> tuple[Attack, ...]:
    """One attack for each priority, pretended sender and destination; a member is never told of itself.

    `arrived` counts the advertisements that the members' captures saw, before their own filter: `drops` says what it
    refused. `details`: `address`, `owners_before`, `owners_after`, `changes` (seconds since the first of the shot's
    packets, host, gained or not) until the next shot, `taken` (a router lost it then; that one takes it back may show
    in a later shot). `control_ok`: every advertisement reached its member.
    """
    _, own, address = _segment(where.site, forgery)
    batch = list(shots(where.site, forgery))
    watched = dict.fromkeys(own, Watched(settle={"address": address}, settle_s=SETTLE_S))
    volley = where.fire([(forgery.attacker.name, shot) for shot in batch], watched)
    starts = [min((frame.time for frame in volley.left.get(at, ())), default=inf) for at in range(len(batch))]
    return tuple(_attack(where, volley, at, span, address) for at, span in enumerate(pairwise([*starts, inf])))


def _segment(site: Site, forgery: Forgery) -> tuple[str, dict[str, str], str]:
    """The zone of the forger, each router's own address in it, and the virtual one."""
    members, virtual = site.group(forgery.group), site.vips.get(forgery.group, {})
    for zone in forgery.attacker.zones:
        if zone in virtual and all(zone in member.zones for member in members):
            return zone, {member.name: str(member.interface(zone).address) for member in members}, str(virtual[zone])
    raise RecetteError(
        f"{forgery.attacker.name} shares no zone with a virtual address of {forgery.group}: attack from a neighbour"
    )


def shots(site: Site, forgery: Forgery) -> Iterator[Shot]:
    """The advertisements of a forgery, as data."""
    zone, own, address = _segment(site, forgery)
    senders: dict[str, str | None] = {"own": None, **{f"as-{name}": source for name, source in own.items()}}
    receivers = {own_address: (name,) for name, own_address in own.items()} | {GROUP_ADDRESS: tuple(own)}
    options = {"vrids": list(forgery.vrids), "virtual": [address], "version": forgery.version}
    for priority, (sender, source), (destination, targets) in product(PRIORITIES, senders.items(), receivers.items()):
        if source != destination:
            yield Shot(
                f"vrrp-{priority}-{sender}-to-{'group' if destination == GROUP_ADDRESS else targets[0]}",
                "vrrp",
                destination,
                source=source,
                targets=targets,
                count=forgery.rounds,
                gap_s=GAP_S,
                dev=zone,
                options=options | {"priority": priority, "advert_cs": ADVERT_CS},
            )


def _attack(where: Range, volley: Volley, at: int, span: tuple[float, float], address: str) -> Attack:
    told = facts.attack(where, volley, at)
    changes: list[list[Any]] = sorted(
        [round(time - span[0], 3), name, gained]
        for name, seen in volley.observed.items()
        for time, gained in events.ownership(seen.events, address)
        if span[0] <= time < span[1]
    )
    return replace(
        told,
        control_ok=told.arrived >= told.sent * len(told.details["targets"]) > 0,
        details={
            **told.details,
            "address": address,
            "owners_before": _owners(volley, address, "before"),
            "owners_after": _owners(volley, address, "after"),
            "changes": changes,
            "taken": any(not gained for _, _, gained in changes),
        },
    )


def _owners(volley: Volley, address: str, when: str) -> list[str]:
    return [
        name
        for name, seen in volley.observed.items()
        if any(own == address for _, own in getattr(seen, when)["addresses"])
    ]
