"""Steps about names and time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from pytest_bdd import then, when

from recette.evidence import Recorder
from recette.platform import Platform
from recette.probes.directory import ADMINISTRATION
from recette.probes.names import Resolution
from recette.site import Host
from recette.trials import names as trial
from recette.trials.names import Leak
from steps.annuaire.en_service import require_none

Told = Mapping[str, Sequence[Resolution]]
BOLD = "mx-1"
"""A host of the DMZ, which asks resolvers outside by right."""


@when("chaque machine demande les noms du site à chaque contrôleur", target_fixture="told")
def every_host_asks(platform: Platform) -> Told:
    return trial.ask_everywhere(platform.directory, platform.remote)


@when("le nom de chaque machine du site est demandé à chaque contrôleur", target_fixture="told")
def every_name_is_asked(platform: Platform) -> Told:
    return trial.ask_every_name(platform.directory, platform.remote, ADMINISTRATION)


@then("chaque réponse est juste et vient de qui fait autorité")
def answers_are_right(told: Told, platform: Platform, preuves: Recorder) -> None:
    count(told, preuves)
    wrong = trial.wrong(told, trial.witnesses(platform.directory))
    require_none(preuves, "réponses fausses ou sans autorité", "réponses", wrong)


@then("chaque nom donne l'adresse de la machine")
def names_are_right(told: Told, platform: Platform, preuves: Recorder) -> None:
    count(told, preuves)
    wrong = trial.wrong(told, trial.known_names(platform.site))
    require_none(preuves, "noms faux ou inconnus", "noms", wrong)


def count(told: Told, preuves: Recorder) -> None:
    """Record how many hosts asked how much."""
    preuves.measure("machines qui ont demandé", len(told), "machines", "≥ 1", bool(told))
    preuves.measure("réponses relevées", sum(map(len, told.values())), "réponses")


@when("les postes demandent des noms du site et des noms extérieurs", target_fixture="leak")
def workstations_ask(
    platform: Platform, postes: tuple[Host, ...], preuves: Recorder, tmp_path_factory: pytest.TempPathFactory
) -> Leak:
    folder = tmp_path_factory.mktemp("fuites")
    askers = [poste.name for poste in postes]
    leak = trial.watch_for_leaks(platform.directory, platform.remote, askers, BOLD, folder)
    keep(leak.pieces, preuves)
    return leak


def keep(pieces: Sequence[Path], preuves: Recorder) -> None:
    for piece in pieces:
        preuves.attach(piece)


@then("aucun nom du site n'est sorti par les accès Internet")
def nothing_leaked(leak: Leak, preuves: Recorder) -> None:
    preuves.measure("paquets perdus par la capture", leak.dropped, "paquets", "= 0", leak.dropped == 0)
    preuves.measure("noms du site sortis", leak.inner, "paquets", "= 0", leak.inner == 0)
    assert leak.dropped == 0, f"La capture a perdu {leak.dropped} paquets : une absence ne prouve rien"
    assert leak.inner == 0, f"{leak.inner} paquets portent un nom du site — Attendu : aucun"


@then("les noms extérieurs sont sortis, et un nom du site demandé exprès au dehors a été vu")
def capture_sees(leak: Leak, preuves: Recorder) -> None:
    preuves.measure("noms extérieurs sortis", leak.outer, "paquets", "≥ 1", leak.outer > 0)
    preuves.measure("nom du site demandé exprès, et vu", leak.planted, "paquets", "≥ 1", leak.planted > 0)
    assert leak.outer, "Aucun nom extérieur n'est sorti : la capture n'a rien vu"
    assert leak.planted, "Le nom du site demandé exprès n'a pas été vu : la capture ne prouve rien"
