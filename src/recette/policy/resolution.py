"""Which resolvers each host asks: those that the flow matrix lets it ask."""

from __future__ import annotations

from ipaddress import IPv4Address

from recette.policy.reach import directory, within_reach
from recette.site import Host, Site

DNS = 53


def aliases(site: Site) -> dict[str, list[str]]:
    """Other names of a host, which must be known even while no resolver answers: those of the directory's servers.

    Their users reach them by their names in the domain; the first resolver asked may be the very server that has died.
    """
    realm = str(site.variables.get("site_realm", "")).lower()
    return {server.name: [f"{server.name}.{realm}"] for server in directory(site)} if realm else {}


def nameservers(site: Site, host: Host) -> list[IPv4Address]:
    """The directory's servers inside, the operators' outside and in the DMZ, none where the matrix opens no way.

    A directory server asks its peers first: one that asked itself alone would not find them when it starts.
    """
    servers = directory(site)
    if host in servers:
        return [peer.address for peer in servers if peer != host] + [IPv4Address("127.0.0.1")]
    return within_reach(site, host, DNS)
