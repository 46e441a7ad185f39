"""Which clocks each host follows, and to whom it gives the time: as the flow matrix lets it."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

from recette.policy.paths import side
from recette.policy.reach import directory, operators, within_reach
from recette.site import Host, Site

NTP = 123
ANYBODY = IPv4Network("0.0.0.0/0")


def time_sources(site: Site, host: Host) -> list[IPv4Address]:
    """The directory's servers inside; the operators' outside, in the DMZ and for the directory; none for operators."""
    return [] if host in operators(site) else within_reach(site, host, NTP)


def time_peers(site: Site, host: Host) -> list[IPv4Address]:
    """The other servers of the directory, for one of them: without the outside, the site keeps one single time."""
    servers = directory(site)
    return [peer.address for peer in servers if peer != host] if host in servers else []


def time_clients(site: Site, host: Host) -> list[IPv4Network]:
    """Networks that a host gives the time to: those of its clients for the directory, anybody for an operator."""
    if host in operators(site):
        return [ANYBODY]
    if host not in directory(site):
        return []
    clients = [each for each in site.hosts.values() if host.address in time_sources(site, each)]
    networks = {site.zone(zone).network for each in clients for zone in side(site, each, host.address)}
    return sorted(networks | {site.zone(zone).network for zone in host.zones})
