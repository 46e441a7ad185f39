"""Which servers of a common service (names, time) each host may ask: the directory's, else the operators'."""

from __future__ import annotations

from ipaddress import IPv4Address

from recette.site import Flow, Host, Site

DIRECTORY, OPERATORS = "annuaire", "operateurs"
"""Ansible groups of the hosts that serve the site, and the Internet."""


def within_reach(site: Site, host: Host, port: int) -> list[IPv4Address]:
    """Addresses to ask: the directory's if the matrix opens the way, else the operators' if it does, else none.

    `port` is that of a UDP service. The outside asks the operators, whatever the matrix says. A directory server is
    no server for its peers.
    """
    inner = directory(site)
    if host not in inner and any(_may_ask(site, host, server, port) for server in inner):
        return [server.address for server in inner]
    if site.zone(host.zones[0]).outer or _may_ask_internet(site, host, port):
        return [operator.interface(zone).address for operator in operators(site) for zone in _internet(site)]
    return []


def directory(site: Site) -> list[Host]:
    """Hosts of the directory, in inventory order."""
    return _grouped(site, DIRECTORY)


def operators(site: Site) -> list[Host]:
    """Hosts of the operators, in inventory order."""
    return _grouped(site, OPERATORS)


def _grouped(site: Site, group: str) -> list[Host]:
    return [host for host in site.hosts.values() if group in host.groups]


def _internet(site: Site) -> list[str]:
    return [zone.name for zone in site.zones.values() if zone.role == "internet"]


def _may_ask(site: Site, host: Host, server: Host, port: int) -> bool:
    return any(
        host in site.expand(flow.source) and server in site.expand(flow.destination) for flow in _flows(site, port)
    )


def _may_ask_internet(site: Site, host: Host, port: int) -> bool:
    internet = set(_internet(site))
    return any(host in site.expand(flow.source) and internet & set(flow.destination) for flow in _flows(site, port))


def _flows(site: Site, port: int) -> list[Flow]:
    """Flows in clear text that carry a UDP service."""
    return [
        flow
        for flow in site.flows
        if flow.protocol == "udp" and not flow.tunnel and any(port in ports for ports in flow.ports)
    ]
