"""The directory in service, and what every scenario about it works with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
import testinfra  # type: ignore[import-untyped] # it ships none
from pytest_bdd import given

from recette.errors import Inconclusive
from recette.evidence import Recorder
from recette.platform import Platform
from recette.probes.directory import Directory
from recette.site import Host, Site
from recette.trials.people import People
from steps.reseau.en_service import measured_within

Inspect = Callable[[str], Any]
"""Gives a host of the site, to look at what it says of itself."""


@pytest.fixture(scope="session")
def annuaire(platform: Platform) -> Directory:
    """The directory of the site, as its administrator sees it from the bastion."""
    if not platform.directory.servers:
        raise Inconclusive("Ce site n'a pas d'annuaire")
    return platform.directory


@pytest.fixture(scope="session")
def personnel(site: Site) -> People:
    """The employees of the personnel file, and their accounts."""
    return People.now(site)


@pytest.fixture(scope="session")
def postes(site: Site) -> tuple[Host, ...]:
    """The workstations."""
    return tuple(host for host in site.hosts.values() if "postes" in host.groups)


@dataclass(frozen=True)
class View:
    """What a step that measures looks at, and where it writes what it sees."""

    platform: Platform
    people: People
    preuves: Recorder

    def require_within(self, what: str, delay_s: float, limit_s: float, otherwise: str) -> None:
        """Record a delay, infinite if nothing came, and refuse with these words if it exceeds its limit."""
        assert measured_within(self.preuves, what, delay_s, "s", limit_s), otherwise


@pytest.fixture
def view(platform: Platform, personnel: People, preuves: Recorder) -> View:
    return View(platform, personnel, preuves)


@pytest.fixture(scope="session")
def inspect(platform: Platform) -> Inspect:
    """testinfra, over the same shared ssh connections as everything else."""
    config = str(platform.remote.ssh_config)
    return lambda name: testinfra.get_host(f"ssh://{name}?ssh_config={config}&controlpersist=0")


@given("l'annuaire du site est en service")
def directory_is_in_service(annuaire: Directory) -> None:
    """The site was brought into service when it was first asked for."""


def require_none(preuves: Recorder, name: str, unit: str, wrong: Sequence[str]) -> None:
    """Record how many objects are not as they must be, and refuse if there is one; each has its line."""
    preuves.measure(name, len(wrong), unit, "= 0", not wrong)
    assert not wrong, "\n".join(wrong)
