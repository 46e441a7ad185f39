"""From captures to facts: what proves a silence, what spoils the proof, what a victim believed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from recette.probes.attacks import events, facts, segment, ship
from recette.probes.attacks.agents import craft, flood, limits
from recette.probes.attacks.agents.link import Frame
from recette.probes.attacks.attribution import Fired, answers
from recette.probes.attacks.facts import Ground
from recette.probes.attacks.model import Attack, Marker, Shot
from recette.probes.attacks.volley import Range, Volley
from recette.shell import BOOTSTRAP, Remote, framed
from recette.site import Site, find_site

MARK, NONCE = 500, 0x0A0B0C0D
GATE = ("fw-ext-1", "wan-a")
GROUND = Ground((GATE,), {"mandataire": 1})
MAC = "02:94:00:00:00:01"
TRUE, FALSE = "02:94:0a:5e:32:02", "02:94:0a:5e:32:66"


@pytest.fixture(scope="module")
def where() -> Range:
    return Range(Site.load(find_site("jumeau")), Remote(Path("none")), lambda marker: [f"N1:{marker.first}"])


def crafted(mark: int, kind: str = "tcp", **options: Any) -> list[bytes]:
    shot = {"source": "10.94.30.11", "destination": "198.51.100.4", "sport": 20_000, "dport": 443, "flags": "S"}
    return craft.frames({**shot, "kind": kind, "mark": mark, "nonce": NONCE, **options}, MAC, MAC)


def seen(contents: Sequence[bytes], dev: str = "wan-a", *, out: bool = False) -> tuple[Frame, ...]:
    return tuple(Frame(1.0, dev, out, data) for data in contents)


def fired(mark: int, kind: str = "tcp", sent: int = 1, **options: Any) -> Fired:
    shot = Shot("spoof", kind, "198.51.100.4", source="10.94.30.11", targets=("mandataire",), options=options)
    return Fired("fai-a", shot, Marker(mark, mark, NONCE, "10.94.30.11", "198.51.100.4", 20_000, 443, 0, 1), sent, None)


def volley(**changes: Any) -> Volley:
    """A spoofed packet that its firewall dropped, and a witness that came through."""
    attack, witness = crafted(MARK), crafted(MARK + 1)
    fields: dict[str, Any] = {
        "fired": (fired(MARK), fired(MARK + 1)),
        "left": {0: seen(attack, out=True), 1: seen(witness, out=True)},
        "answers": {},
        "seen": {"fw-ext-1": {0: seen(attack), 1: seen(witness)}, "mandataire": {1: seen(witness, "dmz")}},
        "observed": {},
        "lost": 0,
    }
    return Volley(**fields | changes)


def told(where: Range, **changes: Any) -> Attack:
    return facts.attack(where, volley(**changes), 0, GROUND)


def test_a_silence_with_its_proofs(where: Range) -> None:
    attack = told(where)
    assert (attack.sent, attack.arrived, attack.answers, attack.control_ok) == (1, 0, (), True)
    assert attack.details["reached"] == 1
    assert attack.drops == (f"N1:{MARK}",)
    assert attack.pcap is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"left": {}},
        {"lost": 1},
        {"fired": (fired(MARK, sent=0), fired(MARK + 1))},
        {"seen": {"fw-ext-1": {}, "mandataire": {1: seen(crafted(MARK + 1), "dmz")}}},
        {"seen": {"fw-ext-1": {0: seen(crafted(MARK), "wan-b")}, "mandataire": {1: seen(crafted(MARK + 1), "dmz")}}},
        {"seen": {"fw-ext-1": {0: seen(crafted(MARK))}, "mandataire": {}}},
    ],
    ids=["never left", "capture overflowed", "not sent", "lost on the way", "came another way", "no witness"],
)
def test_what_spoils_the_proof(where: Range, changes: dict[str, Any]) -> None:
    assert not told(where, **changes).control_ok


def test_what_comes_through_is_counted(where: Range) -> None:
    through = {0: seen(crafted(MARK), "dmz"), 1: seen(crafted(MARK + 1), "dmz")}
    attack = told(where, seen={"fw-ext-1": {0: seen(crafted(MARK))}, "mandataire": through})
    assert attack.arrived == 1


def test_overlapping_fragments_count_only_under_the_refused_port(where: Range) -> None:
    options = {"decoy": 443, "dport": 23, "shown": 24, "hidden": 8}
    fragments = crafted(MARK, "overlapping-fragments", **options)
    shot = fired(MARK, "overlapping-fragments", sent=3, **options)
    marker = Marker(MARK, MARK, NONCE, "10.94.30.11", "198.51.100.4", 20_000, 23, 0, 1)
    changes: dict[str, Any] = {"fired": (Fired("fai-a", shot.shot, marker, 3, None), fired(MARK + 1))}
    for passed, arrived in (([fragments[0], fragments[2]], 0), (fragments, 1)):
        at_target = {0: seen(passed, "dmz"), 1: seen(crafted(MARK + 1), "dmz")}
        attack = told(where, **changes, seen={"fw-ext-1": {0: seen(fragments)}, "mandataire": at_target})
        assert attack.arrived == arrived


def test_answers_of_operators_are_told_apart(where: Range) -> None:
    replies = [
        craft.frames(
            {"kind": "tcp", "source": source, "destination": "192.0.2.66", "sport": 443, "dport": 20_000, "flags": "RA"}
            | {"mark": 9, "nonce": 1},
            MAC,
            MAC,
        )[0]
        for source in ("198.51.100.1", "198.51.100.4")
    ]
    found = answers((fired(MARK),), {"fai-a": seen(replies)})
    attack = told(where, answers=found)
    assert attack.answers == ("198.51.100.4:443 TCP RA",)
    assert attack.details["operators"] == ["198.51.100.1:443 TCP RA"]


@pytest.mark.parametrize(
    ("timeline", "expected"),
    [
        ([], {"poisoned": False, "poisoned_s": 0.0, "recovered_s": None}),
        ([(1.0, TRUE)], {"poisoned": False, "poisoned_s": 0.0, "recovered_s": None}),
        ([(1.0, FALSE), (5.5, TRUE)], {"poisoned": True, "poisoned_s": 4.5, "recovered_s": 2.5}),
        (
            [(1.0, FALSE), (1.5, TRUE), (2.0, FALSE), (4.0, TRUE)],
            {"poisoned": True, "poisoned_s": 2.5, "recovered_s": 1.0},
        ),
        ([(1.0, FALSE), (2.0, TRUE)], {"poisoned": True, "poisoned_s": 1.0, "recovered_s": 0.0}),
        ([(1.0, FALSE), (4.0, None), (6.0, TRUE)], {"poisoned": True, "poisoned_s": 3.0, "recovered_s": 3.0}),
        ([(1.0, FALSE)], {"poisoned": True, "poisoned_s": 9.0, "recovered_s": None}),
    ],
    ids=["nothing", "true only", "healed after", "flipping", "healed during", "forgotten, then true", "never healed"],
)
def test_what_a_victim_believed(timeline: list[tuple[float, str | None]], expected: dict[str, Any]) -> None:
    assert segment.belief(timeline, TRUE, last=3.0, ended=10.0) == expected


MONITOR = """\
[2026-11-23T02:48:06.982586] 10.94.50.1 dev voix lladdr 02:94:0a:5e:32:66 REACHABLE
[2026-11-23T02:48:07.093661] 2: voix    inet 10.94.50.30/32 scope global voix\\       valid_lft forever
[2026-11-23T02:48:07.093709] local 10.94.50.30 dev voix table local proto kernel scope host src 10.94.50.30
[2026-11-23T02:48:07.595858] Deleted 2: voix    inet 10.94.50.30/32 scope global voix\\       valid_lft forever
[2026-11-23T02:48:08.000000] 10.94.50.1 dev voix  FAILED
[2026-11-23T02:48:08.100000] Deleted 10.94.50.1 dev voix lladdr 02:94:0a:5e:32:66 STALE
[2026-11-23T02:48:08.200000] fe80::1 dev voix lladdr 02:94:0a:5e:32:02 router REACHABLE
something else"""


def test_the_monitor_is_read_with_its_dates_in_utc() -> None:
    changes = events.parse(MONITOR.splitlines())
    assert len(changes) == 7
    start = changes[0].time
    assert start == pytest.approx(1795402086.982586)
    gained, lost = events.ownership(changes, "10.94.50.30")
    assert (gained[1], lost[1], round(lost[0] - gained[0], 3)) == (True, False, 0.502)
    believed = events.neighbour(changes, "10.94.50.1")
    assert [mac for _, mac in believed] == [FALSE, None, None]
    assert [mac for _, mac in events.neighbour(changes, "fe80::1")] == [TRUE]


def test_a_marker_recognises_a_line_of_the_log() -> None:
    marker = fired(MARK).marker
    assert marker.matches("10.94.30.11", 20_000)
    assert marker.matches("10.94.30.11", 0), "a protocol without ports"
    assert not marker.matches("10.94.30.11", 20_001)
    assert not marker.matches("10.94.30.12", 20_000)


@pytest.mark.parametrize(
    ("shot", "message"),
    [
        ({"destination": "8.8.8.8"}, "outside the networks of the twin"),
        ({"count": 2_000}, "packets of the batch = 6000"),
        ({"count": 10, "vrids": list(range(255)) * 2}, "packets of the batch = 5100"),
        ({"count": 100, "gap_s": 1.0}, "seconds of the batch = 100"),
        ({"count": -1}, "packets of the batch = -3"),
    ],
)
def test_what_is_out_of_bounds_is_refused(shot: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        limits.check([{"destination": "10.94.10.80", "count": 1, "gap_s": 0.0, **shot}], ["10.94.0.0/16"])


FLOOD = {"packets": 10, "rate": 100, "destination": "10.94.10.80", "scope": ["10.94.0.0/16"]}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"packets": limits.MAX_FLOOD + 1}, "packets of the flood"),
        ({"rate": limits.MAX_RATE + 1}, "packets a second"),
        ({"packets": 50_000, "rate": 100}, "seconds of the flood"),
        ({"destination": "192.0.2.1"}, "outside the networks of the twin"),
    ],
)
def test_the_host_refuses_a_flood_that_its_controller_should_have_refused(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        flood.main(FLOOD | changes)


@pytest.mark.parametrize("agent", ["send", "flood", "observe"])
def test_agents_start_on_a_host_that_has_nothing_of_the_project(agent: str, tmp_path: Path) -> None:
    shots = [{"destination": "8.8.8.8", "count": 1, "gap_s": 0}]
    payload = {**FLOOD, "packets": 10**6, "shots": shots, "limit_s": 10**6}
    done = subprocess.run(
        ["/bin/sh", "-c", BOOTSTRAP],
        input=framed(ship.source(agent), payload),
        capture_output=True,
        check=False,
        cwd=tmp_path,
        env={"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"},
    )
    assert done.returncode != 0
    assert done.stdout == b""
    assert done.stderr.decode().strip().splitlines()[-1].startswith("ValueError: ")


def test_the_facts_can_be_written_as_json(where: Range) -> None:
    assert json.loads(json.dumps(told(where).details))["targets"] == ["mandataire"]
