"""What pytest-bdd would let pass in silence: each fault is refused, on its own line."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from steps.plugins.gherkin_text import Refused, read_feature
from steps.plugins.keywords import misspelt, misspelt_header, misspelt_step
from steps.plugins.refusals import refusals

TAGS = {"EXG-NF-03", "EXG-F-01", "lecture", "charge", "perturbateur", "destructif", "reseau"}
HEAD = "# language: fr\nFonctionnalité: Essai\n"
GOOD = "  @EXG-NF-03 @lecture\n  Scénario: Bon\n    Alors tout va bien\n"


def faults(tmp_path: Path, body: str, head: str = HEAD) -> list[str]:
    path = tmp_path / "x.feature"
    path.write_text(head + body, encoding="utf-8")
    try:
        found = refusals(read_feature(path, tmp_path), TAGS)
    except Refused as refused:
        found = refused.refusals
    return [str(fault) for fault in found]


def test_a_sound_feature_is_not_refused(tmp_path: Path) -> None:
    outline = """
  Contexte:
    Étant donné que le site est debout

  Règle: Des règles
    En prose : « Alors » peut y figurer,
    et même au début d'une ligne.

    @EXG-NF-03 @perturbateur @reseau
    Plan du scénario: Le flux <flux> survit
      Quand la table est:
        | flux   |
        | <flux> |
      Alors tout va bien

      Exemples: des flux
        | flux       | panne |
        | téléphonie | a     |
        | téléphonie | b     |
"""
    assert faults(tmp_path, outline + "\n" + GOOD) == []


@pytest.mark.parametrize(
    ("body", "line", "said"),
    [
        (GOOD.replace("EXG-NF-03", "EXG-NF-30"), 3, "unknown tag @EXG-NF-30: did you mean @EXG-NF-03?"),
        (GOOD.replace("@lecture", "@lecture @wip"), 3, "unknown tag @wip"),
        (GOOD.replace(" @lecture", ""), 4, "this one bears none"),
        (GOOD.replace("@lecture", "@lecture @charge"), 4, "this one bears @lecture and @charge"),
        (GOOD.replace("@lecture", "@charge @de_fond"), 4, "@de_fond goes on beside what only looks"),
        (GOOD.replace("@EXG-NF-03 ", ""), 4, "scenario without requirement"),
        (GOOD.replace("Alors tout", "Quand tout"), 4, "scenario without « Alors »"),
        (GOOD.replace("    Alors tout va bien\n", ""), 4, "scenario without steps"),
        (GOOD.replace("Bon", ""), 4, "scenario without a title"),
        (GOOD.replace("Bon", "A::B"), 4, "« :: »"),
        (GOOD + GOOD, 7, "title given 2 times"),
        (GOOD.replace("Alors", "Alor"), 5, "« Alor » is not a keyword: write « Alors »"),
        (GOOD.replace("    Alors", "    Quant à lui\n    Alors"), 5, "« Quant » is not a keyword: write « Quand »"),
        (GOOD + "    Alor rien\n", 6, "« Alor » is not a keyword: write « Alors »"),
        (GOOD + "  Scénario : Autre\n", 6, "« Scénario : » is not a keyword: write « Scénario: »"),
        ("  Senario: Un\n    Alors rien\n" + GOOD, 3, "« Senario: » is not a keyword: write « Scénario: »"),
        (GOOD.replace("Scénario", "Plan du scénario"), 4, "outline without « Exemples: »"),
        (GOOD.replace("tout", "<x>"), 4, "<x> stands in a scenario that has no « Exemples: »"),
        (GOOD + "    Exemples:\n", 6, "without a row"),
        (GOOD + "    Exemples:\n      | x |\n", 6, "without a row"),
        (GOOD.replace("tout", "<x>") + "    Exemples:\n      | y |\n      | 1 |\n", 6, "<x> is not a column"),
        (GOOD + "    Exemples:\n      | y |\n      | 1 |\n      | 1 |\n", 9, "name of another scenario"),
        (GOOD.replace("tout va", "l’apostrophe"), 5, "typographic apostrophe"),
        (GOOD.replace("tout va", "tout\u00a0va"), 5, "no-break space"),
        (GOOD + "      | a\u202fb |\n", 6, "narrow no-break space"),
        (GOOD.replace("Alors tout", "Et tout"), 5, "cannot stand first"),
        ("", 1, "no scenario"),
    ],
)
def test_a_fault_is_refused_on_its_line(tmp_path: Path, body: str, line: int, said: str) -> None:
    found = faults(tmp_path, body)
    assert any(fault.startswith(f"x.feature:{line}: ") and said in fault for fault in found), found


def test_decomposed_accents_are_refused(tmp_path: Path) -> None:
    found = faults(tmp_path, GOOD.replace("tout", unicodedata.normalize("NFD", "été")))
    assert found == ["x.feature:5: decomposed accents (NFD): save the file with composed ones (NFC)"]


@pytest.mark.parametrize("head", ["Fonctionnalité: Essai\n", "# language: en\nFeature: Essai\n", ""])
def test_a_feature_says_on_its_first_line_that_it_is_french(tmp_path: Path, head: str) -> None:
    assert faults(tmp_path, "", head) == ["x.feature:1: the first line must be « # language: fr »"]


def test_a_feature_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.feature").write_bytes((HEAD + GOOD).encode("latin-1"))
    with pytest.raises(Refused, match=r"x\.feature:1: not readable as UTF-8 text"):
        read_feature(tmp_path / "x.feature", tmp_path)


@pytest.mark.parametrize("prose", ["La perte du pare-feu", "Ceci : est une note", "Enfin, le flux passe", ""])
def test_prose_is_not_a_misspelt_keyword(prose: str) -> None:
    assert misspelt(prose) == ""


def test_a_misspelt_keyword_is_told_with_the_right_one() -> None:
    assert misspelt_header("Exmples:") == "« Exmples: » is not a keyword: write « Exemples: »"
    assert "« Étant donné que »" in misspelt_step("Etan donné que le site est debout")
    assert "« Quand »" in misspelt_step("Quand\u00a0le flux passe")


STEPS = """\
from pytest_bdd import parsers, then, when

@when(parsers.parse("le flux {name} passe"))
def passes(name): open("played", "w").close()

@when("le flux x passe")
def passes_too(): pass

@then("tout va bien")
def well(): pass
"""


@pytest.fixture(scope="module")
def refused(make_project: Callable[[], Any]) -> Any:
    project = make_project()
    missing, ambiguous = "    Alors tout va mal\n", "    Quand le flux x passe\n    Alors tout va bien\n"
    project.feature("a", HEAD + "  @EXG-NF-03 @lecture\n  Scénario: Sans phrase\n" + missing)
    project.feature("b", HEAD + "  @EXG-NF-03 @lecture\n  Scénario: Deux phrases\n" + ambiguous)
    project.feature("c", HEAD + "  @EXG-NF-04 @lecture\n  Scénario: Inconnue\n    Alors tout va bien\n")
    project.feature("d", HEAD + "  @EXG-NF-03 @lecture\n  Scénario: Juste\n" + ambiguous.replace(" x ", " y "))
    project.steps("a", STEPS)
    return project, project.pytest("features/")


def test_every_refusal_is_told_at_once_and_nothing_runs(refused: Any) -> None:
    project, ran = refused
    assert ran.code not in (0, 5)
    assert "features/reseau/a.feature:5: no step definition for « Alors tout va mal »" in ran.output
    assert "the closest is « tout va bien », steps/reseau/a.py:9" in ran.output
    both = "steps/reseau/a.py:3, steps/reseau/a.py:6"
    assert f"features/reseau/b.feature:5: « Quand le flux x passe » is defined 2 times: {both}" in ran.output
    assert "features/reseau/c.feature:3: unknown tag @EXG-NF-04: did you mean @EXG-NF-0" in ran.output
    assert "3 to mend" in ran.output
    assert not (project.path / "played").exists()
    assert not (project.path / "reports").exists()


def test_faulty_step_modules_are_refused(refused: Any) -> None:
    project, _ = refused
    project.steps("a", STEPS.replace("def well", "async def well"))
    project.steps("b", 'from pytest_bdd import then\n\n@then("tout va bien")\ndef well(): pass\n')
    project.steps("c", "import nowhere\n")
    project.steps("d", "def broken(:\n")
    ran = project.pytest("features/reseau/d.feature")
    assert ran.code not in (0, 5)
    assert "steps/reseau/a.py:9: an « async » step is never awaited" in ran.output
    assert "steps/reseau/b.py:3: sentence already defined at steps/reseau/a.py:9: « tout va bien »" in ran.output
    assert "steps/reseau/c.py:1: cannot be loaded: ModuleNotFoundError" in ran.output
    assert "steps/reseau/d.py:1: cannot be loaded: SyntaxError" in ran.output
