"""The virtual addresses of a pair, and which member is the nominal master."""

from __future__ import annotations

from typing import Any

from recette.site import Host, Site

FIRST_PRIORITY, PRIORITY_STEP = 200, 50
SYNC_PORT = 3780


def redundancy(site: Site, host: Host) -> dict[str, Any]:
    """VRRP instances of a member: one for each zone where its group has a virtual address."""
    group = host.redundancy or ""
    members = site.group(group)
    others = [member for member in members if member is not host]
    return {
        "priority": FIRST_PRIORITY - PRIORITY_STEP * members.index(host),
        "sync": _synchronisation(site, host, others),
        "own_addresses": [str(interface.address) for interface in host.interfaces],
        "instances": [
            {
                "interface": zone,
                # The last byte of a virtual address is unique in its zone: so is the identifier made of it.
                "router_id": vip.packed[-1],
                "address": str(host.interface(zone).address),
                "peers": [str(other.interface(zone).address) for other in others],
                "virtual_address": str(vip),
                "virtual_address6": str(site.vip6(group, zone)),
            }
            for zone, vip in site.vips[group].items()
        ],
    }


def _synchronisation(site: Site, host: Host, others: list[Host]) -> dict[str, Any]:
    """Link by which a pair synchronises its sessions: the transit; nothing for what is no pair of firewalls."""
    zones = [zone for zone in host.zones if site.zone(zone).role == "transit"]
    if not zones or len(others) != 1:
        return {}
    own, other = host.interface(zones[0]), others[0].interface(zones[0])
    return {"interface": own.name, "address": str(own.address), "peer": str(other.address), "port": SYNC_PORT}
