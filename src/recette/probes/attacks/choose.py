"""What to attack, read from the site: permitted ways as witnesses, refused ports, firewalls on the path."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address

from recette.errors import RecetteError
from recette.site import Flow, Host, Site

REFUSED_PORTS = (23, 3389, 445, 502, 8006, 22)
"""Ports to which a fragmented segment tries to slip: the first that the matrix does not open to the attacker."""
PORTED = {"tcp", "udp"}


@dataclass(frozen=True)
class Door:
    """A permitted way: from `source` to `target`, that is reached at `address` (a VIP for a published service)."""

    source: Host
    target: Host
    address: IPv4Address
    protocol: str
    port: int
    flow: str

    @property
    def published(self) -> bool:
        """Reached through another address than the target's own."""
        return all(self.address != interface.address for interface in self.target.interfaces)


@lru_cache(maxsize=4)
def doors(site: Site) -> tuple[Door, ...]:
    """Every permitted TCP or UDP way that crosses a firewall in clear; ranges are tried by their first port."""
    return tuple(door for flow in site.flows if flow.protocol in PORTED and not flow.tunnel for door in _of(site, flow))


def _of(site: Site, flow: Flow) -> Iterator[Door]:
    for target in site.expand(flow.destination):
        for source in site.expand(flow.source):
            if source.level is None and target.level is None and not set(source.zones) & set(target.zones):
                for address in published_at(site) if flow.published else (target.address,):
                    for ports in flow.ports:
                        yield Door(source, target, address, flow.protocol, ports.first, flow.id)


def published_at(site: Site) -> tuple[IPv4Address, ...]:
    """Addresses of the site that the outside sees: the VIPs of its operators' zones."""
    return tuple(
        address
        for zones in site.vips.values()
        for zone, address in zones.items()
        if site.zone(zone).role == "operateur"
    )


def open_door(site: Site, attacker: Host, port: int | None = None) -> Door:
    """A TCP way that is permitted to the attacker itself: the same packet, forged, must not take it.

    The nearest address of a published service is preferred, so that no other router stands on the way.
    """
    ways = [door for door in doors(site) if door.source.name == attacker.name and door.protocol == "tcp"]
    found = [door for door in ways if port in {None, door.port}]
    if not found:
        wanted = f"TCP port {port}" if port else "TCP port"
        raise RecetteError(f"{attacker.name}: the matrix opens no {wanted} to it, attack from another host")
    return min(found, key=lambda door: not _near(site, attacker, door))


def _near(site: Site, attacker: Host, door: Door) -> bool:
    return any(door.address in site.zone(zone).network for zone in attacker.zones)


def witness(site: Site, attacker: Host, target: Host) -> Door | None:
    """A permitted way to a target, from the attacker itself where there is one."""

    def distance(door: Door) -> tuple[bool, bool]:
        return (door.source.name != attacker.name, not _near(site, attacker, door))

    return min((door for door in doors(site) if door.target.name == target.name), key=distance, default=None)


def refused_port(site: Site, attacker: Host, target: Host) -> int:
    """A TCP port that no flow opens from the attacker to the target."""
    opened = {
        port
        for flow in site.flows
        if flow.protocol == "tcp" and attacker in site.expand(flow.source) and target in site.expand(flow.destination)
        for port in REFUSED_PORTS
        if any(port in ports for ports in flow.ports)
    }
    return next(port for port in REFUSED_PORTS if port not in opened)


def gates(site: Site, attacker: Host) -> tuple[tuple[str, str], ...]:
    """First firewalls on the attacker's way out, each with the zone by which packets come in."""
    firewalls = [host for host in site.hosts.values() if host.level is not None]
    near = [(host.name, zone) for zone in attacker.zones for host in firewalls if zone in host.zones]
    if near:
        return tuple(near)
    return tuple(
        (host.name, zone)
        for host in firewalls
        for zone in host.zones
        if host.level == 1 and site.zone(zone).role == "operateur"
    )


def router(site: Site, attacker: Host) -> IPv4Address:
    """Address of the first firewall on the attacker's way: the virtual one, where the zone has one."""
    name, zone = gates(site, attacker)[0]
    firewall = site.host(name)
    return site.vips.get(firewall.redundancy or "", {}).get(zone, firewall.interface(zone).address)


def adjacent(site: Site, attacker: Host) -> bool:
    """Whether no router of others, with filters of its own, stands between the attacker and the firewalls."""
    return any(zone in attacker.zones for _, zone in gates(site, attacker))
