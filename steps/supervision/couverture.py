"""Steps of what must be watched."""

from __future__ import annotations

from pytest_bdd import parsers, then, when

from recette.errors import Inconclusive
from recette.evidence import Recorder
from recette.platform import Platform
from recette.trials.supervision import coverage
from recette.trials.supervision.coverage import Coverage

THINGS = {
    "les hôtes": coverage.hosts,
    "les services": coverage.services,
    "les certificats": coverage.certificates,
}
SHOWN = 20


@when(
    parsers.parse("{things} de l'inventaire sont comparés à ce que mesure la supervision"), target_fixture="coverage_"
)
def inventory_is_compared(things: str, platform: Platform, preuves: Recorder) -> Coverage:
    found = THINGS[things](platform)
    preuves.measure(f"{things} de l'inventaire", found.expected, "éléments")
    return found


@then("aucun ne manque")
def none_is_missing(coverage_: Coverage, preuves: Recorder) -> None:
    missed = coverage_.missed
    preuves.measure("éléments non surveillés", len(missed), "éléments", "= 0", ok=not missed)
    assert not missed, f"Obtenu : non surveillés : {', '.join(missed[:SHOWN])} — Attendu : aucun"


@when("chaque agent est interrogé en clair", target_fixture="coverage_")
def agents_are_asked_in_clear(platform: Platform) -> Coverage:
    silent = coverage.hosts(platform).missed
    if silent:
        raise Inconclusive(f"Agents sans réponse, même avec leur clé : {', '.join(silent)}")
    return coverage.open_agents(platform)


@then("aucun ne répond")
def none_answers(coverage_: Coverage, preuves: Recorder) -> None:
    preuves.measure("agents interrogés", coverage_.expected, "agents")
    open_ = coverage_.missed
    preuves.measure("agents qui répondent en clair", len(open_), "agents", "= 0", ok=not open_)
    assert not open_, f"Obtenu : réponse de {', '.join(open_)} — Attendu : aucune sans la clé de l'hôte"
