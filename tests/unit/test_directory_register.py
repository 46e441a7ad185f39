"""The directory compared with the personnel file, without a directory."""

from __future__ import annotations

from dataclasses import replace

import pytest

from recette.errors import Inconclusive
from recette.personnel import Account
from recette.probes.directory import Entry
from recette.secrets import Secrets
from recette.trials.arrivals import Upheaval, rewrite
from recette.trials.people import People
from recette.trials.register import Register, changes

BASE = "OU=CENEXIS,DC=ad,DC=site,DC=example"
NOEL = Account("000101", "nferre", "noel.ferre", "Noël", "Ferré", "b25-labo", "laboratoire", active=True)
ANNE = Account("000102", "aferre", "anne.ferre", "Anne", "Ferré", "b25-labo", "qualite", active=True)
GONE = Account("000103", "pdacosta", "paul.da-costa", "Paul", "Da Costa", "b25-labo", "qualite", active=False)


def entry(one: Account, **others: str) -> Entry:
    held = {
        "sAMAccountName": one.login,
        "userPrincipalName": f"{one.login}@ad.site.example",
        "mail": f"{one.local_part}@site.example",
        "employeeID": one.matricule,
        "displayName": one.display_name,
        "givenName": one.given_name,
        "sn": one.family_name,
        "physicalDeliveryOfficeName": one.building,
        "department": one.trade,
        "userAccountControl": "512" if one.active else "514",
        **others,
    }
    unit = "Personnel" if one.active else "Partis"
    return Entry(f"CN={one.login},OU={unit},{BASE}", {name: (value,) for name, value in held.items() if value})


def register(*entries: Entry, groups: dict[str, list[Entry]] | None = None) -> Register:
    members = groups or {
        "batiment-b25-labo": [entry(NOEL), entry(ANNE)],
        "metier-laboratoire": [entry(NOEL)],
        "metier-qualite": [entry(ANNE)],
    }
    return Register(
        (NOEL, ANNE, GONE),
        {one.first("employeeID"): one for one in entries},
        {name: frozenset(one.dn.lower() for one in held) for name, held in members.items()},
        "ad.site.example",
        "site.example",
    )


def test_a_directory_that_says_the_same_has_no_difference() -> None:
    found = register(entry(NOEL), entry(ANNE), entry(GONE))
    assert found.active() == 2
    assert not [*found.absent(), *found.wrong(), *found.strangers(), *found.misplaced(), *found.lingering()]
    assert not found.homonyms()


def test_an_account_missing_or_disabled_by_hand_is_named() -> None:
    found = register(entry(NOEL, userAccountControl="514"), entry(GONE))
    assert found.absent() == [
        "000101 Noël Ferré — Obtenu : un compte désactivé — Attendu : un compte actif",
        "000102 Anne Ferré — Obtenu : aucun compte — Attendu : un compte actif",
    ]


def test_a_wrong_attribute_is_named_with_both_values() -> None:
    found = register(entry(NOEL, mail="noel@site.example"), entry(ANNE, department=""), entry(GONE))
    assert found.wrong() == [
        "nferre : mail — Obtenu : noel@site.example — Attendu : noel.ferre@site.example",
        "aferre : department — Obtenu : rien — Attendu : qualite",
    ]


def test_an_unknown_active_account_is_a_stranger() -> None:
    spy = replace(NOEL, matricule="666666", login="espion")
    assert register(entry(NOEL), entry(ANNE), entry(GONE), entry(spy)).strangers() == [f"CN=espion,OU=Personnel,{BASE}"]


def test_members_are_compared_both_ways() -> None:
    found = register(
        entry(NOEL),
        entry(ANNE),
        groups={"batiment-b25-labo": [entry(ANNE)], "metier-qualite": [entry(ANNE), entry(NOEL)]},
    )
    assert found.misplaced() == [
        "batiment-b25-labo : 000101 manque",
        "metier-laboratoire : 000101 manque",
        "metier-qualite : 000101 est de trop",
    ]


def test_what_a_leaver_still_has_is_named() -> None:
    kept = Entry(
        f"CN=pdacosta,OU=Personnel,{BASE}",
        {
            "employeeID": ("000103",),
            "userAccountControl": ("512",),
            "memberOf": (f"CN=metier-qualite,OU=Groupes,{BASE}",),
        },
    )
    assert register(kept).lingering() == [
        "pdacosta : compte actif",
        "pdacosta : hors de OU=Partis",
        f"pdacosta : membre de CN=metier-qualite,OU=Groupes,{BASE}",
    ]


def test_a_shared_address_is_named() -> None:
    shared = entry(ANNE, mail="noel.ferre@site.example")
    assert register(entry(NOEL), shared).homonyms() == ["mail noel.ferre@site.example : 2 comptes"]


def test_changes_name_who_changed_and_leave_out_who_had_to() -> None:
    before = register(entry(NOEL), entry(ANNE))
    after = register(entry(NOEL, department="qualite"), entry(ANNE, department="production"))
    assert len(changes(before, after)) == 2
    assert [line[:6] for line in changes(before, after, {"000102"})] == ["000101"]
    assert not changes(before, before)


HEADER = "Matricule;Civilité;Nom;Prénom;Bâtiment;Métier;Entrée;Sortie"


def people(count: int) -> tuple[list[str], People]:
    held = tuple(replace(NOEL, matricule=f"{rank:06d}") for rank in range(count))
    lines = [HEADER, *(f"{one.matricule};M.;Ferré;Noël;b25-labo;laboratoire;01/02/2020;" for one in held)]
    return lines, People(held, (), None, "ad.site.example", Secrets(b"r" * 32))  # type: ignore[arg-type] # not read


def test_the_changed_file_differs_by_what_was_asked_alone() -> None:
    lines, staff = people(320)
    changed, chosen = rewrite(lines, staff, Upheaval(joiners=2, leavers=1, moves=1, malformed=1))
    assert len(changed) == len(lines) + 2
    differing = [new for old, new in zip(lines, changed, strict=False) if old != new]
    assert differing == [
        "000300;M.;Ferré;Noël;b25-labo;laboratoire;01/02/2020;01/01/2024",
        "000301;M.;Ferré;Noël;b30-admin;qualite;01/02/2020;",
        "000302;M.;Ferré;Noël;b25-labo;laboratoire;01/02/2020;31/02/2024",
    ]
    assert (chosen.left, chosen.moved, chosen.spoiled) == (("000300",), ("000301",), ("000302",))
    assert chosen.joined == ("990001", "990002")


def test_too_few_employees_prove_nothing() -> None:
    lines, staff = people(301)
    with pytest.raises(Inconclusive, match="moins de 300"):
        rewrite(lines, staff, Upheaval(leavers=3))


def test_nobody_at_that_rank_proves_nothing() -> None:
    with pytest.raises(Inconclusive, match="moins de 3 employés"):
        people(2)[1].one(2, trade="laboratoire")
