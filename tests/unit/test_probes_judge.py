"""Every answer that a knock and the firewalls' logs can give together, as recorded cases."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest

from recette.probes.journal import LogEntry, parse
from recette.probes.judge import Knock, LogIndex, Observation, judge
from recette.site import Cell, Host, Interface, Service

POSTE, DC, MX = "10.94.130.100", "10.94.30.11", "10.94.10.25"


def host(name: str, zone: str, address: str, address6: str, group: str = "") -> Host:
    interface = Interface(zone, IPv4Address(address), IPv6Address(address6))
    return Host(name, (interface,), (), None, frozenset({group} if group else ()), "base", forwarding=False)


POSTE_B30 = host("poste-b30", "b30-admin", POSTE, "fd94:0:0:130::100")
DC1 = host("dc1", "serveurs", DC, "fd94:0:0:30::11")
MX1 = host("mx-1", "dmz", MX, "fd94:0:0:10::25")


def cell(address: str = DC, target: Host = DC1, levels: tuple[int, ...] = (2,), protocol: str = "tcp") -> Cell:
    service, zones = Service(protocol, 3389, "rdp"), ("b30-admin", "serveurs")
    return Cell(POSTE_B30, target, IPv4Address(address), service, None, levels, *zones, (target,))


def log(action: str, level: int = 2, rule: str = "FLX-001", **other: Any) -> LogEntry:
    seen: dict[str, Any] = {"source": POSTE, "target": DC, "protocol": "tcp", "sport": 30000, "dport": 3389, **other}
    return LogEntry(f"fw-{level}", level, rule, action, **seen)


ANSWERED = Knock("answered", "dc1", POSTE, 30000, 0.0012)
SILENT = Knock("silent", "", POSTE, 30000, None)
DROP = log("drop", rule="defaut-transit")


@pytest.mark.parametrize(
    ("knock", "logs", "service", "observation", "told"),
    [
        (ANSWERED, [log("accept")], False, Observation.ACCEPTED, "accepté, dc1 a répondu en 1,2 ms"),
        # The path is in order without a log: an answer proves enough.
        (ANSWERED, [], False, Observation.ACCEPTED, "accepté, dc1 a répondu en 1,2 ms"),
        (
            Knock("answered", "", POSTE, 30000, 0.5),
            [],
            True,
            Observation.ACCEPTED,
            "accepté, un service a répondu en 500 ms",
        ),
        (SILENT, [DROP], False, Observation.REFUSED, "refusé par le niveau 2 (règle defaut-transit)"),
        # The local packet filter kept it, and says so in its log.
        (Knock("silent", "EPERM", POSTE, 30000, None), [DROP], False, Observation.REFUSED, "refusé par le niveau 2"),
        (SILENT, [], False, Observation.SILENT_UNPROVED, "sans réponse et sans trace de refus : rien n'est prouvé"),
        (SILENT, [log("accept")], False, Observation.SLOW, "accepté par le niveau 2 (règle FLX-001), mais sans"),
        # A TCP service that does not complete the handshake is slow, not mute.
        (SILENT, [log("accept")], True, Observation.SLOW, "accepté par le niveau 2 (règle FLX-001), mais sans"),
        (Knock("closed", "", POSTE, 30000, 0.001), [], False, Observation.CLOSED, "fermé, refus signalé par la cible"),
        (
            Knock("closed", "10.94.130.1", POSTE, 30000, 0.001),
            [DROP],
            False,
            Observation.CLOSED,
            "fermé, refus signalé par 10.94.130.1",
        ),
        (
            Knock("unreachable", "EHOSTUNREACH 10.94.130.1", POSTE, 30000, 0.001),
            [DROP],
            False,
            Observation.UNREACHABLE,
            "injoignable (EHOSTUNREACH 10.94.130.1)",
        ),
    ],
)
def test_an_attempt_through_one_level(
    knock: Knock,
    logs: list[LogEntry],
    service: bool,  # noqa: FBT001 - a column
    observation: Observation,
    told: str,
) -> None:
    result = judge(cell(), knock, logs, service=service)
    assert result.observation is observation
    assert str(result).startswith(f"poste-b30 ({POSTE}) -> dc1 ({DC}) tcp/3389 : {told}")


def test_a_mute_udp_service_is_settled_by_the_log() -> None:
    accepted = judge(cell(protocol="udp"), SILENT, [log("accept")], service=True)
    assert accepted.observation is Observation.ACCEPTED
    assert accepted.told == "accepté par le niveau 2 (règle FLX-001), service muet"
    assert judge(cell(protocol="udp"), SILENT, [], service=True).observation is Observation.SILENT_UNPROVED
    assert judge(cell(protocol="udp"), SILENT, [log("accept")]).observation is Observation.SLOW


@pytest.mark.parametrize(
    ("logs", "observation", "level", "rule"),
    [
        ([log("accept", 2), log("drop", 1, "defaut-transit")], Observation.REFUSED, 1, "defaut-transit"),
        ([log("drop", 2, "bogon")], Observation.REFUSED, 2, "bogon"),
        ([log("accept", 2), log("accept", 1, "FLX-002")], Observation.SLOW, 1, "FLX-002"),
        # Level 2 let it through, level 1 wrote nothing: lost without a trace, which proves nothing.
        ([log("accept", 2)], Observation.SILENT_UNPROVED, 2, "FLX-001"),
    ],
)
def test_the_last_level_met_decides(logs: list[LogEntry], observation: Observation, level: int, rule: str) -> None:
    result = judge(cell(levels=(2, 1)), SILENT, logs)
    assert (result.observation, result.level, result.rule) == (observation, level, rule)


def test_a_silence_after_a_first_level_names_it() -> None:
    result = judge(cell(levels=(2, 1)), SILENT, [log("accept", 2)])
    assert "sans trace de refus après le niveau 2 (règle FLX-001)" in str(result)


VIP = "198.51.100.4"


@pytest.mark.parametrize(
    ("attempt", "line", "found"),
    [
        (cell(), log("drop"), True),
        (cell(), log("drop", dport=22), False),
        (cell(), log("drop", sport=30001), False),
        (cell(), log("drop", protocol="udp"), False),
        # Another connection of the same host, with the same source port.
        (cell(), log("drop", target="10.94.31.21"), False),
        # A published service: the firewall writes the translated destination, or the one knocked at.
        (cell(VIP, target=MX1), log("accept", target=MX), True),
        (cell(VIP, target=MX1), log("drop", target=VIP), True),
        (cell(VIP, target=MX1), log("drop", target=DC), False),
        # A router on the way rewrote the source, on a plain or on a published address.
        (cell(), log("accept", source="192.0.2.60"), True),
        (cell(VIP, target=MX1), log("accept", source="192.0.2.60", target=MX), True),
        # Another host that knocks has the same source port: not ours.
        (cell(), log("accept", source="10.94.140.100"), False),
    ],
)
def test_a_log_line_is_given_back_to_its_knock(attempt: Cell, line: LogEntry, found: bool) -> None:  # noqa: FBT001
    index = LogIndex([line], {POSTE, "10.94.140.100"})
    assert index.of(attempt, SILENT) == ([line] if found else [])


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"N2:FLX-001:accept|{POSTE}|{DC}|tcp|30000|3389", log("accept")),
        (f"N2:defaut-transit:drop|{POSTE}|{DC}|tcp|30000|3389", DROP),
        (f"somebody else|{POSTE}|{DC}|tcp|30000|3389", None),
    ],
)
def test_only_prefixes_of_the_matrix_are_understood(line: str, expected: LogEntry | None) -> None:
    assert parse("fw-2", line) == expected
