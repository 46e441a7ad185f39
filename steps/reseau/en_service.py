"""The site in service, and what every network scenario works with."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import closing

import pytest
from pytest_bdd import given

from recette.evidence import Recorder, RunStore
from recette.platform import Platform
from recette.sabotage import recover
from recette.site import Cell, Site
from recette.site.diagram import svg
from recette.site.matrix import cells as every_cell
from recette.trials.coverage import RuleCoverage
from recette.trials.fidelity import LEDGER
from recette.trials.streams import Stream, find

STREAMS = {
    "d'Internet au mandataire": ("attaquant", "mandataire", "nomade"),
    "de la DMZ à la messagerie": ("mx-1", "mail1", None),
    "de la DMZ à Internet": ("mx-1", "mx-externe", None),
    "d'un bureau à l'annuaire": ("poste-b30", "dc1", None),
    "du siège à l'annuaire": ("siege-poste", "dc1", None),
}
"""Words of the features -> who calls whom, and the host of the same zone where the user sits."""


@pytest.fixture(scope="session")
def platform(site: Site, campagne: RunStore, pytestconfig: pytest.Config) -> Iterator[Platform]:
    """The site, brought into service once; a sabotaged one is taken as it is."""
    with closing(Platform(site)) as platform:
        if pytestconfig.getoption("sabotage_run") is None:
            recover(site)
            platform.bring_into_service()
        campagne.attach("site.svg", svg(site))
        campagne.annex(LEDGER)
        yield platform


@pytest.fixture(scope="session")
def cells(site: Site) -> tuple[Cell, ...]:
    """Every attempt of the flow matrix."""
    return tuple(every_cell(site))


@pytest.fixture(scope="session")
def coverage(platform: Platform, campagne: RunStore) -> Iterator[RuleCoverage]:
    """Rules hit by the scenarios of the whole run."""
    coverage = RuleCoverage(platform.site, platform.remote)
    yield coverage
    campagne.annex(coverage.result)


@given("le réseau du site est en service")
def network_is_in_service(coverage: RuleCoverage) -> Iterator[None]:
    before = coverage.read()
    yield
    coverage.add(before)


def stream(platform: Platform, cells: tuple[Cell, ...], words: str) -> Stream:
    """The flow that a feature names. Raises KeyError for words that mean nothing: an unknown word is never a guess."""
    source, target, user = STREAMS[words]
    return find(platform.site, cells, words, source, target, user=platform.site.host(user) if user else None)


def measured_within(preuves: Recorder, name: str, value: float, unit: str, limit: float) -> bool:
    """Record a figure that must not exceed its limit, and tell whether it holds; an endless outage has no figure."""
    ok = value <= limit
    if not math.isfinite(value):
        preuves.note(f"{name[0].upper()}{name[1:]} : sans fin observée.")
        return ok
    preuves.measure(name, value, unit, bound=f"≤ {limit:g} {unit}".replace(".", ","), ok=ok)
    return ok
