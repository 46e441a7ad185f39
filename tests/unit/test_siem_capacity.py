"""The sender that floods a collector, against one that speaks RELP; and what is concluded of a ramp."""

from __future__ import annotations

import math
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from recette.errors import Inconclusive
from recette.probes.siem.agents import flood
from recette.trials.siem.capacity import Step, best

LIMIT_S = 10.0


@contextmanager
def collector(events: list[str]) -> Iterator[int]:
    """Listens, acknowledges each frame, and keeps the events; gives its port."""

    def serve(door: socket.socket) -> None:
        caller, _ = door.accept()
        with caller, caller.makefile("rb") as stream:
            while header := stream.read(1):
                fields = (header + _until(stream, 3)).split()
                number, command, length = fields
                data = stream.read(int(length) + 1)[:-1]
                said = b"200 OK\nrelp_version=0" if command == b"open" else b"200 OK"
                if command == b"syslog":
                    events.append(data.decode())
                caller.sendall(b"%s rsp %d %s\n" % (number, len(said), said))

    def _until(stream: object, spaces: int) -> bytes:
        found = b""
        while found.count(b" ") < spaces:
            found += stream.read(1)  # type: ignore[attr-defined] # a file of a socket
        return found

    with socket.create_server(("127.0.0.1", 0)) as door:
        thread = threading.Thread(target=serve, args=(door,), daemon=True)
        thread.start()
        yield door.getsockname()[1]
        thread.join(LIMIT_S)


def test_every_event_is_acknowledged_and_some_alarm() -> None:
    events: list[str] = []
    with collector(events) as port:
        payload = {"address": "127.0.0.1", "port": port, "tls": None, "rate": 400, "seconds": 1.2, "word": "mot"}
        with flood.connected(payload) as link:
            told = flood.flood(flood.Session(link), payload)
    assert told["taken"] == len(events)
    assert 300 <= told["taken"] <= 500
    assert told["alarms"] == 2
    assert [event.rsplit("/", 1)[-1] for event in events if " sudo " in event] == ["mot-0", "mot-1"]


def test_the_most_that_is_told_in_time_counts() -> None:
    steps = [Step(500, 500, (0.4, 0.5)), Step(1000, 990, (2.0, 9.9)), Step(2000, 1500, (0.1, 11.0))]
    assert best(steps) == steps[1]


@pytest.mark.parametrize("delays_s", [(), (0.5, math.inf), (10.1,)])
def test_what_is_told_too_late_or_never_does_not_count(delays_s: tuple[float, ...]) -> None:
    with pytest.raises(Inconclusive, match="Aucun débit"):
        best([Step(500, 500, delays_s)])
