"""Observing agents on several hosts at once: started before the attack, read after it, ended whatever happens."""

from __future__ import annotations

import json
import select
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from recette.errors import Inconclusive
from recette.probes.attacks import capture, events, ship
from recette.probes.attacks.agents import limits
from recette.probes.attacks.agents.link import Frame
from recette.shell import Remote, finish

READY_S = 30.0
ANSWER_S = 20.0
"""Long, for a machine whose two cores are busy: an observer is normally ready in a fraction of a second."""


@dataclass(frozen=True)
class Watched:
    """What is asked of an observer, beside the marked frames: see the payload of `agents.observe`."""

    arp: bool = False
    routes: tuple[str, ...] = ()
    use: tuple[str, str] | None = None
    settle: Mapping[str, str] | None = None
    settle_s: float = 0.0
    keep: int = limits.MAX_FRAMES


@dataclass(frozen=True)
class Observation:
    """What one host saw: frames, their number by `device direction`, changes, its state before and after, its end."""

    frames: tuple[Frame, ...] = ()
    seen: Mapping[str, int] = field(default_factory=dict)
    lost: int = 0
    events: tuple[events.Event, ...] = ()
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    ended: float = 0.0


class Watchers:
    """Context manager: inside it every observer is at work; `stop` brings back what they saw."""

    def __init__(self, remote: Remote, hosts: Mapping[str, Watched], marks: tuple[int, int]) -> None:
        self._remote = remote
        self._hosts = hosts
        self._marks = marks
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        try:
            for host, watched in self._hosts.items():
                self._processes[host] = self._remote.popen_python(host, ship.source("observe"), self._payload(watched))
            deadline = time.monotonic() + READY_S
            for host in self._processes:
                self._line(host, deadline)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def stop(self) -> dict[str, Observation]:
        """End every observer and read its report. Inconclusive if one has died or stays silent."""
        for process in self._processes.values():
            if process.stdin:
                with suppress(BrokenPipeError):  # it has reached its own limit, and its report is waiting
                    process.stdin.close()
        settling = max((watched.settle_s for watched in self._hosts.values()), default=0.0)
        deadline = time.monotonic() + settling + ANSWER_S
        return {host: _observation(self._line(host, deadline)) for host in self._processes}

    def _payload(self, watched: Watched) -> dict[str, Any]:
        return {
            "first": self._marks[0],
            "last": self._marks[1],
            "keep": watched.keep,
            "arp": watched.arp,
            "routes": watched.routes,
            "use": watched.use,
            "settle": watched.settle,
            "settle_s": watched.settle_s,
            "limit_s": limits.MAX_SECONDS,
        }

    def _line(self, host: str, deadline: float) -> dict[str, Any]:
        process = self._processes[host]
        if process.stdout is None or process.stderr is None:
            raise AssertionError("popen opens both outputs")
        ready, _, _ = select.select([process.stdout], [], [], max(0.0, deadline - time.monotonic()))
        line = process.stdout.readline() if ready else b""
        if not line.endswith(b"\n"):
            process.kill()
            reason = process.stderr.read().decode(errors="replace").strip().splitlines()
            raise Inconclusive(f"{host} : l'observateur ne répond pas ({reason[-1] if reason else 'sans message'})")
        found: dict[str, Any] = json.loads(line)
        return found

    def _end(self) -> None:
        for process in self._processes.values():
            finish(process)
            for stream in (process.stdout, process.stderr):
                if stream:
                    stream.close()


def _observation(told: dict[str, Any]) -> Observation:
    return Observation(
        capture.unpack(told["frames"]),
        told["seen"],
        told["lost"],
        events.parse(told["events"]),
        told["before"],
        told["after"],
        told["ended"],
    )
