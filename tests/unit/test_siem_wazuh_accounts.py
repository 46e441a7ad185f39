"""The indexer's half of the program that makes Wazuh's accounts, against a stand-in that remembers.

Its other half is tried against the description of the server's API (tests/contract); the indexer has none here.
"""

from __future__ import annotations

import base64
import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(__file__).parents[2] / "roles" / "siem_wazuh" / "files" / "comptes.py"
PASSWORDS = {"admin": "A-new-1", "kibanaserver": "A-new-2", "reader_indexer": "A-new-3"}
SECURITY = "/_plugins/_security/api"


@pytest.fixture(scope="module")
def program() -> Any:
    found = importlib.util.spec_from_file_location("comptes", PROGRAM)
    assert found
    assert found.loader
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


class Indexer:
    """Accounts and roles, and the refusal of whoever is not the administrator."""

    def __init__(self, program: Any) -> None:
        self._program = program
        self.users: dict[str, dict[str, Any]] = {"admin": {"password": "admin"}, "kibanaserver": {"password": "other"}}
        self.roles: dict[str, Any] = {}

    def as_anybody(self, method: str, path: str, authorization: str = "", body: Any = None) -> Any:
        assert (method, path, body) == ("GET", "/_plugins/_security/authinfo", None)
        user, _, password = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        if self.users.get(user, {}).get("password") != password:
            raise self._program.RefusedError(path)
        return {"user": user}

    def as_administrator(self, method: str, path: str, authorization: str = "", body: Any = None) -> Any:
        assert not authorization
        kind, name = path.removeprefix(f"{SECURITY}/").split("/")
        known = {"roles": self.roles, "internalusers": self.users}[kind]
        if method == "PUT":
            known[name] = json.loads(json.dumps(body))
            return {"status": "OK"}
        return {name: known[name]} if name in known else None


class Way:
    """One of the two ways to ask."""

    def __init__(self, ask: Any) -> None:
        self.ask = ask


def changed(program: Any, indexer: Indexer, passwords: dict[str, str]) -> list[str]:
    return list(program.of_indexer(Way(indexer.as_anybody), Way(indexer.as_administrator), passwords))


def test_no_account_keeps_the_password_of_the_package(program: Any) -> None:
    indexer = Indexer(program)
    assert changed(program, indexer, PASSWORDS) == [
        "indexer/recette role",
        "indexer/admin",
        "indexer/kibanaserver",
        "indexer/recette",
    ]
    assert changed(program, indexer, PASSWORDS) == []
    assert changed(program, indexer, {**PASSWORDS, "admin": "A-new-4"}) == ["indexer/admin"]


def test_the_account_of_the_recette_reads_alerts_and_archives_only(program: Any) -> None:
    indexer = Indexer(program)
    changed(program, indexer, PASSWORDS)
    assert indexer.users["recette"]["opendistro_security_roles"] == ["recette"]
    (rights,) = indexer.roles["recette"]["index_permissions"]
    assert rights["index_patterns"] == ["wazuh-alerts-4.x-*", "wazuh-archives-4.x-*"]
    assert rights["allowed_actions"] == ["read"]
    indexer.roles["recette"]["index_permissions"][0]["allowed_actions"] = ["*"]
    assert changed(program, indexer, PASSWORDS) == ["indexer/recette role"]
