"""Steps about names and time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from pytest_bdd import parsers, then, when

from recette.evidence import Recorder
from recette.platform import Platform
from recette.probes.directory import ADMINISTRATION
from recette.probes.names import Resolution
from recette.site import Host
from recette.trials import names as trial
from recette.trials.clocks import Clocks, compare, said
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


@when("un nom extérieur est demandé à chaque contrôleur", target_fixture="told")
def outer_name_is_asked(platform: Platform) -> Told:
    return trial.ask_outside(platform.directory, platform.remote, ADMINISTRATION)


@then("chaque contrôleur donne l'adresse du nom extérieur")
def outer_name_is_found(told: Told, preuves: Recorder) -> None:
    count(told, preuves)
    require_none(preuves, "noms extérieurs non trouvés", "réponses", trial.not_found(told))


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


@when("l'heure de chaque machine est comparée à ses sources", target_fixture="clocks")
def compare_clocks(platform: Platform, preuves: Recorder) -> Clocks:
    found = compare(platform.site, platform.remote)
    lines = [f"{one.host};{one.source};{said(one)}" for one in found.offsets]
    preuves.attach("heures.csv", "\n".join(["machine;source;écart", *lines, ""]))
    return found


@then(parsers.parse("chaque écart est d'au plus {limit:g} seconde"))
def clocks_agree(limit: float, clocks: Clocks, preuves: Recorder) -> None:
    largest, wrong = clocks.largest_s(), clocks.wrong(limit)
    preuves.measure("comparaisons d'heure", len(clocks.offsets), "comparaisons", "≥ 1", bool(clocks.offsets))
    preuves.measure("plus grand écart d'heure", round(largest, 4), "s", f"≤ {limit:g} s", largest <= limit)
    assert not wrong, "\n".join(wrong)


@then("chaque machine suit au moins une source")
def every_clock_follows(clocks: Clocks, preuves: Recorder) -> None:
    wrong = [f"{name} ne suit aucune source" for name in clocks.adrift]
    require_none(preuves, "machines sans source suivie", "machines", wrong)


@then("chaque machine a été comparée")
def every_clock_was_compared(clocks: Clocks, preuves: Recorder) -> None:
    wrong = [f"{name} n'a aucune source de temps" for name in clocks.without_source]
    require_none(preuves, "machines sans source de temps", "machines", wrong)
