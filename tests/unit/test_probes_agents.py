"""The scripts that run on the hosts, tried on the loopback of this machine."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from recette.probes.agents import addresses, journal, listen, source, stream
from recette.probes.listeners import listening
from recette.shell import Remote, finish, whole_lines

RECORDED = Path(__file__).parents[1] / "recorded"
HERE = "127.0.0.1"


class Local(Remote):
    def command(self, host: str, script: str) -> list[str]:
        del host
        return ["/bin/sh", "-c", script]


@pytest.fixture
def remote() -> Local:
    return Local(Path("unused"))


@pytest.fixture
def free_ports() -> list[int]:
    """Ports that nobody holds, on TCP and on UDP."""
    held = [socket.create_server((HERE, 0)) for _ in range(4)]
    ports = [server.getsockname()[1] for server in held]
    for server in held:
        server.close()
    return ports


@pytest.fixture
def mute() -> Iterator[int]:
    """A service that completes the handshake and says nothing, on TCP; that does not answer at all, on UDP."""
    with closing(socket.create_server((HERE, 0))) as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(tcp.getsockname())
        yield tcp.getsockname()[1]


def knock(remote: Local, *cells: list[Any]) -> list[list[Any]]:
    payload = {"cells": cells, "nonce": "abc", "first_port": 45000, "pace": 1000.0, "at_once": 100}
    found: list[list[Any]] = remote.python("here", source("knock"), payload)
    return sorted(found)


def test_each_outcome_is_told_apart(remote: Local, free_ports: list[int], mute: int) -> None:
    tcp, udp, closed, _ = free_ports
    with listening(remote, {"dc1": {("tcp", tcp), ("udp", udp), ("tcp", mute), ("udp", mute)}}) as taken:
        assert taken == {"dc1": {("tcp", mute), ("udp", mute)}}
        results = knock(
            remote,
            [0, HERE, "tcp", tcp, "answer"],
            [1, HERE, "udp", udp, "refused"],
            [2, HERE, "tcp", mute, "service"],
            [3, HERE, "udp", mute, "refused"],
            [4, HERE, "tcp", closed, "refused"],
            [5, HERE, "udp", closed, "answer"],
            [6, "255.255.255.255", "tcp", closed, "answer"],
            [7, "::1", "tcp", tcp, "answer"],
        )
    assert [(outcome, detail) for _, outcome, detail, *_ in results] == [
        ("answered", "dc1"),
        ("answered", "dc1"),
        ("answered", ""),
        ("silent", ""),
        ("closed", ""),
        ("closed", HERE),
        ("unreachable", "ENETUNREACH local"),
        ("answered", "dc1"),
    ]
    assert len({port for *_, port, _ in results[:6]}) == 6, "each knock has its own source port"
    assert [address for *_, address, _, _ in results] == [HERE] * 6 + ["", "::1"]


def test_listeners_end_with_their_session(remote: Local, free_ports: list[int]) -> None:
    with listening(remote, {"dc1": {("tcp", free_ports[0])}, "dc2": set()}) as taken:
        assert taken == {"dc1": frozenset()}
    assert knock(remote, [0, HERE, "tcp", free_ports[0], "refused"])[0][1] == "closed"


def test_a_listener_holds_the_addresses_that_a_service_left(remote: Local, mute: int) -> None:
    with listening(remote, {"dc1": {("tcp", mute)}}):
        assert knock(remote, [0, "::1", "tcp", mute, "answer"])[0][1:3] == ["answered", "dc1"]


def test_a_datagram_of_somebody_else_is_not_answered(remote: Local, free_ports: list[int]) -> None:
    with listening(remote, {"dc1": {("udp", free_ports[0])}}), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(0.1)
        sock.sendto(b"answer dc1 recette", (HERE, free_ports[0]))
        with pytest.raises(TimeoutError):
            sock.recv(100)


@pytest.mark.parametrize("mode", ["connect", "udp", "session", "download"])
def test_a_stream_numbers_its_probes(remote: Local, free_ports: list[int], mode: str) -> None:
    payload = {"mode": mode, "address": HERE, "port": free_ports[0], "interval_ms": 10, "patience_s": 2.0}
    payload |= {"life_s": 20.0, "rate": 400_000}
    lines: list[list[Any]] = []
    with listening(remote, {"dc1": {("tcp", free_ports[0]), ("udp", free_ports[0])}}):
        process = remote.popen_python("here", source("stream"), payload)
        for line in whole_lines(process):
            lines.append(json.loads(line))
            if len(lines) == 10 and process.stdin:
                process.stdin.close()
        finish(process)
    assert [number for number, *_ in lines] == list(range(1, len(lines) + 1))
    assert all(received - sent < 1e9 for _, sent, received, _ in lines)
    told = {"download"} if mode == "download" else {"dc1"}
    assert {"download" if mode == "download" else detail for *_, detail in lines} == told


def test_a_session_that_breaks_says_why(remote: Local) -> None:
    server = socket.create_server((HERE, 0))

    def serve() -> None:
        connection, _ = server.accept()
        connection.sendall(b"recette dc1 1\n")
        connection.recv(100)
        connection.close()

    threading.Thread(target=serve).start()
    payload = {"mode": "session", "address": HERE, "port": server.getsockname()[1], "interval_ms": 10}
    payload |= {"patience_s": 2.0, "life_s": 0.5, "rate": 0}
    process = remote.popen_python("here", source("stream"), payload)
    lines = [json.loads(line) for line in whole_lines(process)]
    finish(process)
    server.close()
    assert lines[-1][0] is None
    assert lines[-1][3] in {"fermée par l'autre bout", "ECONNRESET"}
    assert all(received is None for _, _, received, _ in lines)


def test_both_ends_of_a_download_know_the_same_stream() -> None:
    whole = stream.words(0, 20_000)
    assert whole[:16] == bytes(7) + b"\0" + bytes(7) + b"\1"
    assert listen.words(0, 8192) == whole[:8192]
    assert listen.words(8195, 100) == whole[8195:8295] == stream.words(8195, 100)


def test_the_addresses_of_the_start_are_told(remote: Local) -> None:
    process = remote.popen_python("here", source("addresses"), {"life_s": 10.0})
    lines = []
    for line in whole_lines(process):
        lines.append(json.loads(line))
        if lines[-1][1] == "ready":
            break
    finish(process)
    assert [HERE, "lo"] in [rest for _, event, *rest in lines if event == "has"]


@pytest.mark.parametrize(("family", "expected"), [(socket.AF_INET, "10.94.30.1"), (socket.AF_INET6, "fd94:0:0:30::1")])
def test_an_announcement_of_the_kernel_is_decoded(family: int, expected: str) -> None:
    raw = socket.inet_pton(family, expected)
    attribute = addresses.ATTRIBUTE.pack(4 + len(raw), addresses.IFA_ADDRESS) + raw
    assert addresses.address_of(addresses.IFADDRMSG.pack(family, 24, 0, 0, 7) + attribute) == (expected, 7)


def read(path: Path, since: list[int] | None, sentinel: str = "", limit_s: float = 5.0) -> tuple[str, list[str]]:
    log = journal.Log(path, since)
    return log.wait_complete(sentinel, limit_s), list(log.lines)


FIRST = "N2:FLX-001:accept|10.94.130.2|10.94.30.2|tcp|41000|5000"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "pare-feu.json"
    path.write_bytes((RECORDED / "pare_feu" / "journal.json").read_bytes())
    return path


def test_a_log_is_complete_once_the_sentinel_is_in_it(log: Path) -> None:
    how, lines = read(log, None, sentinel=RECORDED_SENTINEL)
    assert how == "sentinel"
    assert lines[0] == FIRST
    assert "N2:defaut-transit:drop|fd94:0:0:130::2|fd94:0:0:30::2|tcp|41004|445" in lines
    assert "N2:FLX-003:accept|10.94.130.2|10.94.30.2|icmp|41005|0" in lines
    assert len(lines) == 8, "neither the foreign line nor the unfinished one"


RECORDED_SENTINEL = "|10.94.130.77|udp|46890|9"


def test_a_log_without_sentinel_is_complete_once_quiet(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "QUIET_S", 0.1)
    assert read(log, None)[0] == "quiet"


def test_a_log_that_keeps_growing_is_never_complete(log: Path) -> None:
    assert read(log, None, limit_s=0.1)[0] == "growing"


def test_only_what_came_after_the_mark_is_read(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "QUIET_S", 0.1)
    content = log.read_bytes()
    first = content.index(b"\n") + 1
    log.write_bytes(content[:first])
    mark = journal.mark(log)
    log.write_bytes(content)
    lines = read(log, mark)[1]
    assert FIRST not in lines
    assert len(lines) == 7


def test_a_rotation_loses_nothing(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "QUIET_S", 0.1)
    content = log.read_bytes()
    first = content.index(b"\n") + 1
    log.write_bytes(content[:first])
    mark = journal.mark(log)
    with log.open("ab") as file:
        file.write(content[first:])
    log.rename(log.with_name("pare-feu.json.1"))
    log.write_bytes(content[:first])
    lines = read(log, mark)[1]
    assert lines[-1] == FIRST
    assert len(lines) == 8


def test_a_log_that_does_not_exist_yet_is_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "QUIET_S", 0.1)
    assert journal.mark(tmp_path / "none") is None
    assert read(tmp_path / "none", None) == ("quiet", [])
