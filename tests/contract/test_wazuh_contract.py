"""The driver of Wazuh, and the program that makes its accounts, against Wazuh's own description of its API.

A proxy refuses what the description does not allow, of those who ask and of the stand-in which answers. This verifies
the contract of the interface; it does not prove Wazuh.
"""

from __future__ import annotations

import importlib.util
import json
import types
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from recette.errors import Inconclusive
from recette.probes.siem import Mark, wazuh
from recette.probes.siem.wazuh import ALERTS, Service, Wazuh
from tests.contract.conftest import Contract
from tests.contract.stand_in import ADMINISTRATOR, Account

PROGRAM = Path(__file__).parents[2] / "roles" / "siem_wazuh" / "files" / "comptes.py"
LIMIT_S = 30.0
PASSWORDS = {"wazuh": "A-new-1", "wazuh-wui": "A-new-2", "reader_server": "A-new-3"}


def ask(method: str, address: str, headers: Mapping[str, str], body: bytes | None) -> Any:
    """As `over_https` does, without TLS, of which the proxy knows nothing."""
    request = urllib.request.Request(address, body, dict(headers), method=method)  # noqa: S310 - this machine
    try:
        with urllib.request.urlopen(request, timeout=LIMIT_S) as answer:  # noqa: S310 - the same
            return json.load(answer)
    except (OSError, ValueError) as error:
        raise Inconclusive(f"Wazuh : {error}") from error


def driver(address: str, proof: str = "one") -> Wazuh:
    return Wazuh(Service(address, "recette", proof), Service(address, "recette", "two"), ask)


def test_agents_that_report_are_those_that_connected(contract: Contract) -> None:
    asking = driver(contract.validated)
    assert asking.reporting() == frozenset()
    for name in ("mail1", "bkp1", "dc1"):
        contract.stand.connect(name)
    assert asking.reporting() == {"mail1", "bkp1", "dc1"}
    contract.stand.disconnect("bkp1")
    assert asking.reporting() == {"mail1", "dc1"}
    contract.stand.connect("bkp1")
    assert asking.reporting() == {"mail1", "bkp1", "dc1"}


def test_every_page_of_agents_is_read(contract: Contract, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wazuh, "PAGE", 3)
    names = {f"host-{rank}" for rank in range(8)}
    for name in names:
        contract.stand.connect(name)
    assert driver(contract.validated).reporting() == names
    assert contract.stand.asked.count(("GET", "/agents")) == 3


def test_wrong_credentials_are_refused(contract: Contract) -> None:
    with pytest.raises(Inconclusive, match="401"):
        driver(contract.validated, "wrong").reporting()
    assert ("GET", "/agents") not in contract.stand.asked


def test_a_token_is_renewed_before_it_expires(contract: Contract, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wazuh, "time", types.SimpleNamespace(monotonic=contract.clock))
    asking = driver(contract.validated)
    contract.stand.connect("mail1")
    for _ in range(4):
        assert asking.reporting() == {"mail1"}
        contract.clock.now_s += wazuh.TOKEN_S / 2
    assert contract.stand.asked.count(("POST", "/security/user/authenticate")) == 2


def test_an_expired_token_is_refused(contract: Contract, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wazuh, "TOKEN_S", 10_000.0)
    asking = driver(contract.validated)
    asking.reporting()
    contract.clock.now_s += 901.0
    with pytest.raises(Inconclusive, match="401"):
        asking.reporting()


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("data", "total_failed_items"), None),
        (("data", "affected_items"), None),
        (("data", "total_affected_items"), "three"),
        (("data", "affected_items", 0, "name"), 7),
        (("data", "affected_items"), {}),
    ],
)
def test_an_answer_that_breaks_the_contract_is_refused(
    contract: Contract, where: tuple[str | int, ...], value: Any
) -> None:
    def spoil(path: str, told: Any) -> Any:
        if path == "/agents":
            place = told
            for step in where[:-1]:
                place = place[step]
            if value is None:
                del place[where[-1]]
            else:
                place[where[-1]] = value
        return told

    contract.stand.connect("mail1")
    assert driver(contract.validated).reporting() == {"mail1"}
    contract.stand.spoil = spoil
    with pytest.raises(Inconclusive, match="500"):
        driver(contract.validated).reporting()


def test_it_is_the_proxy_that_refuses(contract: Contract) -> None:
    def spoil(path: str, told: Any) -> Any:
        if path == "/agents":
            del told["data"]["total_failed_items"]
        return told

    contract.stand.connect("mail1")
    contract.stand.spoil = spoil
    assert driver(contract.direct).reporting() == {"mail1"}


def test_a_driver_that_asks_beyond_the_contract_is_refused(contract: Contract, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wazuh, "PAGE", 100_001)
    with pytest.raises(Inconclusive, match="422"):
        driver(contract.validated).reporting()
    assert ("GET", "/agents") not in contract.stand.asked


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/agents?status=sleeping", "422"),
        ("GET", "/agents?offset=-1", "422"),
        ("GET", "/agents?limit=many", "422"),
        ("POST", "/agents/summary/status", "405"),
        ("GET", "/findings", "404"),
    ],
)
def test_a_request_that_breaks_the_contract_is_refused(contract: Contract, method: str, path: str, code: str) -> None:
    token = ask("POST", f"{contract.direct}/security/user/authenticate", Service("", "recette", "one").basic, None)
    bearer = {"Authorization": f"Bearer {token['data']['token']}"}
    contract.stand.asked.clear()
    with pytest.raises(Inconclusive, match=code):
        ask(method, contract.validated + path, bearer, None)
    assert not contract.stand.asked


def test_a_request_without_a_token_is_refused(contract: Contract) -> None:
    with pytest.raises(Inconclusive, match="401"):
        ask("GET", f"{contract.validated}/agents", {}, None)
    assert not contract.stand.asked


def test_accounts_get_their_passwords_once(contract: Contract) -> None:
    program = accounts()
    server = program.Service(contract.validated, None)
    del contract.stand.accounts["recette"]
    changed = list(program.of_server(server, PASSWORDS))
    assert changed == ["server/wazuh", "server/wazuh-wui", "server/recette", "server/recette readonly"]
    assert list(program.of_server(server, PASSWORDS)) == []
    assert {name: one.password for name, one in contract.stand.accounts.items()} == {
        "wazuh": "A-new-1",
        "wazuh-wui": "A-new-2",
        "recette": "A-new-3",
    }
    assert list(program.of_server(server, {**PASSWORDS, "reader_server": "A-new-4"})) == ["server/recette"]
    assert driver(contract.validated, "A-new-4").reporting() == frozenset()


def test_an_account_whose_password_nobody_knows_is_left_alone(contract: Contract) -> None:
    program = accounts()
    contract.stand.accounts["wazuh"] = Account(1, "somebody's own", [ADMINISTRATOR])
    with pytest.raises(program.RefusedError):
        list(program.of_server(program.Service(contract.validated, None), PASSWORDS))


def test_the_account_that_reads_changes_nothing(contract: Contract) -> None:
    program = accounts()
    server = program.Service(contract.validated, None)
    session = program.token(server, "recette", "one")
    with pytest.raises(OSError, match="403"):
        server.ask("POST", "/security/users", session, {"username": "other", "password": "A-new-5"})
    assert "other" not in contract.stand.accounts


def test_the_search_is_none_of_this_contract(contract: Contract) -> None:
    contract.stand.index(ALERTS.replace("*", "2026.11.26"), {})
    with pytest.raises(Inconclusive, match="404"):
        driver(contract.validated).alerts(Mark(datetime(2026, 11, 26, tzinfo=UTC)))


def accounts() -> Any:
    """The program that role siem_wazuh installs."""
    found = importlib.util.spec_from_file_location("comptes", PROGRAM)
    assert found
    assert found.loader
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module
