"""The loss of one of the two accesses to the Internet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from recette.actions import Fault, Injection
from recette.errors import Inconclusive
from recette.platform import Platform
from recette.probes.flows import Flows
from recette.probes.watch import Watch
from recette.site import Cell
from recette.trials.failover import served_again
from recette.trials.matrix import not_accepted
from recette.waiting import NotYet, wait_until

PREFERRED_LIMIT_S = 20.0
"""Guard: the preferred access is used again once it has answered for some seconds."""


SWITCH_LIMIT_S = 10.0


@dataclass
class Loss:
    """An operator out of service, and the zones of the two accesses."""

    platform: Platform
    injection: Injection
    lost_zone: str
    remaining_zone: str


@contextmanager
def lose(platform: Platform, name: str, fault: Fault, watches: Sequence[Watch]) -> Iterator[Loss]:
    """Cut an operator off and wait until the users are served again; leaving the block gives it back."""
    operator = platform.site.host(name)
    zones = [zone.name for zone in platform.site.zones.values() if zone.role == "operateur"]
    (lost,) = set(zones) & set(operator.zones)
    (remaining,) = set(zones) - {lost}
    platform.settle()
    await_preferred(platform)
    try:
        with platform.faults.inject(fault, operator) as injection:
            _await_switch(platform, lost)
            for watch in watches:
                served_again(watch)
            yield Loss(platform, injection, lost, remaining)
    finally:
        await_preferred(platform)


def restore(loss: Loss, watches: Sequence[Watch]) -> None:
    """Give the operator back, wait until it is used again, and let the users be probed for a while."""
    loss.injection.repair()
    await_preferred(loss.platform)
    for watch in watches:
        served_again(watch)


def published_through(cells: Iterable[Cell], zones: set[str]) -> list[Cell]:
    """The published TCP services, seen from outside by the accesses named. Raises Inconclusive if there are none."""
    found = [c for c in cells if c.flow and c.flow.published and c.zone_target in zones and c.service.protocol == "tcp"]
    if not found:
        raise Inconclusive(f"Aucun service publié sur {', '.join(sorted(zones))}")
    return found


def unreachable(platform: Platform, cells: list[Cell]) -> list[str]:
    """One line for each published service that did not answer."""
    return not_accepted(Flows(platform.site, platform.remote).try_cells(cells))


def await_preferred(platform: Platform) -> None:
    """Wait until both firewalls see both accesses work and use the first: only then can one of them be lost.

    Raises Inconclusive after `PREFERRED_LIMIT_S`.
    """
    gateway = next(zone.gateway for zone in platform.site.zones.values() if zone.role == "operateur")
    members = _outer_firewalls(platform)

    def preferred() -> bool | NotYet:
        seen = platform.remote.map(members, "cat /run/acces-internet.json; ip -4 route show default")
        late = {name: done.stdout for name, done in seen.items() if not _nominal(done.stdout, str(gateway))}
        return not late or NotYet(" ; ".join(f"{name} : {' '.join(text.split())}" for name, text in late.items()))

    wait_until(preferred, PREFERRED_LIMIT_S, "Le retour à l'opérateur principal")


def _await_switch(platform: Platform, lost: str) -> None:
    """Wait until the firewalls have left the access; one that never does is judged by the users' outage."""
    members = _outer_firewalls(platform)

    def left() -> bool:
        routes = platform.remote.map(members, "ip -4 route show default")
        return not any(f"dev {lost} " in done.stdout for done in routes.values())

    try:
        wait_until(left, SWITCH_LIMIT_S, f"L'abandon de l'accès {lost}")
    except Inconclusive:
        return


def _outer_firewalls(platform: Platform) -> list[str]:
    return [host.name for host in platform.site.hosts.values() if host.level == 1]


def _nominal(text: str, gateway: str) -> bool:
    """Whether a firewall says that no access is lost, and that its default route is the first one."""
    return "true" in text and "false" not in text and f"default via {gateway} " in text
