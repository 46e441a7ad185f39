"""The faults that a scenario may inject, as data: what each does, and what undoes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, auto

from recette.actions.journal import Act
from recette.errors import RecetteError
from recette.site import Host, Site


class Fault(StrEnum):
    """What may happen to a machine of the site."""

    POWER_CUT = "power-cut"
    KERNEL_PANIC = "kernel-panic"
    LINK_DOWN = "link-down"
    ISOLATED = "isolated"
    LINK_MUTE = "link-mute"
    SERVICE_KILLED = "service-killed"
    SERVICE_STOPPED = "service-stopped"
    SERVICE_FROZEN = "service-frozen"
    OPERATOR_CUT = "operator-cut"
    LEVEL_OPEN = "level-open"


class Over(StrEnum):
    """What a move is made on, hence its arguments."""

    HOST = auto()
    LINK = auto()
    """The host's cable in the zone that is asked for."""
    EVERY_LINK = auto()
    UNIT = auto()
    LEVEL = auto()
    """Every member of the host's redundancy group."""


@dataclass(frozen=True)
class Move:
    """One verb of a driver."""

    driver: str
    verb: str
    over: Over


@dataclass(frozen=True)
class Recipe:
    """How to break and how to undo. `label` is the French name that reports show; `only` is a group of hosts."""

    label: str
    act: tuple[Move, ...]
    undo: tuple[Move, ...]
    only: str | None = None


CATALOGUE: Mapping[Fault, Recipe] = {
    Fault.POWER_CUT: Recipe(
        "coupure d'alimentation",
        act=(Move("power", "cut", Over.HOST),),
        undo=(Move("power", "start", Over.HOST),),
    ),
    # The links are given back too: a start leaves a machine alone that was muted but not frozen yet.
    Fault.KERNEL_PANIC: Recipe(
        "panique du noyau",
        act=(Move("power", "panic", Over.HOST),),
        undo=(Move("power", "start", Over.HOST), Move("power", "unmute", Over.EVERY_LINK)),
    ),
    Fault.LINK_DOWN: Recipe(
        "lien débranché",
        act=(Move("power", "unplug", Over.LINK),),
        undo=(Move("power", "plug", Over.LINK),),
    ),
    Fault.ISOLATED: Recipe(
        "tous les liens débranchés",
        act=(Move("power", "unplug", Over.EVERY_LINK),),
        undo=(Move("power", "plug", Over.EVERY_LINK),),
    ),
    Fault.LINK_MUTE: Recipe(
        "lien muet",
        act=(Move("power", "mute", Over.LINK),),
        undo=(Move("power", "unmute", Over.LINK),),
    ),
    Fault.SERVICE_KILLED: Recipe(
        "service tué",
        act=(Move("service", "kill", Over.UNIT),),
        undo=(Move("service", "start", Over.UNIT),),
    ),
    Fault.SERVICE_STOPPED: Recipe(
        "service arrêté",
        act=(Move("service", "stop", Over.UNIT),),
        undo=(Move("service", "start", Over.UNIT),),
    ),
    # Its processes live, and answer nothing any more.
    Fault.SERVICE_FROZEN: Recipe(
        "service figé",
        act=(Move("service", "freeze", Over.UNIT),),
        undo=(Move("service", "thaw", Over.UNIT),),
    ),
    Fault.OPERATOR_CUT: Recipe(
        "accès opérateur coupé",
        act=(Move("power", "unplug", Over.EVERY_LINK),),
        undo=(Move("power", "plug", Over.EVERY_LINK),),
        only="operateurs",
    ),
    Fault.LEVEL_OPEN: Recipe(
        "niveau de pare-feu grand ouvert",
        act=(Move("firewall", "open", Over.LEVEL),),
        undo=(Move("firewall", "close", Over.LEVEL),),
        only="pare_feu",
    ),
}


@dataclass(frozen=True)
class Plan:
    """A fault on given hosts, as acts that a journal can hold."""

    fault: Fault
    where: tuple[Host, ...]
    act: tuple[Act, ...]
    undo: tuple[Act, ...]


def plan(site: Site, fault: Fault, on: Host, *, zone: str | None = None, unit: str | None = None) -> Plan:
    """Raises RecetteError if the fault cannot be injected there: unknown host, wrong group, zone or unit missing."""
    if site.host(on.name) != on:
        raise RecetteError(f"{fault}: {on.name} belongs to another site than {site.name}")
    recipe = CATALOGUE[fault]
    if recipe.only is not None and recipe.only not in on.groups:
        raise RecetteError(f"{fault}: {on.name} is not in group {recipe.only}")
    wanted = {move.over for move in recipe.act}
    _check_argument(fault, "zone", zone, needed=Over.LINK in wanted)
    _check_argument(fault, "unit", unit, needed=Over.UNIT in wanted)
    if zone is not None:
        on.interface(zone)
    where = site.group(on.redundancy) if Over.LEVEL in wanted and on.redundancy else (on,)
    targets = {
        Over.HOST: ((on.name,),),
        Over.LINK: ((on.name, zone or ""),),
        Over.EVERY_LINK: tuple((on.name, interface.zone) for interface in on.interfaces),
        Over.UNIT: ((on.name, unit or ""),),
        Over.LEVEL: tuple((host.name,) for host in where),
    }

    def acts(moves: tuple[Move, ...]) -> tuple[Act, ...]:
        return tuple(Act(driver=m.driver, verb=m.verb, args=args) for m in moves for args in targets[m.over])

    return Plan(fault, where, acts(recipe.act), acts(recipe.undo))


def _check_argument(fault: Fault, name: str, value: str | None, *, needed: bool) -> None:
    if needed and not value:
        raise RecetteError(f"{fault}: a {name} is needed")
    if value and not needed:
        raise RecetteError(f"{fault}: no {name} is needed, {value} was given")
