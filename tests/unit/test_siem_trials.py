"""What the trials of the SIEM conclude from what they saw."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Packet, Raw

from recette.errors import Inconclusive
from recette.policy.listening import listened
from recette.probes.siem import Alert, Event, siem_of
from recette.probes.siem.embedded import Embedded
from recette.shell import Completed, Remote
from recette.site import Site
from recette.trials.siem.attacks import ATTACKS
from recette.trials.siem.coverage import counted
from recette.trials.siem.ordinary import LIVES
from recette.trials.siem.overheard import contents
from recette.trials.siem.watch import Expected, best

ROOT = Path(__file__).parents[2]
TOLD = {
    "id": "1",
    "detected_at": "2026-11-26T09:00:01.000+00:00",
    "event_at": "2026-11-26T10:00:00.123456+01:00",
    "kind": "port-scan",
    "severity": "medium",
    "host": "fw-ext-1",
    "source_ip": "192.0.2.66",
    "user": "",
    "object": "niveau 1",
    "engine": "embedded",
    "engine_rule": "port-scan",
    "mitre": ["T1046"],
    "raw": "drop source=192.0.2.66",
}
WANTED = Expected("port-scan", frozenset({"fw-ext-1"}), "T1046", "192.0.2.66", trace="192.0.2.66")


class Answers:
    """Stands for the way to a host; answers are chosen by a word of the script."""

    def __init__(self, answers: dict[str, Completed]) -> None:
        self._answers = answers

    def run(self, _host: str, script: str, **_others: Any) -> Completed:
        return next(answer for word, answer in self._answers.items() if word in script)


def embedded(**answers: str | int) -> Embedded:
    told = {
        word: Completed(answer, "", "no such file") if isinstance(answer, int) else Completed(0, answer, "")
        for word, answer in answers.items()
    }
    return Embedded(cast("Remote", Answers(told)), "siem1")


def test_an_alert_that_is_right_has_no_fault() -> None:
    alert = Alert.read(TOLD)
    assert WANTED.is_told_by(alert)
    assert WANTED.faults(alert) == []


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("host", "fw-ext-2", "machine fw-ext-2"),
        ("source_ip", "10.94.40.11", "source 10.94.40.11"),
        ("source_ip", "", "source absente"),
        ("mitre", ("T1190",), "technique T1190"),
        ("mitre", (), "technique absente"),
    ],
)
def test_each_wrong_field_is_named(name: str, value: Any, word: str) -> None:
    alert = replace(Alert.read(TOLD), **{name: value})
    (fault,) = WANTED.faults(alert)
    assert fault.startswith(word)


def test_the_user_is_judged_where_one_is_expected() -> None:
    (fault,) = replace(WANTED, user="jmartin").faults(Alert.read(TOLD))
    assert fault == "compte absent au lieu de jmartin"


@pytest.mark.parametrize(("name", "value"), [("kind", "conduit"), ("source_ip", "192.0.2.67")])
def test_an_alert_about_something_else_is_not_taken(name: str, value: Any) -> None:
    assert not WANTED.is_told_by(replace(Alert.read({**TOLD, "raw": ""}), **{name: value}))


def test_of_several_alerts_the_right_one_is_judged() -> None:
    right = Alert.read(TOLD)
    relayed = replace(right, id="2", source_ip="10.94.30.11")
    other = replace(right, id="3", kind="conduit")
    assert best([other, relayed, right], WANTED) == right
    assert best([other, relayed], WANTED) == relayed
    assert best([other], WANTED) is None


def frame(source: str, layer: Packet, data: bytes) -> Packet:
    """As a capture gives it back, a short one with its padding."""
    raw = bytes(Ether() / IP(src=source, dst="10.94.31.21") / layer / Raw(data))
    return Ether(raw.ljust(60, b"x"))


def test_what_a_conversation_carried_is_put_together() -> None:
    there, beside = TCP(sport=40000, dport=6514), UDP(sport=40000, dport=6514)
    packets = [
        frame("10.94.32.11", there, b"mot"),
        frame("10.94.30.11", there, b"autre"),
        frame("10.94.32.11", there, b"-fin"),
        frame("10.94.32.11", beside, b"datagramme"),
        frame("10.94.32.11", there, b""),
    ]
    assert contents(packets) == {
        ("10.94.32.11", "10.94.31.21", 6, 40000, 6514): b"mot-fin",
        ("10.94.30.11", "10.94.31.21", 6, 40000, 6514): b"autre",
        ("10.94.32.11", "10.94.31.21", 17, 40000, 6514): b"datagramme",
    }


@pytest.mark.parametrize("harm", [{"severity": "severe"}, {"detected_at": "yesterday"}, {"host": None}])
def test_an_alert_of_another_form_proves_nothing(harm: dict[str, Any]) -> None:
    told = {name: value for name, value in {**TOLD, **harm}.items() if value is not None}
    with pytest.raises(Inconclusive, match="lerte"):
        Alert.read(told)


def test_what_is_missing_and_what_came_twice_is_counted() -> None:
    events = [Event("dc1", "mot-1"), Event("dc1", "mot-1"), Event("dc1", "mot-3"), Event("dc1", "mot-fin")]
    kept = counted(events, ["dc1", "dc2"], 3, 60.0)
    assert (kept.missing, kept.doubled) == ({"dc1": 1, "dc2": 3}, 1)


def test_the_embedded_engine_reads_alerts_once() -> None:
    lines = f"{json.dumps(TOLD)}\n{json.dumps(TOLD)}\n{{unfinished"
    assert [alert.kind for alert in embedded(tail=lines).alerts(embedded(stat="1795687203.5\n12\n").mark())] == [
        "port-scan"
    ]


def test_the_embedded_engine_tells_who_is_alive() -> None:
    now = datetime(2026, 11, 26, 9, 0, tzinfo=UTC).timestamp()
    signs = [
        {"host": "dc1", "received_at": "2026-11-26T09:59:55+01:00"},
        {"host": "dc2", "received_at": "2026-11-26T09:58:00+01:00"},
    ]
    told = f"{now}\n" + "".join(f"{json.dumps(sign)}\n" for sign in signs)
    assert embedded(MARK=told).reporting() == frozenset({"dc1"})


@pytest.mark.parametrize("ask", [lambda siem: siem.mark(), lambda siem: siem.reporting()])
def test_an_engine_that_cannot_be_read_proves_nothing(ask: Callable[[Embedded], object]) -> None:
    with pytest.raises(Inconclusive, match="siem1"):
        ask(embedded(date=2))


def test_a_line_that_is_no_json_proves_nothing() -> None:
    with pytest.raises(Inconclusive, match="incomprise"):
        embedded(tail="{nonsense}\n").alerts(embedded(stat="1795687203.5\n0\n").mark())


def test_the_site_names_its_engine() -> None:
    site = Site.load(ROOT / "sites" / "jumeau")
    remote = cast("Remote", Answers({}))
    assert siem_of(site, remote).name == "embedded"
    for engine, word in (("wazuh", "siem_wazuh_server"), ("other", "inconnu")):
        other = replace(site, variables={**site.variables, "siem_engine": engine})
        with pytest.raises(Inconclusive, match=word):
            siem_of(other, remote)


def test_every_attack_and_every_ordinary_act_is_in_a_feature() -> None:
    text = (ROOT / "features" / "siem" / "alertes.feature").read_text(encoding="utf-8")
    assert [words for words in (*ATTACKS, *LIVES) if f"| {words} " not in text] == []


def test_a_host_listens_on_what_the_matrix_opens_to_it() -> None:
    site = Site.load(ROOT / "sites" / "jumeau")
    assert {22, 6514} <= set(listened(site, site.host("siem1")))
    assert 6514 not in listened(site, site.host("dc1"))
    assert {88, 389} <= set(listened(site, site.host("dc1")))
