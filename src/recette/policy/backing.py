"""What is copied of each host, and by whom: from the data sets of the inventory and from the flow matrix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recette.errors import RecetteError
from recette.policy.watching import met_at
from recette.site import Host, Site
from recette.site.names import EVERY_HOST

SETS = "site_backups"
"""Variable of the inventory: data sets of each Ansible group; those of `all` are every host's."""
SERVERS, FAR_SERVERS, COLLECTORS = "sauvegarde", "hors_site", "administration"
"""Ansible groups of the server of the copies, of the one that keeps them far away, and of who collects."""
PORT = 8000
DIRECTORY = "annuaire"


def data_sets(site: Site, host: Host) -> list[dict[str, Any]]:
    """Data sets of a host, in the order of the inventory. Raises RecetteError where one is not a table of its name."""
    found = []
    for group, declared in _declared(site).items():
        if group == "all" or group in host.groups:
            for each in declared:
                if not isinstance(each, Mapping) or not isinstance(each.get("rpo_minutes"), int):
                    raise RecetteError(f"{SETS}: {group}: each data set has a name and its rpo_minutes")
                found.append({**each, **_others(site, host, each)})
    return found


def backed(site: Site) -> list[Host]:
    """Every host whose data sets must be copied: none where the inventory declares no data set."""
    return list(site.members(EVERY_HOST)) if _declared(site) else []


def pushes(site: Site, host: Host) -> bool:
    """Whether the matrix lets a host speak to the server of the copies, or it is that server itself."""
    servers = {each for each in site.hosts.values() if SERVERS in each.groups}
    return host in servers or any(
        host in site.expand(flow.source) and servers & set(site.expand(flow.destination))
        for flow in site.flows
        if flow.protocol == "tcp" and any(ports.first <= PORT <= ports.last for ports in flow.ports)
    )


def backing(site: Site, host: Host) -> dict[str, Any]:
    """What the roles need: the sets of a host, those that it collects, the repositories that it keeps."""
    hosts = backed(site)
    if not hosts:
        return {}
    found: dict[str, Any] = {}
    if host in hosts:
        found |= {"sets": data_sets(site, host), "pushes": pushes(site, host)}
    if COLLECTORS in host.groups:
        found["collected"] = [
            {"host": each.name, "address": str(met_at(site, each, host)), "sets": data_sets(site, each)}
            for each in hosts
            if not pushes(site, each)
        ]
    if {SERVERS, FAR_SERVERS} & host.groups:
        found["repositories"] = [
            {
                "name": each.name,
                "sets": [{name: one[name] for name in ("name", "rpo_minutes")} for one in data_sets(site, each)],
            }
            for each in hosts
        ]
    return found


def _declared(site: Site) -> Mapping[str, list[Any]]:
    declared = site.variables.get(SETS, {})
    if not isinstance(declared, Mapping):
        raise RecetteError(f"{SETS} is not a table of groups")
    return declared


def _others(site: Site, host: Host, one: Mapping[str, Any]) -> dict[str, Any]:
    """For a directory, where its other controllers answer."""
    if one.get("kind") != DIRECTORY:
        return {}
    return {"others": [str(each.address) for each in site.members(DIRECTORY) if each != host]}
