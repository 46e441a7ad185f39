"""What a campaign of sabotages acts through: injected, so that its logic is tested without a twin."""

from __future__ import annotations

import importlib.resources
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from recette.actions import Journal, journal_of
from recette.errors import RecetteError
from recette.paths import ROOT
from recette.platform import Platform
from recette.provision import Provisioned, provision
from recette.sabotage.child import RunFeatures, pytest_child
from recette.site import Site

T = TypeVar("T")

PRELUDE = importlib.resources.files("recette.sabotage").joinpath("prelude.sh").read_text(encoding="utf-8")

Provision = Callable[[Sequence[str], Sequence[str], Mapping[str, Any]], Provisioned]
"""Apply roles to hosts with extra variables; a task that fails is told in the result."""

Shell = Callable[[Sequence[str], str], None]
"""Run a script on hosts, one after the other; RecetteError at the first that fails."""


@dataclass(frozen=True)
class Tools:
    """The hands of a campaign.

    `revive`: every machine up, and the faults that a killed run left in place repaired; `bring_into_service`: the same
    and every role applied where inputs changed. Both raise RecetteError or Inconclusive.
    """

    run_features: RunFeatures
    provision: Provision
    shell: Shell
    journal: Journal
    revive: Callable[[], object]
    bring_into_service: Callable[[], object]


def real_tools(site: Site, say: Callable[[str], None]) -> Tools:
    """The hands that touch the twin."""
    platform = Platform(site)

    def shell(hosts: Sequence[str], script: str) -> None:
        for host in hosts:
            answer = platform.remote.run(host, PRELUDE + script)
            if answer.rc != 0:
                raise RecetteError(f"{host}: code {answer.rc}: {' '.join(answer.stderr.split())}")

    def apply(hosts: Sequence[str], roles: Sequence[str], variables: Mapping[str, Any]) -> Provisioned:
        return _aside(lambda: provision(site, hosts=hosts, roles=roles, variables=variables))

    def revive() -> None:
        if platform.twin is not None:
            platform.twin.up()
        platform.faults.replay()

    return Tools(
        run_features=pytest_child(ROOT, site.path),
        provision=apply,
        shell=shell,
        journal=journal_of(site.name, "sabotage"),
        revive=revive,
        bring_into_service=lambda: _aside(lambda: platform.bring_into_service(say)),
    )


def _aside(work: Callable[[], T]) -> T:
    """Run in another thread, and wait for its end.

    In the main thread ansible-runner would replace the handlers of Ctrl-C and SIGTERM, for good. From here an
    interruption is felt once the roles are applied, which is when it should be.
    """
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()
