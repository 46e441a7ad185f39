"""What must be watched, from the inventory, against what is: nothing here asks Zabbix what it should watch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from recette.errors import Inconclusive
from recette.platform import Platform
from recette.policy.watching import met_at
from recette.probes.monitoring import Item
from recette.shell import side_by_side
from recette.site import Host, Site
from recette.site.names import EVERY_HOST

FRESH_S = 60.0
"""A value older than that tells nothing of now."""
CERTIFICATES = "ls -1 /etc/site-pki/*.pem | grep -v -e /ca.pem -e /crl.pem; true"
CLEAR = "zabbix_get --host {address} --key agent.ping --timeout 3"


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many things the inventory holds, and those of which nobody would hear."""

    expected: int
    missed: tuple[str, ...]


def hosts(platform: Platform) -> Coverage:
    """Every host of the site answers the supervision."""
    expected = [host.name for host in platform.site.members(EVERY_HOST)]
    answering = platform.monitoring.hosts()
    return _coverage(expected, [name for name in expected if not answering.get(name)])


def services(platform: Platform) -> Coverage:
    """Every service of each host is measured, now."""
    expected = [(host.name, unit) for host in platform.site.members(EVERY_HOST) for unit in units(platform.site, host)]
    return _measured(expected, "service.actif", platform.monitoring.items("service.actif["))


def certificates(platform: Platform) -> Coverage:
    """Every certificate that a host holds is measured, now."""
    names = [host.name for host in platform.site.members(EVERY_HOST)]
    held = platform.remote.map(names, CERTIFICATES)
    expected = [
        (name, line.rsplit("/", 1)[-1].removesuffix(".pem")) for name in names for line in held[name].stdout.split()
    ]
    return _measured(expected, "certificat.jours", platform.monitoring.items("certificat.jours["))


def units(site: Site, host: Host) -> list[str]:
    """Services that a host must give, as the inventory says. Inconclusive if it says nothing of any."""
    common, by_group = site.variables.get("site_common_services"), site.variables.get("site_services")
    if not isinstance(common, list) or not isinstance(by_group, Mapping):
        raise Inconclusive("L'inventaire ne dit pas quels services chaque hôte doit rendre")
    return [*common, *(unit for group, found in by_group.items() if group in host.groups for unit in found)]


def open_agents(platform: Platform) -> Coverage:
    """Agents that answer without their key, asked from the server in service."""
    server = platform.site.host(platform.monitoring.active())
    found = {host.name: str(met_at(platform.site, host, server)) for host in platform.site.members(EVERY_HOST)}

    def answers(name: str) -> bool:
        done = platform.remote.run(server.name, CLEAR.format(address=found[name]))
        return done.rc == 0 and done.stdout.strip() == "1"

    told = side_by_side(found, answers)
    return _coverage(list(found), [name for name, answered in told.items() if answered])


def _measured(expected: list[tuple[str, str]], kind: str, items: Iterable[Item]) -> Coverage:
    fresh = {(item.host, item.key) for item in items if item.age_s is not None and item.age_s <= FRESH_S}
    missed = [f"{host} : {name}" for host, name in expected if (host, f"{kind}[{name}]") not in fresh]
    return _coverage(expected, missed)


def _coverage(expected: list[str] | list[tuple[str, str]], missed: list[str]) -> Coverage:
    if not expected:
        raise Inconclusive("L'inventaire ne désigne rien à surveiller")
    return Coverage(len(expected), tuple(missed))
