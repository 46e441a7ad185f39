"""Attacks through a firewall, as data: each is a packet that would pass but for the one thing that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from ipaddress import ip_address
from typing import Any

from recette.probes.attacks import choose
from recette.probes.attacks.choose import Door
from recette.probes.attacks.model import Shot
from recette.site import Host, Site, Zone

BOGONS = {
    "this-network": "0.9.8.7",
    "loopback": "127.9.8.7",
    "link-local": "169.254.98.7",
    "multicast": "224.9.8.7",
    "reserved": "240.9.8.7",
    "broadcast": "255.255.255.255",
    "private-10": "10.255.98.7",
    "private-172": "172.16.98.7",
    "private-192": "192.168.98.7",
    "shared": "100.64.98.7",
    "benchmark": "198.18.98.7",
}
"""Sources that no packet from outside may bear (RFC 6890), none of them in a zone of the site.

The documentation ranges (RFC 5737) are not among them: they play the public Internet in the twin.
"""
UNROUTABLE = {"this-network", "loopback", "multicast", "reserved", "broadcast"}
"""Those that every router refuses: only an attacker next to the firewall can present them to it."""
SCANS = {"xmas": "FPU", "null": "", "fin": "F", "ack": "A", "syn-fin": "SF"}
OVERLAPS = {"contained": (24, 8), "overlapping": (16, 24)}
"""Bytes of the first fragment, and of the one that rewrites its port: Linux ignores the former kind, and gives up the
whole datagram for the latter."""
ATTACKED_ROLES = {"dmz", "interne", "production"}


def through(site: Site, attacker: Host) -> tuple[Shot, ...]:
    """Every attack of this module that the attacker can bring to a firewall."""
    door = choose.open_door(site, attacker)
    shots = [*spoofs(site, attacker), *land(door), *scans(door), *fragments(site, attacker, door)]
    if choose.adjacent(site, attacker):
        shots += source_routes(site, attacker, door)
    return (*shots, *bogons(site, attacker, door))


def towards(door: Door, name: str, kind: str = "tcp", **options: Any) -> Shot:
    """A segment on a permitted way; `options` say what is wrong with it."""
    fields: Mapping[str, Any] = {"dport": door.port, "flags": "S", **options}
    return Shot(name, kind, str(door.address), targets=(door.target.name,), options=fields)


def spoofs(site: Site, attacker: Host) -> Iterator[Shot]:
    """Packets on flows that the matrix permits, had they come from the zone that their source pretends.

    One for each attacked zone in IPv4, and one in IPv6; from outside, also an inner source at the published service.
    """
    for zone in (zone for zone in site.zones.values() if zone.role in ATTACKED_ROLES):
        way = None if zone.name in attacker.zones else _way_from(site, zone, attacker)
        if way is not None:
            pretended, target = way.source.interface(zone.name), way.target.interfaces[0]
            shot = replace(towards(way, f"spoof-{zone.name}", kind=way.protocol), source=str(pretended.address))
            yield shot
            source, destination = str(pretended.address6), str(target.address6)
            yield replace(shot, name=f"{shot.name}-ipv6", source=source, destination=destination)
    door = choose.open_door(site, attacker)
    if door.published:
        inner = next(host for zone, host in site.sondes().items() if site.zone(zone).role == "interne")
        yield replace(towards(door, "spoof-published"), source=str(inner.address))


def _way_from(site: Site, zone: Zone, attacker: Host) -> Door | None:
    """A permitted way from a zone to a host that the attacker does not reach without a firewall."""
    apart = [way for way in choose.doors(site) if not set(way.target.zones) & set(attacker.zones)]
    inner = [way for way in apart if site.zone(way.target.zones[0]).role in ATTACKED_ROLES and not way.published]
    return next((way for way in inner if zone.name in way.source.zones), None)


def bogons(site: Site, attacker: Host, door: Door) -> Iterator[Shot]:
    """Sources that belong to nobody, on a permitted way."""
    routed = not choose.adjacent(site, attacker)
    for name, source in BOGONS.items():
        if site.zone_of(ip_address(source)) is None and not (routed and name in UNROUTABLE):
            yield replace(towards(door, f"bogon-{name}"), source=source)


def land(door: Door) -> Iterator[Shot]:
    """A segment from a host to itself, both ports alike."""
    for name, address in {"land": door.address, "land-inner": door.target.address}.items():
        if name == "land" or address != door.address:
            shot = towards(door, name, sport=door.port)
            yield replace(shot, source=str(address), destination=str(address))


def scans(door: Door) -> Iterator[Shot]:
    """Flags that no session begins with, on an open port: a closed one would be silent anyway."""
    for name, flags in SCANS.items():
        yield towards(door, f"scan-{name}", flags=flags)


def fragments(site: Site, attacker: Host, door: Door) -> Iterator[Shot]:
    """A refused port in fragments too small for their flags, and under a permitted port that a fragment rewrites."""
    refused = choose.refused_port(site, attacker, door.target)
    for address in dict.fromkeys((door.address, door.target.address)):
        suffix = "" if address == door.address else "-inner"
        tiny = towards(door, f"fragments-tiny{suffix}", kind="tiny-fragments", dport=refused)
        yield replace(tiny, destination=str(address))
        for name, (shown, hidden) in OVERLAPS.items():
            sizes = {"decoy": door.port, "shown": shown, "hidden": hidden}
            shot = towards(door, f"fragments-{name}{suffix}", kind="overlapping-fragments", dport=refused, **sizes)
            yield replace(shot, destination=str(address))


def source_routes(site: Site, attacker: Host, door: Door) -> Iterator[Shot]:
    """Segments that ask to be passed on to a protected host, loosely or strictly.

    One on a permitted way, one to the firewall itself as the first hop: the filter of what it passes on would still see
    its own address.
    """
    hop = next(host for zone, host in site.sondes().items() if _protected(site, zone, door))
    router = choose.router(site, attacker)
    for name, strict in {"source-route-loose": False, "source-route-strict": True}.items():
        shot = towards(door, name, kind="source-route", strict=strict, hops=[str(hop.address)])
        yield replace(shot, targets=(door.target.name, hop.name))
        aimed = {**shot.options, "dport": choose.refused_port(site, attacker, hop)}
        yield replace(shot, name=f"{name}-router", destination=str(router), targets=(hop.name,), options=aimed)


def _protected(site: Site, zone: str, door: Door) -> bool:
    apart = zone not in door.target.zones and zone not in door.source.zones
    return apart and site.zone(zone).role == "production"


def permitted(door: Door) -> Shot:
    """The witness: the same packet, with nothing wrong."""
    return towards(door, "witness", kind=door.protocol)
