"""The verdict of each scenario, from the way it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

FEATURE = """\
# language: fr
@reseau
Fonctionnalité: Verdicts

  Règle: Un seul chemin mène à non conforme

    @EXG-NF-03 @lecture
    Scénario: Tout est observé et tenu
      Quand une coupure de 0.42 s est observée
      Alors elle tient en 1 s

    @EXG-NF-03 @lecture
    Scénario: Un Alors est refusé
      Quand une coupure de 3.7 s est observée
      Alors elle tient en 1 s
      Et rien ne se passe

    @EXG-NF-03 @lecture
    Scénario: Un Alors est refusé en vingt lignes
      Quand une coupure de 3.7 s est observée
      Alors vingt lignes s'y opposent

    @EXG-F-01 @lecture
    Scénario: Un Quand échoue sur une assertion
      Quand une assertion échoue
      Alors rien ne se passe

    @EXG-F-01 @lecture
    Scénario: La question reste ouverte
      Quand une coupure de 0.42 s est observée
      Alors la sonde ne peut pas conclure

    @EXG-F-01 @lecture
    Scénario: Une bibliothèque échoue sur une assertion
      Quand une coupure de 0.42 s est observée
      Alors une bibliothèque se trompe

    @EXG-F-01 @lecture
    Scénario: Rien n'est observé
      Alors rien ne se passe

    @EXG-F-01 @lecture
    Scénario: Une mesure dépasse sa borne sans être refusée
      Quand une coupure de 3.7 s dépasse sa borne
      Alors rien ne se passe

    @EXG-F-01 @perturbateur
    Scénario: La réparation échoue
      Quand la panne ne se répare pas
      Alors rien ne se passe

    @EXG-NF-03 @perturbateur
    Scénario: La réparation échoue après un refus
      Quand la panne ne se répare pas
      Alors elle tient en 1 s

    @EXG-F-01 @perturbateur
    Scénario: La réparation dépasse son délai
      Quand la panne se répare trop tard
      Alors rien ne se passe

    @EXG-NF-05 @destructif
    Scénario: Un service est perdu
      Quand une coupure de 0.42 s est observée
      Alors rien ne se passe
"""

STEPS = """\
from pytest_bdd import given, parsers, then, when
from recette.errors import Inconclusive
import json.decoder

@when(parsers.parse("une coupure de {seconds:g} s est observée"), target_fixture="outage")
def observe(seconds, preuves):
    preuves.measure("Coupure", seconds, "s", "≤ 1 s")
    preuves.attach("sondes.json", "[]")
    return seconds

@then(parsers.parse("elle tient en {limit:g} s"))
def holds(limit, outage):
    assert outage <= limit, f"téléphonie — Obtenu : {outage} s — Attendu : au plus {limit} s"

@then("vingt lignes s'y opposent")
def twenty(outage):
    assert not outage, "\\n".join(f"ligne {number}" for number in range(20))

@when("une assertion échoue")
def fails(preuves):
    preuves.note("vu")
    assert preuves is None

@then("la sonde ne peut pas conclure")
def open_question():
    raise Inconclusive("la sonde n'a pas répondu")

@then("une bibliothèque se trompe")
def library():
    import unittest
    unittest.TestCase().assertEqual(1, 2)

@when(parsers.parse("une coupure de {seconds:g} s dépasse sa borne"))
def beyond(seconds, preuves):
    preuves.measure("Coupure", seconds, "s", "≤ 1 s", ok=False)

@when("la panne ne se répare pas", target_fixture="outage")
def unrepaired(preuves):
    preuves.note("panne injectée")
    yield 9.0
    raise RuntimeError("l'hôte ne revient pas")

@when("la panne se répare trop tard")
def late(preuves):
    preuves.note("panne injectée")
    yield
    preuves.measure("Retour", 12, "s", "≤ 10 s", ok=False)

@then("rien ne se passe")
def nothing():
    pass
"""


@pytest.fixture(scope="module")
def ran(make_project: Callable[[], Any]) -> Any:
    project = make_project()
    project.feature("verdicts", FEATURE)
    project.steps("verdicts", STEPS)
    return project.pytest("features/", allure=True)


def test_each_end_gives_its_verdict(ran: Any) -> None:
    assert ran.verdicts == {
        "Tout est observé et tenu": "conform",
        "Un Alors est refusé": "nonconform",
        "Un Alors est refusé en vingt lignes": "nonconform",
        "Un Quand échoue sur une assertion": "inconclusive",
        "La question reste ouverte": "inconclusive",
        "Une bibliothèque échoue sur une assertion": "inconclusive",
        "Rien n'est observé": "inconclusive",
        "Une mesure dépasse sa borne sans être refusée": "inconclusive",
        "La réparation échoue": "inconclusive",
        "La réparation échoue après un refus": "nonconform",
        "La réparation dépasse son délai": "inconclusive",
        "Un service est perdu": "conform",
    }, ran.output


def test_the_worst_scenario_decides_the_requirement(ran: Any) -> None:
    assert ran.requirements == {"EXG-F-01": "inconclusive", "EXG-NF-03": "nonconform", "EXG-NF-05": "conform"}


def test_pytest_fails_when_a_requirement_is_not_proved(ran: Any) -> None:
    assert ran.code == 1


def test_a_refusal_is_told_in_the_words_of_the_step(ran: Any) -> None:
    scenario = ran.scenario("Un Alors est refusé")
    assert scenario["message"] == "téléphonie — Obtenu : 3.7 s — Attendu : au plus 1.0 s"
    assert scenario["measures"] == [{"name": "Coupure", "value": 3.7, "unit": "s", "bound": "≤ 1 s", "ok": None}]
    assert [piece["path"].split("/")[-1] for piece in scenario["evidence"]] == ["sondes.json"]
    assert scenario["class"] == "lecture"
    assert scenario["feature"] == "features/reseau/verdicts.feature"


def test_a_conform_scenario_says_nothing(ran: Any) -> None:
    assert ran.scenario("Tout est observé et tenu")["message"] == ""


def test_a_long_refusal_keeps_its_first_lines_and_is_kept_whole_as_evidence(ran: Any) -> None:
    scenario = ran.scenario("Un Alors est refusé en vingt lignes")
    assert scenario["message"].splitlines()[0] == "ligne 0"
    assert scenario["message"].splitlines()[-1] == "Texte complet (20\u00a0lignes) : constat.txt."
    whole = ran.run_dir / scenario["evidence"][-1]["path"]
    assert whole.read_text(encoding="utf-8").splitlines()[-1] == "ligne 19"


def test_an_open_question_says_why(ran: Any) -> None:
    assert ran.scenario("La question reste ouverte")["message"] == "la sonde n'a pas répondu"
    assert ran.scenario("Rien n'est observé")["message"].startswith("Rien n'a été observé")
    assert ran.scenario("Un Quand échoue sur une assertion")["message"] == "erreur imprévue, AssertionError"
    assert ran.scenario("Une mesure dépasse sa borne sans être refusée")["message"].startswith("Hors borne")


def test_a_failed_repair_is_told_beside_the_refusal(ran: Any) -> None:
    repair = "Remise en état : erreur imprévue, RuntimeError : l'hôte ne revient pas"
    assert ran.scenario("La réparation échoue")["message"] == repair
    assert ran.scenario("La réparation échoue après un refus")["message"].splitlines()[1] == repair


def test_the_terminal_names_what_is_not_conform_and_where_to_read_more(ran: Any) -> None:
    assert "non conforme  Un Alors est refusé  features/reseau/verdicts.feature:13" in ran.output
    assert "2 conformes, 7 non concluants, 3 non conformes" in ran.output
    assert "/synthese.html" in ran.output


def test_allure_shows_the_verdicts_and_the_steps_that_were_not_played(ran: Any) -> None:
    results = [json.loads(path.read_bytes()) for path in (ran.run_dir / "allure-results").glob("*-result.json")]
    by_name = {result["name"]: result for result in results}
    assert [step["status"] for step in by_name["Un Alors est refusé"]["steps"]] == ["passed", "failed", "skipped"]
    assert by_name["Un Alors est refusé"]["status"] == "failed"
    assert [step["status"] for step in by_name["Un Quand échoue sur une assertion"]["steps"]] == ["broken", "skipped"]
    assert by_name["Un Quand échoue sur une assertion"]["status"] == "broken"
    assert by_name["Rien n'est observé"]["status"] == "broken"
    assert by_name["La réparation échoue"]["status"] == "broken"
    assert by_name["Tout est observé et tenu"]["status"] == "passed"


def test_a_destructive_scenario_is_not_run_on_a_real_site(make_project: Callable[[], Any]) -> None:
    project = make_project()
    project.feature("verdicts", FEATURE)
    project.steps("verdicts", STEPS)
    refused = project.pytest("features/", "-m", "destructif", KIND="site")
    assert refused.document["kind"] == "site"
    assert refused.verdicts["Un service est perdu"] == "not_run"
    assert "refusé sur un site réel" in refused.scenario("Un service est perdu")["message"]
    assert refused.requirements["EXG-NF-05"] == "not_run"
