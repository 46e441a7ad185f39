"""Which zones are buildings: those where people work."""

from __future__ import annotations

from recette.site import Site

WORKPLACES = ("postes", "lignes")
"""Ansible groups of the workstations, and of the hosts of production."""


def buildings(site: Site) -> list[str]:
    """Zones that hold a workstation or a production line, in inventory order."""
    return list(
        dict.fromkeys(zone for host in site.hosts.values() if host.groups & set(WORKPLACES) for zone in host.zones)
    )
