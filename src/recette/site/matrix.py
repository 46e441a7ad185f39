"""What must pass and what must be refused: every source × every address × every service, from the matrix alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from recette.site.elements import Flow, Host
from recette.site.model import Site
from recette.site.names import EVERY_HOST
from recette.site.services import COMMON_PORTS, NAMES
from recette.site.topology import crossed, exit_zone, has_route, kept_from, met_zones

Key = tuple[str, int]
ECHO: Key = ("icmp", 0)
"""The echo request: the one ICMP message that a flow may authorise."""


@dataclass(frozen=True, slots=True)
class Service:
    """A port to try: one of the flow matrix, or one that is commonly attacked."""

    protocol: str
    port: int
    name: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One attempt and its expected outcome: permitted by `flow`, or refused by the first of `levels`.

    `listeners`: the hosts that may hold the address, so where a permitted attempt needs somebody to answer (both
    members of a pair when the address is their VIP).
    """

    source: Host
    target: Host
    address: IPv4Address | IPv6Address
    service: Service
    flow: Flow | None
    levels: tuple[int, ...]
    zone_source: str
    zone_target: str
    listeners: tuple[Host, ...]

    @property
    def permitted(self) -> bool:
        """Whether the matrix authorises the attempt."""
        return self.flow is not None


@dataclass(frozen=True, slots=True)
class _Aim:
    """An address that a source tries, and what the matrix permits on it."""

    target: Host
    address: IPv4Address
    address6: IPv6Address
    zone: str
    permitted: Mapping[Key, tuple[Flow, Host]]
    holders: tuple[Host, ...]


def services(site: Site) -> tuple[Service, ...]:
    """Return the echo request, every port of the matrix (first, middle and last of a range) and the common ones."""
    keys = set(COMMON_PORTS)
    for flow in site.flows:
        keys.update(_keys(flow))
    return tuple(
        Service(protocol, port, NAMES.get(port, f"{protocol}/{port}") if port else protocol)
        for protocol, port in sorted(keys)
    )


def _keys(flow: Flow) -> Iterator[Key]:
    if flow.protocol == ECHO[0]:
        yield ECHO
    for ports in flow.ports:
        for port in (ports.first, (ports.first + ports.last) // 2, ports.last):
            yield flow.protocol, port


def cells(site: Site) -> Iterator[Cell]:
    """Yield every attempt of the recette, source by source: IPv4, then for the sondes IPv6.

    A source is the sonde of a zone, or a host that a flow names as such. A target is every host of another zone, on
    each address that the source has a route to; a firewall, on its nearest interface and VIP. Everything is refused in
    IPv6, by zone and never by host: there the sonde of a zone stands for its hosts. Attempts that cross no firewall are
    left out, and those that a tunnel's far end keeps to itself. Expected outcomes come from the matrix only, never from
    the rules made of it.
    """
    return _Plan(site).cells()


class _Plan:
    """The matrix, indexed by pair of hosts so that a cell costs one look-up."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.services = tuple((service, (service.protocol, service.port)) for service in services(site))
        self.direct: dict[tuple[str, str, bool], dict[Key, tuple[Flow, Host]]] = defaultdict(dict)
        self.published: dict[str, dict[Key, tuple[Flow, Host]]] = defaultdict(dict)
        self.representatives = {zone: host for host in reversed(tuple(site.hosts.values())) for zone in host.zones}
        self.representatives |= site.sondes()
        for flow in site.flows:
            if site.joined(flow):
                self._index(flow)

    def _index(self, flow: Flow) -> None:
        keys = tuple(_keys(flow))
        for source in self.site.expand(flow.source):
            for target in self.site.expand(flow.destination):
                direct = self.direct[source.name, target.name, flow.tunnel]
                known = self.published[source.name] if flow.published else direct
                for key in keys:
                    known.setdefault(key, (flow, target))

    def cells(self) -> Iterator[Cell]:
        sondes = {host.name for host in self.site.sondes().values()}
        for source in self._sources(sondes):
            aims = list(self._aims(source))
            for aim in aims:
                yield from self._attempts(source, aim, aim.address, aim.permitted)
            for aim in aims if source.name in sondes else ():
                if aim.target.level or aim.target is self.representatives[aim.zone]:
                    yield from self._attempts(source, aim, aim.address6, {})

    def _sources(self, sondes: set[str]) -> list[Host]:
        named = set(sondes)
        for flow in self.site.flows:
            for token in flow.source if any(_keys(flow)) and not flow.tunnel and self.site.crosses(flow) else ():
                if token not in self.site.zones and token != EVERY_HOST:
                    named.update(host.name for host in self.site.members(token))
        return [host for host in self.site.hosts.values() if host.name in named]

    def _aims(self, source: Host) -> Iterator[_Aim]:
        groups: set[str | None] = set()
        for target in self.site.hosts.values():
            if target is source:
                continue
            if target.level:
                yield from self._firewall(source, target, with_vip=target.redundancy not in groups)
                groups.add(target.redundancy)
            elif source.level or not set(target.zones) & set(source.zones):
                yield from self._host(source, target)

    def _host(self, source: Host, target: Host) -> Iterator[_Aim]:
        for interface in target.interfaces:
            permitted = self._permitted(source, target, interface.zone)
            yield _Aim(target, interface.address, interface.address6, interface.zone, permitted, (target,))

    def _permitted(self, source: Host, target: Host, zone: str) -> Mapping[Key, tuple[Flow, Host]]:
        """What the matrix permits on the address that a host has in a zone: a flow by a tunnel reaches no other."""
        if self.site.zones[zone].role == "isolee":
            return {}
        behind = "tunnel" in (self.site.zones[zone].role, self.site.zones[source.zones[0]].role)
        return self.direct.get((source.name, target.name, behind), {})

    def _firewall(self, source: Host, target: Host, *, with_vip: bool) -> Iterator[_Aim]:
        permitted = self.direct.get((source.name, target.name, False), {})
        vips = self.site.vips.get(target.redundancy or "", {})
        for zone in met_zones(self.site, target, source):
            interface = target.interface(zone)
            yield _Aim(target, interface.address, interface.address6, zone, permitted, (target,))
            if with_vip and zone in vips and source.redundancy != target.redundancy:
                behind = self.published.get(source.name, {}) if self.site.zones[zone].role == "operateur" else {}
                address6 = self.site.vip6(target.redundancy or "", zone)
                holders = self.site.group(target.redundancy or "")
                yield _Aim(target, vips[zone], address6, zone, {**permitted, **behind}, holders)

    def _attempts(
        self, source: Host, aim: _Aim, address: IPv4Address | IPv6Address, permitted: Mapping[Key, tuple[Flow, Host]]
    ) -> Iterator[Cell]:
        levels = crossed(self.site, source, aim.target, aim.zone)
        if not levels or not has_route(source, address, self.site) or kept_from(self.site, source, address):
            return
        start = exit_zone(self.site, source, aim.zone)
        refused = (None, aim.target)
        for service, key in self.services:
            flow, target = permitted.get(key, refused)
            listeners = aim.holders if target is aim.target or target in aim.holders else (target,)
            yield Cell(source, target, address, service, flow, levels, start, aim.zone, listeners)
