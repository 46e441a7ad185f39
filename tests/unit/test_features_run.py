"""`pytest features/` and its variants: what is collected, in which order, and what the run leaves."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

FEATURE = """\
# language: fr
@reseau
Fonctionnalité: Bascule
  La perte d'un pare-feu se voit à peine.

  @EXG-NF-03 @perturbateur
  Plan du scénario: Le flux <flux> survit
    Étant donné que les flux sont:
      | nom    |
      | <flux> |
    Quand le pare-feu tombe
    Alors la coupure est mesurée
    Et rien d'autre ne change

    Exemples:
      | flux       | panne        |
      | téléphonie | arrêt brutal |
      | messagerie | lien coupé   |

  @EXG-NF-05 @destructif
  Scénario: Un service est perdu
    Alors la coupure est mesurée

  @EXG-NF-03 @charge
  Scénario: La charge est tenue
    Alors la coupure est mesurée
"""

OTHER = """\
# language: fr
Fonctionnalité: Matrice

  @EXG-NF-03 @EXG-F-01 @lecture
  Scénario: La matrice tient
    Alors la coupure est mesurée
"""

STEPS = """\
from pytest_bdd import given, then, when

@given("les flux sont:", target_fixture="flow")
def flows(datatable):
    return datatable[1][0]

@when("le pare-feu tombe")
def falls(preuves):
    preuves.attach("frise.png", b"\\x89PNG", "image/png")

@then("la coupure est mesurée")
def measured(preuves, site):
    preuves.measure("Coupure", 0.42, "s", "≤ 1 s", ok=True)
    preuves.note(f"Sur le site {site.name}.")

@then("rien d'autre ne change")
def nothing_else():
    pass
"""

ROW = "Le flux téléphonie survit (arrêt brutal)"
ALL = {ROW, "Le flux messagerie survit (lien coupé)", "Un service est perdu", "La charge est tenue", "La matrice tient"}


@pytest.fixture(scope="module")
def project(make_project: Callable[[], Any]) -> Any:
    made = make_project()
    made.feature("bascule", FEATURE)
    made.feature("matrice", OTHER)
    made.steps("bascule", STEPS)
    return made


@pytest.fixture(scope="module")
def whole(project: Any) -> Any:
    return project.pytest("features/", "-v")


def test_the_whole_run_is_conform(whole: Any) -> None:
    assert whole.code == 0, whole.output
    assert set(whole.verdicts) == ALL
    assert set(whole.verdicts.values()) == {"conform"}
    assert whole.requirements == {"EXG-F-01": "conform", "EXG-NF-03": "conform", "EXG-NF-05": "conform"}


def test_what_disturbs_more_runs_later(whole: Any) -> None:
    journal = (whole.run_dir / "evidence" / "journal.jsonl").read_text(encoding="utf-8")
    events = [json.loads(line) for line in journal.splitlines()]
    started = [event["scenario"] for event in events if event["event"] == "scenario-start"]
    assert started[0] == "La matrice tient"
    assert started[1] == "La charge est tenue"
    assert started[-1] == "Un service est perdu"


def test_recette_json_holds_the_contract_and_nothing_else(whole: Any) -> None:
    document = whole.document
    keys = [
        "schema",
        "run_id",
        "site",
        "kind",
        "started",
        "duration_s",
        "commit",
        "requirements",
        "scenarios",
        "phases",
    ]
    assert list(document) == keys
    assert (document["schema"], document["site"], document["kind"]) == (1, "jumeau", "twin")
    assert document["run_id"] == whole.run_dir.name
    scenario = whole.scenario(ROW)
    keys = ["name", "feature", "requirements", "class", "verdict", "duration_s", "message", "measures", "evidence"]
    assert list(scenario) == keys
    assert list(document["requirements"][0]) == ["id", "title", "verdict", "scenarios", "passed"]
    assert list(document["phases"]) == ["images_s", "twin_up_s", "provision_s", "features_s", "report_s"]
    assert document["phases"]["features_s"] > 0
    assert document["phases"]["report_s"] > 0


def test_evidence_is_where_recette_json_says_with_its_hash(whole: Any) -> None:
    (piece,) = whole.scenario(ROW)["evidence"]
    content = (whole.run_dir / piece["path"]).read_bytes()
    assert piece["path"].startswith("evidence/le-flux-telephonie-survit-arret-brutal/")
    assert hashlib.sha256(content).hexdigest() == piece["sha256"]


@pytest.mark.parametrize(
    ("arguments", "played"),
    [
        (["features/reseau/bascule.feature::La charge est tenue"], {"La charge est tenue"}),
        (["features/reseau/bascule.feature::Le flux <flux> survit"], {ROW, "Le flux messagerie survit (lien coupé)"}),
        ([f"features/reseau/bascule.feature::{ROW}"], {ROW}),
        (["-m", "EXG-F-01"], {"La matrice tient"}),
    ],
)
def test_a_part_of_the_features_can_be_run(project: Any, arguments: list[str], played: set[str]) -> None:
    ran = project.pytest(*arguments)
    assert ran.code == 0, ran.output
    assert {name for name, verdict in ran.verdicts.items() if verdict == "conform"} == played
    assert {name for name, verdict in ran.verdicts.items() if verdict == "not_run"} == ALL - played


def test_a_requirement_stays_open_while_a_scenario_of_it_is_left_out(project: Any) -> None:
    ran = project.pytest("features/reseau/matrice.feature")
    assert ran.requirements == {"EXG-F-01": "conform", "EXG-NF-03": "not_run", "EXG-NF-05": "not_run"}


def test_unknown_names_are_one_clear_line(project: Any) -> None:
    ran = project.pytest("features/", "--site=nulle-part")
    assert ran.code != 0
    assert "ERROR: unknown site nulle-part" in ran.output
    ran = project.pytest("features/reseau/matrice.feature::Inconnue")
    assert ran.code != 0
    assert "not found: " in ran.output


def test_allure_results_cannot_be_sent_elsewhere(project: Any) -> None:
    ran = project.pytest("features/reseau/matrice.feature", "--alluredir=ailleurs")
    assert ran.code != 0
    assert "ERROR: --alluredir: " in ran.output


def test_the_tests_of_the_project_leave_no_run(make_project: Callable[[], Any]) -> None:
    project = make_project()
    project.feature("matrice", OTHER)
    project.steps("bascule", "raise RuntimeError('steps are not loaded for unit tests')\n")
    ran = project.pytest("tests/")
    assert (ran.code, "1 passed" in ran.output) == (0, True)
    assert not (project.path / "reports").exists()


@pytest.mark.usefixtures("whole")
def test_a_run_for_a_sabotage_is_kept_apart(project: Any) -> None:
    latest = project.path / "reports" / "latest"
    before = latest.readlink()
    apart = project.path / "reports" / "sabotage" / "essai"
    ran = project.pytest(f"--sabotage-run={apart}", "features/reseau/matrice.feature", allure=True)
    assert ran.code == 0, ran.output
    assert json.loads((apart / "recette.json").read_text(encoding="utf-8"))["run_id"] == "essai"
    assert not (apart / "allure-results").exists()
    assert latest.readlink() == before


@pytest.mark.skipif(not (ROOT / "node_modules").exists(), reason="Allure is installed by `make setup`")
def test_allure_shows_the_french_steps_and_the_figures(project: Any) -> None:
    (project.path / "node_modules").symlink_to(ROOT / "node_modules")
    (project.path / "allurerc.mjs").write_text((ROOT / "allurerc.mjs").read_text(encoding="utf-8"), encoding="utf-8")
    ran = project.pytest("features/reseau/bascule.feature", allure=True)
    assert (ran.run_dir / "allure" / "index.html").stat().st_size > 100_000, ran.output
    results = [json.loads(path.read_bytes()) for path in (ran.run_dir / "allure-results").glob("*-result.json")]
    (row,) = (result for result in results if result["name"] == ROW)
    assert [step["name"] for step in row["steps"]] == [
        "Étant donné que les flux sont:",
        "Quand le pare-feu tombe",
        "Alors la coupure est mesurée",
        "Et rien d'autre ne change",
    ]
    assert row["status"] == "passed"
    assert [piece["name"] for piece in row["steps"][0]["attachments"]] == ["table"]
    assert [piece["name"] for piece in row["steps"][1]["attachments"]] == ["frise.png"]
    labels = {label["name"]: label["value"] for label in row["labels"]}
    assert labels["epic"] == "EXG-NF-03 — Réseau"
    assert (labels["feature"], labels["class"], labels["verdict"]) == ("Bascule", "perturbateur", "conforme")
    assert sum(label["name"] == "severity" for label in row["labels"]) == 1
    parameters = {parameter["name"]: parameter["value"] for parameter in row["parameters"]}
    assert parameters["Coupure"] == "0,42\u00a0s (borne : ≤ 1 s)"


def test_a_missing_allure_is_said_and_leaves_the_other_reports(make_project: Callable[[], Any]) -> None:
    project = make_project()
    project.feature("matrice", OTHER)
    project.steps("bascule", STEPS)
    ran = project.pytest("features/", allure=True)
    assert "run « make setup »" in ran.output
    assert ran.code == 0
    assert ran.verdicts == {"La matrice tient": "conform"}
    assert (ran.run_dir / "synthese.html").exists()


INTERRUPTED = """\
from pytest_bdd import then, when

@then("la coupure est mesurée")
def measured(preuves):
    preuves.note("vu")
    raise KeyboardInterrupt
"""


def test_an_interrupted_run_keeps_what_it_saw_and_proves_nothing(make_project: Callable[[], Any]) -> None:
    project = make_project()
    second = OTHER.replace("La matrice tient", "La seconde tient")
    project.feature("matrice", OTHER + second.partition("Matrice\n")[2])
    project.steps("bascule", INTERRUPTED)
    ran = project.pytest("features/")
    assert ran.code != 0
    assert ran.verdicts == {"La matrice tient": "inconclusive", "La seconde tient": "not_run"}
    assert ran.scenario("La matrice tient")["message"] == "Scénario interrompu avant son terme."
    assert ran.requirements["EXG-F-01"] == "inconclusive"


BESIDE = """\
# language: fr
Fonctionnalité: Voix

  @EXG-NF-03 @lecture @de_fond
  Scénario: Un long appel
    Alors la trace est lue

  @EXG-NF-03 @lecture
  Scénario: Après dans le fichier
    Alors la trace est lue
"""

STEPS_BESIDE = """\
import pytest
from pytest_bdd import then

@pytest.fixture(scope="session")
def seen():
    played = []
    yield played
    print("played", *played)

@pytest.fixture(scope="session")
def voix_de_fond(seen):
    seen.append("begun")
    yield
    print("ended", *seen)

@then("la trace est lue")
def read(seen, preuves, request):
    preuves.note("vu")
    seen.append(request.node.case.record.name)

@then("la coupure est mesurée")
def measured(seen, preuves):
    preuves.note("vu")
    seen.append("elsewhere")
"""


def test_what_goes_on_beside_begins_first_and_is_judged_after_all_that_only_looks(
    make_project: Callable[[], Any],
) -> None:
    project = make_project()
    project.feature("matrice", OTHER)
    project.steps("bascule", STEPS_BESIDE)
    calm = BESIDE.replace("Un long appel", "Un long calme").replace("Après", "Ensuite")
    for folder, text in (("calme", calm), ("voix", BESIDE)):
        (project.path / "features" / folder).mkdir()
        (project.path / "features" / folder / "lu.feature").write_text(text, encoding="utf-8")
    ran = project.pytest("features/", "-s")
    looked = "Ensuite dans le fichier elsewhere Après dans le fichier"
    assert f"played begun {looked} Un long calme Un long appel" in ran.output
    assert f"ended begun {looked}" in ran.output
    assert set(ran.verdicts.values()) == {"conform"}
