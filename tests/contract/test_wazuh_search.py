"""The driver against a stand-in of the indexer that holds what was put in, over TLS: alerts, events, who may ask.

The search is OpenSearch's, of which no description is validated here; the layout of documents is that of the fixtures.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from recette.errors import Inconclusive
from recette.probes.siem import Mark, wazuh
from recette.probes.siem.wazuh import Service, Wazuh, over_https
from tests.contract.stand_in import StandIn

RECORDED = Path(__file__).parents[1] / "recorded" / "siem" / "wazuh-alertes.json"
SOURCES = [hit["_source"] for hit in json.loads(RECORDED.read_text(encoding="utf-8"))["hits"]["hits"]]
ALERTS, ARCHIVES = "wazuh-alerts-4.x-2026.11.26", "wazuh-archives-4.x-2026.11.26"
BEGAN = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Indexer:
    """The stand-in, its address and who signed its certificate."""

    stand: StandIn
    address: str
    trust: Path

    def driver(self, proof: str = "two") -> Wazuh:
        asked = Service(self.address, "recette", proof)
        return Wazuh(Service(self.address, "recette", "one"), asked, over_https(str(self.trust)))


@pytest.fixture
def indexer(tmp_path: Path) -> Iterator[Indexer]:
    trust, identity = signed(tmp_path)
    stand = StandIn(lambda: 0.0)
    with stand.serving(identity) as address:
        yield Indexer(stand, address, trust)


def signed(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate of this machine by itself, and the identity of a server that has it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    trust, private = folder / "trust.pem", folder / "key.pem"
    trust.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    identity = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    identity.load_cert_chain(trust, private)
    return trust, identity


def told(rank: int, **others: Any) -> dict[str, Any]:
    at = BEGAN + timedelta(seconds=rank)
    return {**SOURCES[0], "id": str(rank), "timestamp": at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000", **others}


def test_alerts_are_those_that_were_raised_since(indexer: Indexer) -> None:
    driver = indexer.driver()
    assert driver.alerts(Mark(BEGAN)) == []
    for source in SOURCES:
        indexer.stand.index(ALERTS, source)
    kinds = [one.kind for one in driver.alerts(Mark(BEGAN))]
    assert kinds == ["ssh-guessing", "file-changed", "dns-tunnel", "log-silence"]
    later = Mark(datetime(2026, 11, 26, 9, 0, 10, tzinfo=UTC))
    assert [one.kind for one in driver.alerts(later)] == ["dns-tunnel", "log-silence"]


def test_an_instant_of_another_zone_is_the_same_instant(indexer: Indexer) -> None:
    indexer.stand.index(ALERTS, told(0, timestamp="2026-11-26T10:00:03.412+0100"))
    assert len(indexer.driver().alerts(Mark(BEGAN + timedelta(seconds=3)))) == 1
    assert indexer.driver().alerts(Mark(BEGAN + timedelta(seconds=4))) == []


def test_every_page_is_read_once(indexer: Indexer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wazuh, "PAGE", 3)
    # Four at each instant, so that a page ends amid one of them.
    for rank in range(14):
        indexer.stand.index(ALERTS, told(rank // 4, id=str(rank)))
    assert [one.id for one in indexer.driver().alerts(Mark(BEGAN))] == [str(rank) for rank in range(14)]
    assert len(indexer.stand.asked) == 5


def test_events_are_found_by_their_words_in_the_archives_only(indexer: Indexer) -> None:
    indexer.stand.index(ARCHIVES, told(1, full_log="recette: mot-7 dit"))
    indexer.stand.index(ARCHIVES, told(2, full_log="recette: mot-8 dit"))
    indexer.stand.index(ALERTS, told(3, full_log="recette: mot-7 encore"))
    (event,) = indexer.driver().events(Mark(BEGAN), "mot-7")
    assert (event.host, event.message) == ("mail1", "recette: mot-7 dit")


def test_a_wrong_password_proves_nothing(indexer: Indexer) -> None:
    indexer.stand.index(ALERTS, SOURCES[0])
    with pytest.raises(Inconclusive, match="401"):
        indexer.driver("wrong").alerts(Mark(BEGAN))


def test_another_authority_is_not_believed(indexer: Indexer, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other, _ = signed(tmp_path / "other")
    foreign = Indexer(indexer.stand, indexer.address, other)
    with pytest.raises(Inconclusive, match="CERTIFICATE_VERIFY_FAILED"):
        foreign.driver().alerts(Mark(BEGAN))
    assert not indexer.stand.asked


def test_an_answer_without_the_field_that_is_read_proves_nothing(indexer: Indexer) -> None:
    indexer.stand.index(ALERTS, {name: value for name, value in SOURCES[0].items() if name != "rule"})
    with pytest.raises(Inconclusive, match="incomprise"):
        indexer.driver().alerts(Mark(BEGAN))


def test_a_service_that_is_away_proves_nothing(indexer: Indexer) -> None:
    gone = Indexer(indexer.stand, "https://localhost:1", indexer.trust)
    with pytest.raises(Inconclusive, match="sans réponse utile"):
        gone.driver().alerts(Mark(BEGAN))
