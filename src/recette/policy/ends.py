"""The two ends of a flow as a firewall sees them: behind which interfaces, with which addresses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from recette.policy.paths import Side, internet, side
from recette.site import Host, Site, Zone

Addresses = tuple[IPv4Network, ...]


def open_to_flows(zone: Zone) -> bool:
    """Whether a flow may reach a zone through a firewall: neither isolated, nor behind a tunnel that does not exist."""
    return zone.role != "isolee" and (zone.role != "tunnel" or zone.vpn is not None)


@dataclass(frozen=True)
class Party:
    """What a token of the matrix designates: one host, a network, or (neither) the whole Internet."""

    host: Host | None = None
    network: IPv4Network | None = None


@dataclass(frozen=True)
class Crossing:
    """A pair of ends seen from one firewall.

    An empty side is the firewall itself. Empty addresses are the whole Internet: all that is neither of the site, nor
    behind a tunnel, nor reserved.
    """

    entry: Side
    exit: Side
    sources: Addresses
    destinations: Addresses


def parties(site: Site, tokens: tuple[str, ...]) -> Iterator[Party]:
    """What the tokens of one side of a flow designate, each once."""
    found: dict[Party, None] = {}
    for token in tokens:
        if token not in site.zones:
            found |= {Party(host=host): None for host in site.members(token)}
        elif site.zone(token).role == "internet":
            found[Party()] = None
        elif open_to_flows(site.zone(token)):
            found[Party(network=site.zone(token).network)] = None
    return iter(found)


def crossing(site: Site, firewall: Host, source: Party, target: Party) -> Crossing | None:
    """The way from one party to another through a firewall; None when the firewall is not on it."""
    origin, aim = _usual(site, source), _usual(site, target)
    entry = _side_of(site, firewall, source, aim)
    exit_ = _side_of(site, firewall, target, origin)
    if entry == exit_:
        return None
    sources = () if source.host is firewall else _addresses(site, source, aim, sending=True)
    return Crossing(entry, exit_, sources, _addresses(site, target, origin, sending=False))


def _usual(site: Site, party: Party) -> IPv4Address:
    """One address of a party, to look routes up."""
    if party.host:
        return party.host.address
    return party.network.network_address if party.network else internet(site)


def _side_of(site: Site, firewall: Host, party: Party, other: IPv4Address) -> Side:
    if party.host is firewall:
        return ()
    if party.host:
        met = side(site, party.host, other)[0]
        return side(site, firewall, party.host.interface(met).address)
    return side(site, firewall, _usual(site, party))


def _addresses(site: Site, party: Party, other: IPv4Address, *, sending: bool) -> Addresses:
    """Addresses of a party on the side where it meets the other one, virtual ones included.

    A firewall answers on its virtual addresses but never sends from them.
    """
    if not party.host:
        return (party.network,) if party.network else ()
    host, zones = party.host, side(site, party.host, other)
    shared = {} if sending and host.level else site.vips.get(host.redundancy or "", {})
    found = [host.interface(zone).address for zone in zones] + [shared[zone] for zone in zones if zone in shared]
    return tuple(IPv4Network(address) for address in found)
