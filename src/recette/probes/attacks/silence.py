"""Silence from outside: every refused probe is listened to, and nothing may answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

from recette.probes.attacks import attribution, catalogue, choose, facts
from recette.probes.attacks.model import Attack, Shot
from recette.probes.attacks.volley import Range, Volley
from recette.probes.attacks.watchers import Watched
from recette.site import Host, Site

TCP_PORTS = (21, 22, 23, 53, 80, 135, 139, 179, 389, 445, 502, 636, 1433, 3306, 3389, 5060, 5432, 5900, 8006, 8080)
UDP_PORTS = (53, 69, 123, 137, 161, 389, 1194, 1900, 3389, 5353)
PROTOCOLS = {"gre": 47, "ip-in-ip": 4, "sctp": 132}


def refused(site: Site, attacker: Host) -> tuple[Shot, ...]:
    """Probes that the matrix refuses to the attacker: TCP, ACK and UDP ports, echo, odd protocols, both families.

    A port that some flow opens to the attacker, anywhere, is left out. Addresses: the VIPs and own addresses of the
    firewalls towards the outside, and one address of each attacked role.
    """
    opened = {
        (flow.protocol, port)
        for flow in site.flows
        if attacker in site.expand(flow.source)
        for ports in flow.ports
        for port in (*TCP_PORTS, *UDP_PORTS)
        if port in ports
    }
    return tuple(shot for address in _addresses(site, attacker) for shot in _probes(str(address), opened))


def _addresses(site: Site, attacker: Host) -> Iterator[IPv4Address | IPv6Address]:
    for address in choose.published_at(site):
        zone = site.zone_of(address)
        yield address
        if zone is not None and zone.gateway6 is not None:
            yield next(site.vip6(group, zone.name) for group, vips in site.vips.items() if zone.name in vips)
    for name, zone_name in choose.gates(site, attacker):
        yield site.host(name).interface(zone_name).address
    roles: dict[str, Host] = {}
    for zone_name, sonde in site.sondes().items():
        roles.setdefault(site.zone(zone_name).role, sonde)
    for role in catalogue.ATTACKED_ROLES & roles.keys():
        yield roles[role].interfaces[0].address
        yield roles[role].interfaces[0].address6


def _probes(address: str, opened: set[tuple[str, int]]) -> Iterator[Shot]:
    def probe(name: str, kind: str, **options: object) -> Shot:
        return Shot(name, kind, address, count=1, gap_s=0.002, options=options)

    for port in TCP_PORTS:
        if ("tcp", port) not in opened:
            yield probe(f"syn-{port}", "tcp", dport=port, flags="S")
    yield probe("ack", "tcp", dport=next(port for port in TCP_PORTS if ("tcp", port) not in opened), flags="A")
    for port in UDP_PORTS:
        if ("udp", port) not in opened:
            yield probe(f"udp-{port}", "udp", dport=port)
    yield probe("echo", "echo")
    for name, number in PROTOCOLS.items():
        yield probe(name, "protocol", protocol=number)


def silence(where: Range, attacker: Host, answer_s: float) -> Attack:
    """Facts of all refused probes together; `arrived` counts those that a firewall passed on.

    `answers` are all packets of the site to the attacker, even to no probe; `control_ok`: every probe was seen leaving,
    and a permitted port of the site answered to the same capture. `details`: `probes`, `addresses`, `control` (what
    the permitted port answered), `operators` (answers of hosts outside), `errors`.
    """
    site, shots, gates = where.site, refused(where.site, attacker), choose.gates(where.site, attacker)
    witness = catalogue.permitted(choose.open_door(site, attacker))
    batch = [(attacker.name, shot) for shot in (*shots, witness)]
    volley = where.fire(batch, dict.fromkeys((host for host, _ in gates), Watched()), answer_s)
    last = len(shots)
    known = [frame for at, frames in volley.answers.items() if at != last for frame in frames]
    left = [frame for at in range(last) for frame in volley.left.get(at, ())]
    control = facts.told(site, volley.answers.get(last, ()), operators=False)
    sent = sum(one.sent for one in volley.fired[:last])
    first, final = volley.fired[0].marker, volley.fired[last - 1].marker
    marker = replace(first, last=final.last, sport=None, dport=None)
    return Attack(
        name="silence",
        source=attacker.name,
        sent=sent,
        arrived=_passed(volley, last, gates),
        answers=facts.told(site, known, operators=False),
        control_ok=bool(control) and sent == len(left) and not volley.lost,
        details={
            "probes": len(shots),
            "addresses": sorted({shot.destination for shot in shots}),
            "control": list(control),
            "operators": list(facts.told(site, known, operators=True)),
            "errors": sorted({one.error for one in volley.fired if one.error}),
        },
        pcap=facts.evidence({attacker.name: (*volley.answers.get(last, ()), *known, *left)}),
        marker=marker,
        drops=tuple(where.drops(marker)),
    )


def _passed(volley: Volley, last: int, gates: tuple[tuple[str, str], ...]) -> int:
    """Probes, the witness left out, that left a firewall on whatever side."""
    hosts = {host for host, _ in gates}
    frames = [frame for host in hosts for at in range(last) for frame in volley.seen[host].get(at, ())]
    return len(attribution.split(frames).outbound)
