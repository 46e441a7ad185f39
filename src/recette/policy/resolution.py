"""Which resolvers each host asks: those that the flow matrix lets it ask."""

from __future__ import annotations

from ipaddress import IPv4Address

from recette.site import Flow, Host, Site

DNS = 53
DIRECTORY, OPERATORS = "annuaire", "operateurs"
"""Ansible groups of the hosts that resolve names: for the site, and for the Internet."""


def nameservers(site: Site, host: Host) -> list[IPv4Address]:
    """The directory's servers inside, the operators' outside and in the DMZ, none where the matrix opens no way.

    A directory server asks its peers first: one that asked itself alone would not find them when it starts.
    """
    directory = _grouped(site, DIRECTORY)
    if host in directory:
        return [peer.address for peer in directory if peer != host] + [IPv4Address("127.0.0.1")]
    if any(_may_ask(site, host, server) for server in directory):
        return [server.address for server in directory]
    if site.zone(host.zones[0]).outer or _may_ask_internet(site, host):
        return [operator.interface(zone).address for operator in _grouped(site, OPERATORS) for zone in _internet(site)]
    return []


def _grouped(site: Site, group: str) -> list[Host]:
    return [host for host in site.hosts.values() if group in host.groups]


def _internet(site: Site) -> list[str]:
    return [zone.name for zone in site.zones.values() if zone.role == "internet"]


def _may_ask(site: Site, host: Host, server: Host) -> bool:
    return any(
        host in site.expand(flow.source) and server in site.expand(flow.destination) for flow in _clear_dns(site)
    )


def _may_ask_internet(site: Site, host: Host) -> bool:
    internet = set(_internet(site))
    return any(host in site.expand(flow.source) and internet & set(flow.destination) for flow in _clear_dns(site))


def _clear_dns(site: Site) -> list[Flow]:
    return [
        flow
        for flow in site.flows
        if flow.protocol == "udp" and not flow.tunnel and any(DNS in ports for ports in flow.ports)
    ]
