"""The driver of Wazuh: what it asks, and what it makes of answers that have Wazuh's layout.

Nothing here proves Wazuh: its contract is checked where its own description is present, its layout on fixtures.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from ruamel.yaml import YAML

from recette.errors import Inconclusive
from recette.probes.siem import Mark
from recette.probes.siem.wazuh import PAGE, Service, Wazuh, over_https
from recette.probes.siem.wazuh_form import alert, kind_of, severity_of
from recette.trials.fidelity import LEDGER

RECORDED = Path(__file__).parents[1] / "recorded" / "siem" / "wazuh-alertes.json"
HITS = json.loads(RECORDED.read_text(encoding="utf-8"))["hits"]["hits"]
SERVER, INDEXER = "https://siem1:55000", "https://siem1:9200"
SINCE = Mark(datetime(2026, 11, 26, 9, 0, tzinfo=UTC))
SPECIFICATION = os.environ.get("WAZUH_OPENAPI", "")
AGENTS = [f"host-{rank}" for rank in range(PAGE + 3)]


class Stand:
    """Answers as a server and an indexer with this content do, statefully: pages, tokens, refusals."""

    def __init__(self, hits: list[dict[str, Any]] | None = None) -> None:
        self.hits = hits if hits is not None else HITS
        self.asked: list[tuple[str, str, Mapping[str, str], Any]] = []

    def __call__(self, method: str, address: str, headers: Mapping[str, str], body: bytes | None) -> Any:
        told: dict[str, Any] = json.loads(body) if body else {}
        self.asked.append((method, address, headers, told))
        path, query = urlsplit(address).path, parse_qs(urlsplit(address).query)
        if path == "/security/user/authenticate":
            return {"data": {"token": "a-token"}, "error": 0}
        if path == "/agents":
            assert headers["Authorization"] == "Bearer a-token"
            start, most = int(query["offset"][0]), int(query["limit"][0])
            page = [{"id": f"{rank:03}", "name": name} for rank, name in enumerate(AGENTS)][start : start + most]
            return {"data": {"affected_items": page, "total_affected_items": len(AGENTS)}, "error": 0}
        after = told.get("search_after")
        later = [hit for hit in self.hits if after is None or hit["sort"] > after]
        return {"hits": {"hits": later[: told["size"]]}}


def driver(stand: Stand) -> Wazuh:
    return Wazuh(Service(SERVER, "recette", "one"), Service(INDEXER, "recette", "two"), stand)


def test_alerts_get_the_common_form() -> None:
    ssh, file, tunnel, silence = driver(Stand()).alerts(SINCE)
    assert (ssh.kind, ssh.host, ssh.source_ip, ssh.user) == ("ssh-guessing", "mail1", "10.94.30.12", "essai")
    assert (ssh.severity, ssh.mitre, ssh.engine, ssh.engine_rule) == ("high", ("T1110",), "wazuh", "5763")
    assert ssh.detected_at == datetime(2026, 11, 26, 9, 0, 3, 412000, tzinfo=UTC)
    assert (file.kind, file.host, file.user, file.object) == ("file-changed", "bkp1", "root", "/etc/essai.conf")
    assert (tunnel.kind, tunnel.host, tunnel.source_ip) == ("dns-tunnel", "fw-int-1", "10.94.130.100")
    assert (silence.kind, silence.host, silence.severity) == ("log-silence", "bkp1", "info")


def test_alerts_are_asked_since_the_mark_with_the_indexers_password() -> None:
    stand = Stand()
    driver(stand).alerts(SINCE)
    ((method, address, headers, told),) = stand.asked
    assert (method, address) == ("POST", f"{INDEXER}/wazuh-alerts-4.x-*/_search")
    assert headers["Authorization"] == f"Basic {base64.b64encode(b'recette:two').decode()}"
    assert told["query"]["bool"]["filter"] == [{"range": {"timestamp": {"gte": "2026-11-26T09:00:00.000+00:00"}}}]


def test_every_page_is_read() -> None:
    many = [
        {"_source": {**HITS[0]["_source"], "id": str(rank)}, "sort": [1795687203412, f"{rank:06}"]}
        for rank in range(2 * PAGE + 1)
    ]
    stand = Stand(many)
    assert len(driver(stand).alerts(SINCE)) == 2 * PAGE + 1
    assert len(stand.asked) == 3


def test_events_are_looked_for_in_the_archives() -> None:
    stand = Stand(HITS[:1])
    (event,) = driver(stand).events(SINCE, "essai")
    assert (event.host, "Failed password" in event.message) == ("mail1", True)
    (_, address, _, told) = stand.asked[0]
    assert address.endswith("/wazuh-archives-4.x-*/_search")
    assert told["query"]["bool"]["must"] == [{"match_phrase": {"full_log": "essai"}}]


def test_every_active_agent_reports_and_the_token_serves_again() -> None:
    stand = Stand()
    wazuh = driver(stand)
    assert wazuh.reporting() == frozenset(AGENTS)
    assert wazuh.reporting() == frozenset(AGENTS)
    paths = [urlsplit(address).path for _, address, _, _ in stand.asked]
    assert paths == ["/security/user/authenticate", *["/agents"] * 4]


@pytest.mark.parametrize("lost", ["rule", "timestamp", "agent", "id"])
def test_another_layout_proves_nothing(lost: str) -> None:
    told = {name: value for name, value in HITS[1]["_source"].items() if name != lost}
    with pytest.raises(Inconclusive, match="incomprise"):
        alert({"_source": told})


@pytest.mark.parametrize("answer", [{}, {"hits": {}}, {"hits": {"hits": None}}])
def test_an_answer_that_is_none_proves_nothing(answer: Any) -> None:
    with pytest.raises(Inconclusive, match="indexeur"):
        Wazuh(Service(SERVER, "a", "b"), Service(INDEXER, "a", "b"), lambda *_: answer).alerts(SINCE)


def test_without_an_authority_nothing_is_asked(tmp_path: Path) -> None:
    trust = tmp_path / "none.pem"
    trust.touch()
    with pytest.raises(Exception, match=r"(?i)no.certificate"):
        over_https(str(trust))


def test_an_unknown_rule_keeps_its_number() -> None:
    assert kind_of("99999", {}) == "wazuh-99999"
    assert kind_of("86601", {"alert": {"signature_id": 1}}) == "suricata-86601"
    assert [severity_of(level) for level in (3, 5, 7, 10, 15)] == ["info", "low", "medium", "high", "critical"]
    with pytest.raises(Inconclusive):
        severity_of(-1)


def test_who_acts_is_told_not_as_whom_he_acts() -> None:
    data = {"srcuser": "jm", "dstuser": "root", "command": "/usr/bin/id"}
    told = alert({"_source": {**HITS[0]["_source"], "rule": {"id": "5402", "level": 3}, "data": data}})
    assert (told.kind, told.user, told.object) == ("privilege-used", "jm", "/usr/bin/id")


def test_the_report_claims_the_contract_and_leaves_wazuh_to_the_site() -> None:
    (siem,) = [one for one in LEDGER if one.subject == "SIEM"]
    assert "Wazuh" not in siem.twin
    assert "Wazuh et ses règles (seul le contrat de son interface est vérifié)" in siem.site


@pytest.fixture(scope="module")
def contract() -> Any:
    """The description of the server's API by the Wazuh project itself."""
    if not SPECIFICATION:
        pytest.skip("WAZUH_OPENAPI does not name Wazuh's own description (api/api/spec/spec.yaml of wazuh/wazuh, 4.14)")
    return YAML(typ="safe", pure=False).load(Path(SPECIFICATION))


def test_every_request_to_the_server_is_in_the_contract(contract: Any) -> None:
    stand = Stand()
    driver(stand).reporting()
    for method, address, _, _ in stand.asked:
        described = contract["paths"][urlsplit(address).path][method.lower()]
        named = {_resolved(contract, one)["name"] for one in described.get("parameters", ())}
        assert set(parse_qs(urlsplit(address).query)) <= named
        assert "200" in described["responses"]


def test_the_names_that_are_read_are_in_the_contract(contract: Any) -> None:
    schemas = contract["components"]["schemas"]
    assert "token" in schemas["Token"]["properties"]
    assert "name" in schemas["Agent"]["properties"]
    assert {"affected_items", "total_affected_items"} <= set(_properties(contract, schemas["AllItemsResponseAgents"]))


def test_active_is_a_status_of_the_contract(contract: Any) -> None:
    parameters = [_resolved(contract, one) for one in contract["paths"]["/agents"]["get"]["parameters"]]
    (status,) = [one for one in parameters if one["name"] == "status"]
    assert "active" in status["schema"]["items"]["enum"]


def _resolved(contract: Any, told: Any) -> Any:
    while "$ref" in told:
        where = contract
        for part in told["$ref"].removeprefix("#/").split("/"):
            where = where[part.replace("~1", "/")]
        told = where
    return told


def _properties(contract: Any, schema: Any) -> dict[str, Any]:
    schema = _resolved(contract, schema)
    found = dict(schema.get("properties", {}))
    for part in schema.get("allOf", ()):
        found |= _properties(contract, part)
    return found
