"""A sabotage names scenarios by a piece of their title, without any ambiguity."""

from __future__ import annotations

from pathlib import Path

import pytest

from recette.errors import RecetteError
from recette.sabotage.scenarios import Named, read, resolve

FEATURE = """\
# language: fr
Fonctionnalité: Matrice

  Règle: Tout est jugé
    Scénario: Les flux autorisés passent
      Alors tout passe

    Plan du scénario: Le flux <flux> survit à <panne>
      Alors le flux <flux> passe

      Exemples:
        | flux | panne   | zone |
        | voix | arrêt   | dmz  |
        | web  | coupure | dmz  |

  Scénario: Les flux autorisés passent encore
    Alors tout passe
"""
MATRIX = "features/reseau/matrice.feature"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / MATRIX
    path.parent.mkdir(parents=True)
    path.write_text(FEATURE, encoding="utf-8")
    return tmp_path


ROWS = ("Le flux voix survit à arrêt (dmz)", "Le flux web survit à coupure (dmz)")


def test_every_scenario_is_listed_those_of_rules_and_rows_included(root: Path) -> None:
    assert read(root) == (
        Named(MATRIX, "Les flux autorisés passent"),
        Named(MATRIX, "Le flux <flux> survit à <panne>", ROWS),
        Named(MATRIX, ROWS[0]),
        Named(MATRIX, ROWS[1]),
        Named(MATRIX, "Les flux autorisés passent encore"),
    )


@pytest.mark.parametrize(
    ("entry", "title"),
    [
        ("survit à", "Le flux <flux> survit à <panne>"),
        ("web survit", ROWS[1]),
        (ROWS[0], ROWS[0]),
        ("Les flux autorisés passent", "Les flux autorisés passent"),
        (f"{MATRIX}::passent encore", "Les flux autorisés passent encore"),
    ],
)
def test_a_piece_of_title_names_one_scenario(root: Path, entry: str, title: str) -> None:
    assert resolve(entry, read(root), "SAB-001").title == title


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("autorisés", "SAB-001: “autorisés” names several scenarios, be more precise: "),
        ("interdits", "SAB-001: no scenario of features/ is called “interdits”"),
        ("features/autre.feature::survit à", "SAB-001: no scenario of features/ is called"),
    ],
)
def test_a_name_that_is_not_exactly_one_scenario_is_refused(root: Path, entry: str, message: str) -> None:
    with pytest.raises(RecetteError, match=message):
        resolve(entry, read(root), "SAB-001")


def test_a_feature_that_cannot_be_read_is_told(root: Path) -> None:
    (root / MATRIX).write_text("Fonctionnalité sans langue\n", encoding="utf-8")
    with pytest.raises(RecetteError, match=f"{MATRIX}: not a valid feature"):
        read(root)


def test_the_rows_of_an_outline_are_its_own(root: Path) -> None:
    outline = resolve("survit à", read(root), "SAB-001")
    assert all(outline.covers(MATRIX, row) for row in ROWS)
    assert not outline.covers(MATRIX, "Les flux autorisés passent")
    assert not outline.covers("features/autre.feature", ROWS[0])
    assert not resolve(ROWS[0], read(root), "SAB-001").covers(MATRIX, ROWS[1])


def test_a_plain_scenario_is_only_itself() -> None:
    plain = Named(MATRIX, "Les flux autorisés passent")
    assert plain.covers(MATRIX, "Les flux autorisés passent")
    assert not plain.covers(MATRIX, "Les flux autorisés passent encore")
