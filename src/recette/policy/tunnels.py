"""The tunnels toward other sites: between which gateways, by which ways, for which networks."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network
from typing import Any

from recette.policy.filtering import collapsed, inside
from recette.policy.publishing import operators
from recette.site import Host, Site, Zone
from recette.site.topology import agreed


def tunnels(site: Site, host: Host) -> list[dict[str, Any]]:
    """Tunnels that end on a host: on level 1, one for each zone reached by a gateway; on such a gateway, its own.

    The first level opens them: it knows which of its members and of its accesses is in service.
    """
    return [
        _tunnel(site, zone, gateway, host)
        for zone in site.zones.values()
        if zone.vpn == "site" and (gateway := gateway_of(site, zone)) and (host.level == 1 or host is gateway)
    ]


def gateway_of(site: Site, zone: Zone) -> Host:
    """The host that routes a zone behind a tunnel."""
    return next(host for host in site.hosts.values() if zone.gateway in [each.address for each in host.interfaces])


def barred(site: Site, host: Host) -> list[str]:
    """Networks that a host may only reach through a tunnel: those behind it, seen from the site, else the whole site.

    No tunnel carries IPv6: the first level refuses it by its filtering, and says so; elsewhere a bar must do.
    """
    if host.level == 1:
        return _texts(zone.network for zone in site.zones.values() if zone.vpn)
    return [*_texts(inside(site)), *(str(zone.network6) for zone in site.zones.values() if not zone.outer)]


def _tunnel(site: Site, zone: Zone, gateway: Host, host: Host) -> dict[str, Any]:
    outside = next(each.address for each in gateway.interfaces if site.zone(each.zone).role == "internet")
    first_level = next(host for host in site.hosts.values() if host.level == 1)
    here, there = _texts(agreed(site, zone)), _texts([zone.network])
    ways = [(each["interface"], each["virtual_address"], str(outside)) for each in operators(site, first_level)]
    opens = host.level == 1
    if not opens:
        here, there = there, here
    return {
        "name": zone.name if opens else site.name,
        "peer": gateway.name if opens else first_level.redundancy,
        "opens": opens,
        "paths": [
            {"access": access, "here": near if opens else far, "there": far if opens else near}
            for access, near, far in ways
        ],
        "networks_here": here,
        "networks_there": there,
    }


def _texts(networks: Iterable[IPv4Network]) -> list[str]:
    return [str(network) for network in collapsed(networks)]
