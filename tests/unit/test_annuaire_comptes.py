"""Loading people into a directory: what is created, put right, disabled, and what is left alone."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

PLUGINS = Path(__file__).parents[2] / "plugins"
ROOT = "OU=CENEXIS,DC=ad,DC=cenexis,DC=example"
LABORATORY = ["batiment-b25-labo", "metier-laboratoire"]


def _load(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def comptes() -> Iterator[ModuleType]:
    """The module, with what it shares with the others found where Ansible puts it."""
    name = "ansible.module_utils.annuaire"
    sys.modules[name] = _load(name, PLUGINS / "module_utils/annuaire.py")
    yield _load("annuaire_comptes", PLUGINS / "modules/annuaire_comptes.py")
    del sys.modules[name]


class Entry(dict[str, Any]):
    """An object of the directory."""

    def __init__(self, dn: str, attributes: dict[str, Any]) -> None:
        super().__init__(attributes)
        self.dn = dn


class Memory:
    """A directory in memory, with the interface of the real one; answers whatever is asked by base only."""

    live = check = False

    def __init__(self) -> None:
        self.objects: dict[str, Entry] = {}
        self.database = SimpleNamespace(
            domain_dn=lambda: "DC=ad,DC=cenexis,DC=example",
            transaction_start=lambda: None,
            transaction_commit=lambda: None,
        )

    def search(self, base: str, expression: str, _attributes: list[str]) -> list[Entry]:
        kind = expression.split("objectClass=")[1].split(")", maxsplit=1)[0]
        return [
            entry
            for dn, entry in self.objects.items()
            if dn.endswith(base)
            and entry["objectClass"] == kind
            and ("employeeID=*" not in expression or "employeeID" in entry)
        ]

    def add(self, dn: str, attributes: dict[str, Any]) -> None:
        assert dn not in self.objects
        self.objects[dn] = Entry(dn, {"cn": dn.split(",", maxsplit=1)[0][3:], **attributes})

    def replace(self, dn: str, attributes: dict[str, str]) -> None:
        self.objects[dn].update(attributes)

    def move(self, old: str, new: str) -> None:
        entry = self.objects[new] = self.objects.pop(old)
        entry.dn = new
        for each in self.objects.values():
            if old in each.get("member", []):
                each["member"] = [new if member == old else member for member in each["member"]]

    def members(self, dn: str, come: list[str], gone: list[str]) -> None:
        entry = self.objects[dn]
        entry["member"] = [member for member in entry.get("member", []) if member not in gone] + come

    def of(self, login: str) -> Entry:
        (found,) = (entry for entry in self.objects.values() if entry.get("sAMAccountName") == login)
        return found


def _account(matricule: str, login: str, groups: list[str], *, active: bool = True) -> dict[str, Any]:
    building, trade = (name.split("-", 1)[1] for name in groups)
    return {
        "matricule": matricule,
        "login": login,
        "local_part": f"prenom.{login}",
        "given_name": "Prénom",
        "family_name": login,
        "display_name": f"Prénom {login}",
        "building": building,
        "trade": trade,
        "active": active,
        "extension": str(int(matricule) - 98000),
        "groups": groups if active else [],
        "password": f"initial {matricule}",
    }


class World:
    """A directory and the file that is loaded into it."""

    def __init__(self, comptes: ModuleType) -> None:
        self.comptes, self.directory = comptes, Memory()
        self.accounts = {
            "a": _account("100101", "adarcy", LABORATORY),
            "b": _account("100102", "bpetit", LABORATORY),
        }

    def load(self) -> Any:
        people = {
            "accounts": list(self.accounts.values()),
            "groups": [*LABORATORY, "metier-maintenance"],
            "refusals": [],
        }
        parameters = {"realm": "AD.CENEXIS.EXAMPLE", "mail_domain": "cenexis.example", "root": "CENEXIS"}
        parameters |= {"direct_prefix": "+33 1 99 00"}
        return self.comptes.load(self.directory, parameters | {"people": json.dumps(people), "services": []})


@pytest.fixture
def world(comptes: ModuleType) -> World:
    """A directory where two people were loaded."""
    world = World(comptes)
    assert world.load().done["created"] == ["adarcy", "bpetit"]
    return world


def _done(work: Any) -> dict[str, list[str]]:
    return {name: found for name, found in work.done.items() if found}


def test_a_leaver_keeps_his_number(world: World) -> None:
    """Nobody else is ever called by it."""
    world.accounts["b"] = _account("100102", "bpetit", LABORATORY, active=False)
    world.load()
    told = world.directory.of("bpetit")
    assert (told["ipPhone"], told["telephoneNumber"]) == ("2102", "+33 1 99 00 2102")


def test_a_second_load_changes_nothing(world: World) -> None:
    work = world.load()
    assert (_done(work), work.warnings) == ({}, [])


def test_a_joiner_a_leaver_and_a_move_change_just_those(world: World) -> None:
    world.accounts["a"] = _account("100101", "adarcy", LABORATORY, active=False)
    world.accounts["b"] = _account("100102", "bpetit", ["batiment-b25-labo", "metier-maintenance"])
    world.accounts["c"] = _account("100103", "cnoel", LABORATORY)
    assert _done(world.load()) == {
        "created": ["cnoel"],
        "disabled": ["adarcy"],
        "moved": ["bpetit"],
        "groups": [
            "batiment-b25-labo + cnoel",
            "batiment-b25-labo - adarcy",
            "metier-laboratoire + cnoel",
            "metier-laboratoire - adarcy",
            "metier-laboratoire - bpetit",
            "metier-maintenance + bpetit",
        ],
    }
    leaver = world.directory.of("adarcy")
    assert (leaver.dn, leaver["userAccountControl"]) == (f"CN=adarcy,OU=Partis,{ROOT}", "514")
    assert _done(world.load()) == {}


def test_who_comes_back_gets_his_account_and_his_groups_again(world: World) -> None:
    present = world.accounts["a"]
    world.accounts["a"] = _account("100101", "adarcy", LABORATORY, active=False)
    world.load()
    world.accounts["a"] = present
    assert _done(world.load())["returned"] == ["adarcy"]
    back = world.directory.of("adarcy")
    assert (back.dn, back["userAccountControl"]) == (f"CN=adarcy,OU=Personnel,{ROOT}", "512")


def test_attributes_and_members_changed_by_hand_are_put_right_but_not_the_password(world: World) -> None:
    account = world.directory.of("adarcy")
    account["mail"], account["unicodePwd"] = "direction@cenexis.example", b"his own"
    world.directory.members(f"CN=metier-maintenance,OU=Groupes,{ROOT}", [account.dn], [])
    assert _done(world.load()) == {"changed_accounts": ["adarcy"], "groups": ["metier-maintenance - adarcy"]}
    assert account["mail"] == "prenom.adarcy@cenexis.example"
    assert account["unicodePwd"] == b"his own"


def test_a_leaver_who_was_let_in_again_is_disabled(world: World) -> None:
    world.accounts["a"] = _account("100101", "adarcy", LABORATORY, active=False)
    world.load()
    world.directory.of("adarcy")["userAccountControl"] = "512"
    assert _done(world.load()) == {"disabled": ["adarcy"]}


def test_an_account_disabled_by_hand_stays_so_and_is_named(world: World) -> None:
    world.directory.of("adarcy")["userAccountControl"] = "514"
    work = world.load()
    assert _done(work) == {}
    assert work.warnings == ["adarcy: disabled by hand, the account was left so"]


def test_an_account_that_the_file_does_not_name_is_left_alone_and_named(world: World) -> None:
    del world.accounts["a"]
    work = world.load()
    assert _done(work) == {}
    assert work.warnings == ["adarcy: matricule 100101 is not in the file, the account was left alone"]


def test_a_login_never_goes_from_one_person_to_another(world: World) -> None:
    world.accounts = {"b": _account("100102", "adarcy", LABORATORY)}
    work = world.load()
    assert _done(work) == {}
    assert work.warnings[0].endswith("has the file lost a leaver?")
