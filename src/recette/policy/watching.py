"""Whom the supervision watches, at which address it meets each host, and behind which firewall that host stands."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Any

from recette.policy.paths import side
from recette.site import Host, Site
from recette.site.names import EVERY_HOST

WATCHERS = "supervision"
"""Ansible group of the servers that watch; in the flow matrix the same word names their zone."""
NOWHERE = IPv4Address("127.0.0.1")
"""Gateway of what stands beside the watcher: it always answers, so nothing hides the host."""
HOST, SHARED, POWER = "Hote du site", "Adresse partagee", "Onduleur et salle propre"
"""Templates of role supervision (files/modeles.yml)."""
POWERED = "onduleurs"
"""Ansible group of the hosts that tell the state of a UPS."""
GATEWAY = "{$PASSERELLE}"
"""Macro by which a template knows what must answer for its host to be reached."""


def watched(site: Site, watcher: Host) -> list[dict[str, Any]]:
    """Every host of the site, in inventory order, as a server of the supervision asks it; none for other hosts."""
    if WATCHERS not in watcher.groups:
        return []
    return [
        {
            "name": host.name,
            "groups": sorted(host.groups - {"all", "ungrouped"}),
            "templates": [HOST, POWER] if POWERED in host.groups else [HOST],
            "address": str(met_at(site, host, watcher)),
            "macros": {GATEWAY: str(gateway(site, host, watcher))},
        }
        for host in site.members(EVERY_HOST)
    ]


def shared(site: Site, watcher: Host) -> list[dict[str, Any]]:
    """Virtual addresses that a server of the supervision may reach: one for each redundancy group that it meets."""
    if WATCHERS not in watcher.groups:
        return []
    found = []
    for name, zones in site.vips.items():
        member = site.group(name)[0]
        zone = side(site, member, watcher.address)[0]
        if zone in zones:
            found.append(
                {
                    "name": shared_name(name),
                    "groups": ["adresses partagées"],
                    "templates": [SHARED],
                    "address": str(zones[zone]),
                    "macros": {GATEWAY: str(gateway(site, member, watcher))},
                }
            )
    return found


def shared_name(group: str) -> str:
    """How the supervision calls the virtual address of a redundancy group."""
    return f"adresse-{group}"


def met_at(site: Site, host: Host, watcher: Host) -> IPv4Address:
    """The address of a host on the side from which the watcher comes."""
    return host.interface(side(site, host, watcher.address)[0]).address


def gateway(site: Site, host: Host, watcher: Host) -> IPv4Address:
    """The virtual address of the last firewall before a host, on the side of the watcher: its loss explains silence."""
    if set(host.zones) & set(watcher.zones):
        return NOWHERE
    before = [
        address
        for name in _crossed(site, host, watcher)
        for zone, address in site.vips.get(name, {}).items()
        if zone == side(site, site.group(name)[0], watcher.address)[0]
    ]
    return before[-1] if before else NOWHERE


def _crossed(site: Site, host: Host, watcher: Host) -> list[str]:
    """Redundancy groups of the firewalls on the way, the nearest to the watcher first; that of the host left out."""
    pairs = {each.redundancy: each.level for each in site.hosts.values() if each.level and each.redundancy}
    crossed = [
        name
        for name in pairs
        if name != host.redundancy
        and side(site, site.group(name)[0], host.address) != side(site, site.group(name)[0], watcher.address)
    ]
    return sorted(crossed, key=lambda name: -(pairs[name] or 0))
