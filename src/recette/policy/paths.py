"""By which interface a host sends, from its own routes: the one question that every rule asks."""

from __future__ import annotations

from ipaddress import IPv4Address

from recette.site import Host, Site

TUNNEL = "ipsec0"
"""Interface of level 1 on which packets stand in clear on their way to, or from, every VPN."""

Side = tuple[str, ...]
"""Interfaces of a firewall behind which an end of a flow stands; several for the Internet, none for the firewall."""


def toward(site: Site, host: Host, address: IPv4Address) -> str | None:
    """Zone by which a host sends to an address: a connected one, else that of the next hop; None without a route.

    The first level sends through `TUNNEL` to what a VPN reaches.
    """
    if host.level == 1 and any(zone.vpn and address in zone.network for zone in site.zones.values()):
        return TUNNEL
    for zone in host.zones:
        if address in site.zone(zone).network:
            return zone
    routes = [route for route in host.routes if route.to.version == address.version and address in route.to]
    if not routes:
        return None
    best = max(routes, key=lambda route: route.to.prefixlen)
    return next(zone for zone in host.zones if best.via in site.zone(zone).network)


def accesses(site: Site, host: Host) -> Side:
    """Interfaces of a host toward the operators."""
    return tuple(zone for zone in host.zones if site.zone(zone).role == "operateur")


def side(site: Site, host: Host, address: IPv4Address) -> Side:
    """Interfaces of a host behind which an address stands: all its accesses when it is on the Internet.

    The default route of the first level is that of the operator in service: it stands in no inventory.
    """
    zone = toward(site, host, address)
    outer = accesses(site, host)
    if outer and (zone is None or zone in outer):
        return outer
    return (zone or host.zones[0],)


def internet(site: Site) -> IPv4Address:
    """An address of the Internet, to look routes up; any that is not of the site, where no zone stands for it."""
    return next((z.network.network_address for z in site.zones.values() if z.role == "internet"), IPv4Address(0))
