"""A bounded SYN flood of a published service, counted where it arrives."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from recette.errors import RecetteError
from recette.probes.attacks import choose, facts, ship
from recette.probes.attacks.agents import limits
from recette.probes.attacks.choose import Door
from recette.probes.attacks.model import Attack, Marker
from recette.probes.attacks.volley import LAST_MARK, OVERHEAD_S, Range
from recette.probes.attacks.watchers import Observation, Watched, Watchers
from recette.site import Host, Site

SOURCES = 128
"""Sources of the flood: the last addresses of the attacker's own network, where nobody hears the answers."""


def nobody(site: Site, attacker: Host) -> list[str]:
    """Addresses near the attacker's that no host of the site has."""
    zone = site.zone(attacker.zones[0])
    taken = {interface.address for host in site.hosts.values() for interface in host.interfaces}
    virtual = {address for addresses in site.vips.values() for address in addresses.values()}
    free = [str(address) for address in zone.network.hosts() if address not in taken | virtual]
    return free[-SOURCES:]


@dataclass(frozen=True)
class Flood:
    """A flood to come: `packets` through a door, `rate` a second, known by the marker."""

    attacker: Host
    door: Door
    gates: tuple[tuple[str, str], ...]
    marker: Marker
    packets: int
    rate: int


def syn_flood(where: Range, attacker: Host, wanted: tuple[int, int, int]) -> Attack:
    """Facts of a flood of (packets, rate a second, port), from addresses that nobody has.

    `arrived` counts what the service's host saw. `details`: `targets`, `destination`, `reached` (what the firewalls
    saw coming), `seconds` and `rate` really kept, `lost` (what their captures could not count). `control_ok`: all that
    was sent reached the firewalls, but for what their captures lost.
    """
    packets, rate, port = wanted
    _check(where.site, packets, rate)
    door = choose.open_door(where.site, attacker, port)
    mark, started = 1 + secrets.randbelow(LAST_MARK), time.time()
    marker = Marker(mark, mark, secrets.randbits(32), None, str(door.address), None, port, started, started)
    flood = Flood(attacker, door, choose.gates(where.site, attacker), marker, packets, rate)
    hosts = dict.fromkeys([door.target.name, *(host for host, _ in flood.gates)], Watched(keep=facts.MAX_EVIDENCE))
    with Watchers(where.remote, hosts, (mark, mark)) as watchers:
        limit_s = OVERHEAD_S + packets / rate
        reply = where.remote.python(attacker.name, ship.source("flood"), _payload(where, flood), timeout_s=limit_s)
        observed = watchers.stop()
    return _told(where, replace(flood, marker=replace(marker, until=time.time())), reply, observed)


def _payload(where: Range, flood: Flood) -> dict[str, Any]:
    return {
        "packets": flood.packets,
        "rate": flood.rate,
        "sources": nobody(where.site, flood.attacker),
        "scope": where.scope,
        "destination": flood.marker.destination,
        "dport": flood.marker.dport,
        "mark": flood.marker.first,
        "nonce": flood.marker.nonce,
    }


def _check(site: Site, packets: int, rate: int) -> None:
    try:
        limits.bounded("packets of the flood", packets, limits.MAX_FLOOD)
        limits.bounded("packets a second", rate, limits.MAX_RATE)
        limits.bounded("seconds of the flood", packets / max(rate, 1), limits.MAX_SECONDS)
    except ValueError as error:
        raise RecetteError(f"{site.name}: {error}") from None


def _told(where: Range, flood: Flood, reply: dict[str, Any], observed: Mapping[str, Observation]) -> Attack:
    """Counted by the captures' own tallies, which go on beyond the frames that they keep."""
    target, firewalls = flood.door.target.name, {host for host, _ in flood.gates}
    reached = sum(observed[host].seen.get(f"{zone} in", 0) for host, zone in flood.gates)
    lost = sum(observed[host].lost for host in firewalls)
    return Attack(
        name="syn-flood",
        source=flood.attacker.name,
        sent=reply["sent"],
        arrived=sum(count for way, count in observed[target].seen.items() if way.endswith(" in")),
        answers=(),
        control_ok=reached + lost >= reply["sent"] > 0,
        details={
            "targets": [target],
            "destination": flood.marker.destination,
            "reached": reached,
            "lost": lost,
            "seconds": reply["seconds"],
            "rate": reply["rate"],
        },
        pcap=facts.evidence({host: found.frames for host, found in observed.items()}),
        marker=flood.marker,
        drops=tuple(where.drops(flood.marker)),
    )
