"""Which firewall levels stand between two hosts, and by which address a firewall is met."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address
from itertools import groupby

from recette.site.elements import Host, Zone
from recette.site.model import Site

_OUTER, _DMZ, _TRANSIT, _INNER = "outer", "dmz", "transit", "inner"
_CROSSED: dict[tuple[str, str], tuple[int, ...]] = {
    (_OUTER, _DMZ): (1,),
    (_OUTER, _TRANSIT): (1,),
    (_OUTER, _INNER): (1, 2),
    (_DMZ, _OUTER): (1,),
    (_DMZ, _TRANSIT): (1,),
    (_DMZ, _INNER): (1, 2),
    (_TRANSIT, _OUTER): (1,),
    (_TRANSIT, _DMZ): (1,),
    (_TRANSIT, _INNER): (2,),
    (_INNER, _OUTER): (2, 1),
    (_INNER, _DMZ): (2, 1),
    (_INNER, _TRANSIT): (2,),
    (_INNER, _INNER): (2,),
}
"""Levels on the way from one part of the site to another: 1 holds the Internet, the DMZ and the transit, 2 the rest."""


def crossed(site: Site, source: Host, target: Host, zone: str) -> tuple[int, ...]:
    """Return the firewall levels met, in order, from a source to the address of a target in a zone.

    A firewall at either end counts: its own packets go through its output chain, those sent to it through its input.
    """
    start = exit_zone(site, source, zone)
    between = () if start == zone else _CROSSED.get((_part(site, start), _part(site, zone)), ())
    ends = [source.level] if source.level else []
    levels = [*ends, *between, *([target.level] if target.level else [])]
    return tuple(level for level, _ in groupby(levels))


def exit_zone(site: Site, source: Host, zone: str) -> str:
    """Return the zone by which a host sends towards another zone."""
    if source.level is None:
        return source.zones[0]
    if zone in source.zones:
        return zone
    return _towards(site, source, outer=site.zones[zone].outer)[0]


def met_zones(site: Site, firewall: Host, source: Host) -> tuple[str, ...]:
    """Return the zones in which a source meets a firewall: a common one, else the side from which it comes."""
    common = tuple(zone for zone in firewall.zones if zone in source.zones)
    return common[:1] or _towards(site, firewall, outer=site.zones[source.zones[0]].outer)


def has_route(source: Host, address: IPv4Address | IPv6Address, site: Site) -> bool:
    """Tell whether a host knows a way to an address. Level 1 learns its default route from the operators: always."""
    if source.level == 1:
        return True
    connected = (network for zone in source.zones for network in (site.zones[zone].network, site.zones[zone].network6))
    return any(address in network for network in (*connected, *(route.to for route in source.routes)))


def agreed(site: Site, zone: Zone) -> tuple[IPv4Network, ...]:
    """Return the networks of the site that a tunnel serves: those with an end of a flow from or to what lies behind."""
    ends = (
        host
        for flow in site.flows
        for near, far in ((flow.source, flow.destination), (flow.destination, flow.source))
        if zone.name in far
        for host in site.expand(near)
    )
    return tuple(dict.fromkeys(site.zones[host.zones[0]].network for host in ends))


def kept_from(site: Site, source: Host, address: IPv4Address | IPv6Address) -> bool:
    """Tell whether a packet to an address never leaves the host, or the far end of its tunnel, to meet a firewall.

    Behind a tunnel: an address of the site that the tunnel does not serve. Level 1 itself: what lies behind a tunnel.
    """
    zone, aimed = site.zones[source.zones[0]], site.zone_of(address)
    if aimed is None:
        return False
    if source.level == 1:
        return aimed.vpn is not None
    return zone.vpn is not None and not aimed.outer and not any(address in network for network in agreed(site, zone))


def _towards(site: Site, firewall: Host, *, outer: bool) -> tuple[str, ...]:
    wanted = ("operateur", "transit") if outer else ("transit",)
    for role in wanted:
        zones = tuple(zone for zone in firewall.zones if site.zones[zone].role == role)
        if zones:
            return zones
    return firewall.zones[:1]


def _part(site: Site, zone: str) -> str:
    role = site.zones[zone].role
    if site.zones[zone].outer:
        return _OUTER
    return {"dmz": _DMZ, "transit": _TRANSIT}.get(role, _INNER)
