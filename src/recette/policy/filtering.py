"""The rules of one firewall, from the flow matrix: what its level lets through, and from where a source may come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, collapse_addresses
from itertools import chain

from recette.policy.ends import Addresses, crossing, parties
from recette.policy.paths import TUNNEL, Side, accesses, internet, side
from recette.site import Flow, Host, Ports, Site

BOGONS = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
"""Networks that cannot be met on the Internet (RFC 6890)."""


@dataclass(frozen=True)
class Rule:
    """One authorised flow between two sides of a firewall; no address means the whole Internet."""

    flow: Flow
    sources: Addresses
    destinations: Addresses


Chains = dict[tuple[Side, Side], list[Rule]]
"""Rules by the interfaces of entry and of exit; no interface means the firewall itself."""


def chains(site: Site, firewall: Host) -> Chains:
    """Every rule of a firewall. A flow gives one rule for each pair of sides that it really crosses, no more."""
    found: Chains = defaultdict(list)
    for flow in site.flows:
        for key, rule in _rules(site, firewall, flow):
            found[key].append(rule)
    return dict(found)


def _rules(site: Site, firewall: Host, flow: Flow) -> Iterator[tuple[tuple[Side, Side], Rule]]:
    grouped: dict[tuple[Side, Side, bool, bool], tuple[set[IPv4Network], set[IPv4Network]]] = {}
    for source in parties(site, flow.source):
        for target in parties(site, flow.destination):
            if way := crossing(site, firewall, source, target):
                # The Internet must not swallow the hosts named beside it, nor the contrary.
                key = (way.entry, way.exit, bool(way.sources), bool(way.destinations))
                sources, destinations = grouped.setdefault(key, (set(), set()))
                sources.update(way.sources)
                destinations.update(way.destinations)
    for (entry, exit_, *_), (sources, destinations) in grouped.items():
        yield (entry, exit_), Rule(flow, collapsed(sources), collapsed(destinations))


def collapsed(networks: Iterable[IPv4Network]) -> Addresses:
    """The same addresses in as few networks as possible, in order."""
    return tuple(collapse_addresses(sorted(networks)))


def merged(ports: tuple[Ports, ...]) -> tuple[Ports, ...]:
    """The same ports without overlap: nftables refuses a set in which two ranges cross."""
    found: list[Ports] = []
    for each in sorted(ports, key=lambda ports: ports.first):
        if found and each.first <= found[-1].last + 1:
            found[-1] = Ports(found[-1].first, max(found[-1].last, each.last))
        else:
            found.append(each)
    return tuple(found)


def inside(site: Site) -> Addresses:
    """Networks of the site itself: sources that the Internet cannot have."""
    return collapsed(zone.network for zone in site.zones.values() if not zone.outer)


def bogons(site: Site) -> Addresses:
    """Networks that cannot be met on this Internet; the twin's own is made of documentation ranges."""
    outer = [zone.network for zone in site.zones.values() if zone.role in {"internet", "operateur"}]
    real = [network for network in outer if network.prefixlen]
    return tuple(network for network in BOGONS if not any(network.overlaps(used) for used in real))


def reserved(site: Site) -> Addresses:
    """Networks that a flow to the Internet never reaches: the site's, those behind a tunnel, bogons."""
    tunnels = (zone.network for zone in site.zones.values() if zone.role == "tunnel")
    return collapsed(chain(inside(site), tunnels, bogons(site)))


def origins(site: Site, firewall: Host) -> dict[str, list[str]]:
    """Networks and ranges from which each interface may receive.

    Behind the interfaces of the default route stands everything but the site's networks that are not reached there.
    What lies behind a tunnel never comes in clear from an operator.
    """
    outer = side(site, firewall, internet(site))
    behind: dict[str, list[IPv4Network]] = {zone: [] for zone in firewall.zones}
    elsewhere: list[IPv4Network] = []
    if accesses(site, firewall):
        elsewhere += [zone.network for zone in site.zones.values() if zone.role == "tunnel"]
    if firewall.level == 1 and (tunnels := [zone.network for zone in site.zones.values() if zone.vpn]):
        behind[TUNNEL] = tunnels
    for zone in (zone for zone in site.zones.values() if not zone.outer):
        interface = side(site, firewall, zone.network.network_address)[0]
        if zone.role != "isolee":
            behind[interface].append(zone.network)
        if zone.role == "isolee" or interface not in outer:
            elsewhere.append(zone.network)
    return {
        zone: _gaps(elsewhere) if zone in outer else [str(network) for network in collapsed(networks)]
        for zone, networks in behind.items()
    }


def _gaps(networks: Iterable[IPv4Network]) -> list[str]:
    """Ranges that hold every address but those of some networks."""
    found, first = [], 0
    for network in collapsed(networks):
        if first < int(network.network_address):
            found.append(f"{IPv4Address(first)}-{network.network_address - 1}")
        first = int(network.broadcast_address) + 1
    return [*found, f"{IPv4Address(first)}-255.255.255.255"]


def peers(site: Site, firewall: Host) -> list[dict[str, str]]:
    """Where the other members of the pair send from: address of each common zone and, in the twin, hardware address."""
    others = [host for host in site.hosts.values() if host.redundancy == firewall.redundancy and host is not firewall]
    return [
        {"interface": each.zone, "address": str(each.address), **({"mac": each.mac} if site.kind == "twin" else {})}
        for other in others
        for each in other.interfaces
        if each.zone in firewall.zones
    ]


def name(side_: Side, site: Site, firewall: Host) -> str:
    """Name of a side in the names of chains."""
    if not side_:
        return "pare-feu"
    if side_ == (TUNNEL,):
        return "tunnel"
    return "internet" if side_ == accesses(site, firewall) else side_[0]
