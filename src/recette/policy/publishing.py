"""The Internet accesses of the first level, and what it publishes on them."""

from __future__ import annotations

from typing import Any

from recette.policy.ends import parties
from recette.policy.filtering import merged
from recette.policy.paths import accesses
from recette.site import Host, Site


def operators(site: Site, firewall: Host) -> list[dict[str, Any]]:
    """The accesses of a firewall, the preferred one first; `number` marks connections and numbers routing tables.

    A firewall that stands alone has no virtual address: its own one serves.
    """
    vips = site.vips.get(firewall.redundancy or "", {})
    return [
        {
            "interface": zone,
            "number": number,
            "network": str(site.zone(zone).network),
            "address": str(firewall.interface(zone).address),
            "virtual_address": str(vips.get(zone, firewall.interface(zone).address)),
            "gateway": str(site.zone(zone).gateway),
        }
        for number, zone in enumerate(accesses(site, firewall), start=1)
    ]


def publications(site: Site) -> list[dict[str, Any]]:
    """Flows from outside to a host of the DMZ, reached on the virtual address of every access."""
    return [
        {
            "flow": flow.id,
            "sources": [str(party.host.address) for party in parties(site, flow.source) if party.host],
            "protocol": flow.protocol,
            "ports": [str(ports) for ports in merged(flow.ports)],
            "to": str(target.address),
        }
        for flow in site.flows
        if flow.published
        for target in site.expand(flow.destination)
    ]
