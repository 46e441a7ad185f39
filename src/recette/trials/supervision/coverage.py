"""What must be watched, from the inventory, against what is: nothing here asks Zabbix what it should watch."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from recette.errors import Inconclusive
from recette.platform import Platform
from recette.policy.watching import met_at
from recette.probes.monitoring import Item
from recette.shell import side_by_side
from recette.site import Host, Site
from recette.site.names import EVERY_HOST

LOOK_S, PAUSE_S = 45.0, 2.0
"""What is watched is measured again within the first, since every host is asked each 10 s."""
STATE = "etat.instant"
"""When a host told its state: it comes with the answer of its agent."""
CERTIFICATES = "find /etc/site-pki -maxdepth 1 -name '*.pem' ! -name ca.pem ! -name crl.pem"
CLEAR = "zabbix_get --host {address} --key agent.ping --timeout 3"
NO_PROGRAM = 127


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many things the inventory holds, and those of which nobody would hear."""

    expected: int
    missed: tuple[str, ...]


def hosts(platform: Platform) -> Coverage:
    """Every host of the site answers the supervision, now."""
    expected = [(host.name, STATE) for host in platform.site.members(EVERY_HOST)]
    return _measured(platform, {each: each[0] for each in expected}, STATE)


def services(platform: Platform) -> Coverage:
    """Every service of each host is measured, now, and its end would be told."""
    expected = [(host.name, unit) for host in platform.site.members(EVERY_HOST) for unit in units(platform.site, host)]
    return _told_of(platform, _named(expected, "service.actif"), "service.actif[")


def certificates(platform: Platform) -> Coverage:
    """Every certificate that a host holds is measured, now, and its end would be told."""
    names = [host.name for host in platform.site.members(EVERY_HOST)]
    held = platform.remote.map(names, CERTIFICATES)
    unread = [name for name in names if held[name].rc != 0]
    if unread:
        raise Inconclusive(f"Certificats illisibles sur {', '.join(unread)}")
    expected = [
        (name, line.rsplit("/", 1)[-1].removesuffix(".pem")) for name in names for line in held[name].stdout.split()
    ]
    return _told_of(platform, _named(expected, "certificat.jours"), "certificat.jours[")


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
        if done.rc == NO_PROGRAM:
            raise Inconclusive(f"{server.name} : rien pour interroger un agent ({done.stderr.strip()})")
        return done.rc == 0 and done.stdout.strip() == "1"

    told = side_by_side(found, answers)
    return _coverage(list(found), [name for name, answered in told.items() if answered])


def _named(expected: Sequence[tuple[str, str]], kind: str) -> dict[tuple[str, str], str]:
    """Host and key of what must be measured -> how it is told."""
    return {(host, f"{kind}[{name}]"): f"{host} : {name}" for host, name in expected}


def _told_of(platform: Platform, expected: Mapping[tuple[str, str], str], pattern: str) -> Coverage:
    """What has no value, and what is measured without anybody hearing of it: no trigger, or one that is disabled."""
    measured = _measured(platform, expected, pattern)
    judged = platform.monitoring.told_of()
    unheard = [f"{name} (sans alerte)" for each, name in expected.items() if each not in judged]
    return _coverage(list(expected), [*measured.missed, *unheard])


def _measured(platform: Platform, expected: Mapping[tuple[str, str], str], pattern: str) -> Coverage:
    """What has no value from after now: a value from before a host went silent would tell nothing."""
    since = int(time.time()) + 1
    deadline = time.monotonic() + LOOK_S
    while True:
        last_look = time.monotonic() >= deadline
        missed = unmeasured(expected, platform.monitoring.items(pattern), since)
        if not missed or last_look:
            return _coverage(list(expected), missed)
        time.sleep(PAUSE_S)


def unmeasured(expected: Mapping[tuple[str, str], str], items: Iterable[Item], since: int) -> list[str]:
    """What has no value from this second of the epoch on; hosts and this machine share the time of the site."""
    fresh = {(item.host, item.key) for item in items if item.measured_at >= since}
    return [name for each, name in expected.items() if each not in fresh]


def _coverage(expected: list[str] | list[tuple[str, str]], missed: list[str]) -> Coverage:
    if not expected:
        raise Inconclusive("L'inventaire ne désigne rien à surveiller")
    return Coverage(len(expected), tuple(missed))
