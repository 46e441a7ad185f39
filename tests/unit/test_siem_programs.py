"""What the collector does with what was found: the form of alerts, mail, seals."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "roles" / "siem" / "files"
CATALOGUE = json.loads((FOLDER / "catalogue.json").read_text(encoding="utf-8"))
NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
FORM = [
    *("id", "detected_at", "event_at", "kind", "severity", "host", "source_ip", "user", "object"),
    *("engine", "engine_rule", "mitre", "raw"),
]


@pytest.fixture(scope="module")
def siem() -> Iterator[Any]:
    """The programs, by their names."""
    folder = str(FOLDER / "programmes")
    sys.path.insert(0, folder)
    yield type(
        "Siem", (), {name: importlib.import_module(name) for name in ("alertes", "astreinte", "scellement", "suivi")}
    )
    sys.path.remove(folder)


def found(kind: str = "port-scan", **others: str) -> str:
    told = {"at": "2026-11-26T10:00:00+01:00", "host": "fw-ext-1", "source": "192.0.2.66", "user": "-", "object": "-"}
    told |= others
    return "\t".join((kind, *told.values(), "rule", "raw\twith a tab"))


def test_an_alert_has_the_common_form(siem: Any) -> None:
    made = siem.alertes.alert(found(), 10, CATALOGUE, NOW)
    assert list(made) == FORM
    assert (made["mitre"], made["user"], made["raw"]) == (["T1046"], "", "raw\twith a tab")
    assert siem.alertes.alert(found(), 10, CATALOGUE, NOW)["id"] == made["id"]
    assert siem.alertes.alert(found(), 11, CATALOGUE, NOW)["id"] != made["id"]


def test_an_unfinished_line_is_no_alert(siem: Any) -> None:
    assert siem.alertes.alert("port-scan\t2026", 10, CATALOGUE, NOW) is None


def test_every_kind_of_the_rules_is_in_the_catalogue() -> None:
    rules = (FOLDER.parent / "templates" / "regles.sec.j2").read_text(encoding="utf-8")
    kinds = {part.split("'")[1] for part in rules.split("alert(")[1:] if part.startswith("'")}
    assert kinds
    assert kinds | {"seal"} == set(CATALOGUE)


def test_a_reader_goes_on_where_it_stopped(siem: Any, tmp_path: Path) -> None:
    path, memory = tmp_path / "lines", tmp_path / "place"
    path.write_text("one\ntwo\nunfinis", encoding="utf-8")
    follower = siem.suivi.Follower(path, memory)
    read = list(follower.lines())
    assert [line for _, line in read] == ["one", "two"]
    follower.acknowledge(read[0][0])
    with path.open("a", encoding="utf-8") as stream:
        stream.write("hed\n")
    assert [line for _, line in siem.suivi.Follower(path, memory).lines()] == ["two", "unfinished"]
    path.write_text("new\n", encoding="utf-8")
    follower.acknowledge(1000)
    assert [line for _, line in follower.lines()] == ["new"]


def alert(siem: Any, kind: str = "port-scan", **others: str) -> Any:
    return siem.alertes.alert(found(kind, **others), 10, CATALOGUE, NOW)


def test_the_least_severity_decides_what_is_mailed(siem: Any) -> None:
    told = {kind: siem.astreinte.wanted(alert(siem, kind), "medium") for kind in CATALOGUE}
    assert [kind for kind, mailed in told.items() if not mailed] == ["privilege-used"]


def test_a_message_has_no_long_line_and_tells_everything(siem: Any) -> None:
    settings = {"sender": "siem@cenexis.example", "recipient": "astreinte@cenexis.example"}
    titles = {kind: known["title"] for kind, known in CATALOGUE.items()}
    alerts = [(alert(siem, object="x" * 3000), 4), (alert(siem, "malware", user="jmartin"), 0)]
    mail = siem.astreinte.message(alerts, settings, titles)
    assert mail["Subject"] == "[SIEM] Programme malveillant : fw-ext-1 (et 1 autres)"
    assert mail["Message-ID"] == f"<siem.{alerts[1][0]['id']}@cenexis.example>"
    assert max(map(len, mail.as_bytes().splitlines())) < 998
    text = mail.get_content()
    assert all(word in text for word in ("192.0.2.66", "jmartin", "T1046", "T1204.002", "Répétitions retenues : 4"))


def test_a_repeated_alert_is_mailed_once_a_minute(siem: Any) -> None:
    repetitions = siem.astreinte.Repetitions()
    assert [count for _, count in repetitions.fresh([alert(siem)] * 3, 0.0)] == [0]
    assert repetitions.fresh([alert(siem)], 59.0) == []
    assert [count for _, count in repetitions.fresh([alert(siem)], 61.0)] == [3]


@pytest.fixture
def archive(siem: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three sealed days; the collector is played by a function that opens a new file."""

    def reopened(folder: Path, _unit: str, now: datetime) -> Path:
        left = folder / f"evenements-{now:%Y%m%dT%H%M%SZ}.jsonl"
        (folder / "courant.jsonl").rename(left)
        return left

    monkeypatch.setattr(siem.scellement, "close", reopened)
    for day in range(3):
        (tmp_path / "courant.jsonl").write_text(f"events of day {day}\n", encoding="utf-8")
        siem.scellement.seal(tmp_path, "unit", tmp_path / "raw.tsv", 365, NOW + timedelta(days=day))
    return tmp_path


def test_an_untouched_archive_is_whole(siem: Any, archive: Path) -> None:
    found_there = siem.scellement.verify(archive)
    assert (found_there["checked"], found_there["faults"]) == (3, [])
    last = (archive / "raw.tsv").read_text(encoding="utf-8").splitlines()[-1]
    assert found_there["head"] in last.split("\t")[5]


@pytest.mark.parametrize("harm", ["byte", "removed", "link", "link removed"])
def test_any_harm_is_found(harm: str, siem: Any, archive: Path) -> None:
    second = sorted(archive.glob("evenements-*"))[1]
    chain = archive / "chaine.jsonl"
    lines = chain.read_text(encoding="utf-8").splitlines()
    if harm == "byte":
        second.write_text("events of day x\n", encoding="utf-8")
    elif harm == "removed":
        second.unlink()
    elif harm == "link":
        lines[1] = lines[1].replace('"act": "sealed"', '"act": "removed"')
        chain.write_text("\n".join(lines) + "\n", encoding="utf-8")
    else:
        chain.write_text("\n".join([lines[0], lines[2]]) + "\n", encoding="utf-8")
    assert siem.scellement.verify(archive)["faults"]


def test_old_files_are_removed_and_the_chain_remembers(siem: Any, archive: Path) -> None:
    (archive / "courant.jsonl").write_text("later\n", encoding="utf-8")
    siem.scellement.seal(archive, "unit", archive / "raw.tsv", 365, NOW + timedelta(days=366, hours=12))
    found_there = siem.scellement.verify(archive)
    assert (found_there["checked"], found_there["faults"]) == (2, [])
    assert len(list(archive.glob("evenements-*"))) == 2
