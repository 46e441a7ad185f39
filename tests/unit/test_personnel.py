"""The personnel file: what is read, what is refused, and which accounts derive from it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from recette.errors import RecetteError
from recette.personnel import COLUMNS, Account, Personnel, accounts, group_names, read_personnel
from recette.personnel.generate import lines, text
from recette.policy.buildings import buildings
from recette.site import Site, find_site

TODAY = date(2026, 1, 15)
HEADER = ";".join(COLUMNS)
MARTIN = "100101;M.;Martin;Jean;b25-labo;qualite;01/09/1998;"


def _read(folder: Path, *rows: str, encoding: str = "utf-8", end: str = "\n") -> Personnel:
    path = folder / "personnel.csv"
    path.write_bytes((end.join([HEADER, *rows]) + end).encode(encoding))
    return read_personnel(path, ["b25-labo", "b40-maintenance"])


def _accounts(folder: Path, *rows: str) -> tuple[Account, ...]:
    personnel = _read(folder, *rows)
    assert not personnel.refusals
    return accounts(personnel.employees, TODAY)


def _person(matricule: int, given: str, family: str, exit_: str = "") -> str:
    return f"{matricule};M.;{family};{given};b25-labo;qualite;01/09/1998;{exit_}"


@pytest.mark.parametrize(("encoding", "end"), [("utf-8", "\n"), ("utf-8-sig", "\r\n")])
def test_a_plain_file_and_an_export_read_alike(tmp_path: Path, encoding: str, end: str) -> None:
    (employee,) = _read(tmp_path, MARTIN, encoding=encoding, end=end).employees
    assert (employee.matricule, employee.family_name, employee.building, employee.entry, employee.exit) == (
        "100101",
        "Martin",
        "b25-labo",
        date(1998, 9, 1),
        None,
    )


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("100102;M.;Petit;Noël;b25-labo;qualite;01/09/1998", "7 columns"),
        ('100102;M.;"Petit;Noël;b25-labo;qualite;01/09/1998;', "quote"),
        ("2;M.;Petit;Noël;b25-labo;qualite;01/09/1998;", "six digits"),
        ("100102;Dr;Petit;Noël;b25-labo;qualite;01/09/1998;", "Civilité « Dr »"),
        ("100102;M.;P3tit;Noël;b25-labo;qualite;01/09/1998;", "Nom « P3tit »"),
        ("100102;M.;Petit;;b25-labo;qualite;01/09/1998;", "Prénom"),
        ("100102;M.;Petit;Noël;b25-lab;qualite;01/09/1998;", "did you mean b25-labo?"),
        ("100102;M.;Petit;Noël;b25-labo;qualité;01/09/1998;", "did you mean qualite?"),
        ("100102;M.;Petit;Noël;b25-labo;qualite;31/02/1998;", "Entrée « 31/02/1998 »"),
        ("100102;M.;Petit;Noël;b25-labo;qualite;01/09/1998;31/08/1998", "before the entry"),
        ("100101;M.;Petit;Noël;b25-labo;qualite;01/09/1998;", "already line 2"),
    ],
)
def test_a_wrong_line_is_named_and_the_others_are_kept(tmp_path: Path, row: str, why: str) -> None:
    personnel = _read(tmp_path, MARTIN, row, "100103;Mme;D'Arcy;Éloïse;b25-labo;qualite;01/09/1998;")
    assert [employee.matricule for employee in personnel.employees] == ["100101", "100103"]
    (refusal,) = personnel.refusals
    assert "personnel.csv:3: " in refusal
    assert why in refusal


def test_a_file_that_is_not_a_personnel_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "personnel.csv"
    path.write_text("Nom;Prénom\nMartin;Jean\n", encoding="utf-8")
    with pytest.raises(RecetteError, match=r"personnel\.csv:1: wrong header"):
        read_personnel(path, [])


@pytest.mark.parametrize(
    ("given", "family", "login", "local_part"),
    [
        ("Éloïse", "D'Arcy", "edarcy", "eloise.darcy"),
        ("Anne-Cécile", "D’Aubigné", "adaubigne", "anne-cecile.daubigne"),
        ("Jean-Pierre", "Le Goff-Martin", "jlegoffmartin", "jean-pierre.le-goff-martin"),
        ("Loïc", "Nœuvéglise", "lnoeuveglise", "loic.noeuveglise"),
        ("Çagla", "Haÿ", "chay", "cagla.hay"),
        ("Marie", "de La Rochefoucauld-Montbel", "mdelarochefoucauldmo", "marie.de-la-rochefoucauld-montbel"),
    ],
)
def test_logins_are_short_and_ascii(tmp_path: Path, given: str, family: str, login: str, local_part: str) -> None:
    (account,) = _accounts(tmp_path, _person(100101, given, family))
    assert (account.login, account.local_part) == (login, local_part)
    assert account.display_name == f"{given} {family}"


def test_homonyms_are_numbered_by_matricule_and_who_joins_changes_nothing(tmp_path: Path) -> None:
    rows = [_person(100102, "Jean", "Martin"), _person(100101, "Jeanne", "Martin"), _person(100103, "Jean", "Martin")]
    before = _accounts(tmp_path, *rows)
    assert [(each.login, each.local_part) for each in before] == [
        ("jmartin", "jeanne.martin"),
        ("jmartin2", "jean.martin"),
        ("jmartin3", "jean.martin2"),
    ]
    assert _accounts(tmp_path, _person(100200, "Jean", "Martin"), *rows)[:3] == before


def test_a_long_homonym_keeps_its_number(tmp_path: Path) -> None:
    family = "de La Rochefoucauld-Montbel"
    logins = [each.login for each in _accounts(tmp_path, *(_person(100100 + n, "Marie", family) for n in range(11)))]
    assert logins[1] == "mdelarochefoucauldm2"
    assert logins[10] == "mdelarochefoucauld11"


def test_a_leaver_keeps_his_login_without_groups_and_who_has_not_come_has_no_account(tmp_path: Path) -> None:
    left, last_day, present = _accounts(
        tmp_path,
        _person(100101, "Jean", "Martin", "14/01/2026"),
        _person(100102, "Jean", "Martin", "15/01/2026"),
        _person(100103, "Jean", "Martin"),
        "100104;M.;Martin;Jean;b25-labo;qualite;16/01/2026;",
    )
    assert (left.active, left.login, left.groups) == (False, "jmartin", ())
    assert last_day.active
    assert present.groups == ("batiment-b25-labo", "metier-qualite")
    assert set(present.groups) <= set(group_names(["b25-labo"]))


def test_those_of_some_trades_may_roam_as_long_as_they_are_there(tmp_path: Path) -> None:
    found = _accounts(
        tmp_path,
        "100101;M.;Martin;Jean;b25-labo;informatique;01/09/1998;",
        "100102;M.;Petit;Noël;b25-labo;laboratoire;01/09/1998;",
        "100103;M.;Muller;Jean;b25-labo;informatique;01/09/1998;14/01/2026",
    )
    assert [one.login for one in found if "acces-nomade" in one.groups] == ["jmartin"]
    assert "acces-nomade" in group_names(["b25-labo"])


def test_the_file_of_the_twin_is_the_generator_s_and_holds_800_people() -> None:
    site = Site.load(find_site("jumeau"))
    path = site.path / "personnel.csv"
    assert path.read_bytes().decode() == text(lines())
    personnel = read_personnel(path, buildings(site))
    assert not personnel.refusals
    found = accounts(personnel.employees, TODAY)
    assert sum(account.active for account in found) == 800
    assert {account.building for account in found} == set(buildings(site))
    assert len({account.login for account in found}) == len({account.local_part for account in found}) == len(found)
