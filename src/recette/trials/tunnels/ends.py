"""The two ends of the tunnel toward another site, and what they agreed on."""

from __future__ import annotations

from dataclasses import dataclass

from recette.errors import Inconclusive
from recette.platform import Platform
from recette.policy.tunnels import gateway_of
from recette.probes.associations import Association, associations
from recette.site import Host, Zone
from recette.waiting import NotYet, wait_until

STANDING_LIMIT_S = 30.0
"""Guard against waiting for ever; what the contract allows is in the features."""


@dataclass(frozen=True)
class Ends:
    """Where a tunnel ends: the zone behind it, its gateway, the member of level 1 in service, and what each sees."""

    zone: Zone
    gateway: Host
    active: Host
    near: Association
    far: Association


def await_standing(platform: Platform) -> Ends:
    """Wait until the tunnel stands at both ends, each naming the other. Raises Inconclusive if it never does."""
    platform.settle()
    zone = _zone(platform)
    gateway = gateway_of(platform.site, zone)

    found: list[Ends] = []

    def standing() -> bool | NotYet:
        active = platform.active(1)
        near = [each for each in associations(platform.remote, active.name) if each.name.startswith(f"{zone.name}-")]
        # What an attempt given up has begun there is no tunnel: it lasts as long as the wait.
        far = [each for each in associations(platform.remote, gateway.name) if not each.begun_only]
        if len(near) == len(far) == 1 and near[0].stands and far[0].stands and _same(near[0], far[0]):
            found.append(Ends(zone, gateway, active, near[0], far[0]))
            return True
        return NotYet(f"{active.name} : {_said(near)} ; {gateway.name} : {_said(far)}")

    wait_until(standing, STANDING_LIMIT_S, f"Le tunnel vers {zone.name}")
    return found[-1]


def _same(near: Association, far: Association) -> bool:
    """Whether the keys of one end are those of the other."""
    return {child.spi_in for child in near.children} == {child.spi_out for child in far.children}


def _said(found: list[Association]) -> str:
    return ", ".join(f"{each.name} {each.state}" for each in found) or "aucun tunnel"


def _zone(platform: Platform) -> Zone:
    for zone in platform.site.zones.values():
        if zone.vpn == "site":
            return zone
    raise Inconclusive("Aucune zone du site n'est jointe par un tunnel de site à site")
