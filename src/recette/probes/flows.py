"""The flow matrix, tried for real: who knocks, who answers, and what the firewalls wrote of it."""

from __future__ import annotations

import random
import secrets
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from recette.errors import Inconclusive
from recette.probes.agents import source
from recette.probes.journal import PATH, Journal
from recette.probes.judge import FlowResult, Knock, LogIndex, Observation, judge
from recette.probes.listeners import Port, listening
from recette.shell import Remote
from recette.site import Cell, Site

PACE = 1000.0
"""Knocks per second of one source, at most."""
TOTAL_PACE = 12_000.0
"""Knocks per second of all sources together: two cores and the log of one firewall bear it without losing a line."""
AT_ONCE = 4000
PORTS = (20000, 61000)
MARGIN_S = 60.0
ROUNDS = 4
SLOWER = 0.4
"""Share of the pace at which a round is tried again: a firewall that lost lines gets a lighter load each time."""
ACCIDENT_SHARE, ACCIDENT_AT_LEAST = 0.02, 200
"""More unproved attempts than that, when no line was lost, are no accident: trying again would prove no more."""
UNSETTLED = frozenset({Observation.SILENT_UNPROVED, Observation.SLOW})


@dataclass
class Timing:
    """What the last run cost, in seconds: opening the listeners, knocking, reading the logs, joining."""

    cells: int = 0
    retried: int = 0
    listen_s: float = 0.0
    knock_s: float = 0.0
    log_s: float = 0.0
    judge_s: float = 0.0


@dataclass
class Flows:
    """Tries cells of the flow matrix. It never judges whether what happened was wanted.

    `pace` bounds each source and `total_pace` all of them, in knocks per second: a firewall must write of each one.
    """

    site: Site
    remote: Remote
    pace: float = PACE
    total_pace: float = TOTAL_PACE
    log_path: str = PATH
    timing: Timing = field(default_factory=Timing, init=False)

    def try_cells(self, cells: Iterable[Cell]) -> list[FlowResult]:
        """One observation for each cell, in the order given.

        A listener session on each target, a round trip to each source, then the logs of the firewalls. What proves
        nothing is tried again, more slowly, when a log lost lines or when it is little enough to be an accident.
        `Inconclusive` when a host or a log cannot be reached, or when a log goes on losing lines.
        """
        wanted = list(cells)
        results: dict[int, FlowResult] = {}
        places = list(range(len(wanted)))
        start = time.monotonic()
        with listening(self.remote, ports_of(wanted)) as services:
            self.timing = Timing(cells=len(wanted), listen_s=time.monotonic() - start)
            for attempt in range(ROUNDS):
                found, losing = self._round([wanted[place] for place in places], services, SLOWER**attempt)
                results.update(zip(places, found, strict=True))
                places = [place for place in places if results[place].observation in UNSETTLED]
                accident = attempt == 0 and len(places) <= max(ACCIDENT_AT_LEAST, ACCIDENT_SHARE * len(wanted))
                if not places or not (losing or accident):
                    break
                self.timing.retried += len(places)
            else:
                raise Inconclusive(f"Journal de {', '.join(losing)} : des lignes se perdent à chaque essai")
        return [results[place] for place in range(len(wanted))]

    def _round(
        self, cells: Sequence[Cell], services: Mapping[str, frozenset[Port]], pace: float
    ) -> tuple[list[FlowResult], tuple[str, ...]]:
        start = time.monotonic()
        journal = Journal(self.site, self.remote, self.log_path)
        mark = journal.mark()
        knocks = self._knock(cells, services, pace)
        knocked = time.monotonic()
        reading = journal.read(mark)
        read = time.monotonic()
        index = LogIndex(reading.entries, {knock.source for knock in knocks})
        results = [
            judge(cell, knock, index.of(cell, knock), service=_served(cell, services))
            for cell, knock in zip(cells, knocks, strict=True)
        ]
        self.timing.knock_s += knocked - start
        self.timing.log_s += read - knocked
        self.timing.judge_s += time.monotonic() - read
        return results, reading.losing

    def _knock(self, cells: Sequence[Cell], services: Mapping[str, frozenset[Port]], pace: float) -> list[Knock]:
        by_source: dict[str, list[list[object]]] = defaultdict(list)
        for place, cell in enumerate(cells):
            expected = "refused" if not cell.permitted else "service" if _served(cell, services) else "answer"
            known = (place, str(cell.address), cell.service.protocol, cell.service.port, expected)
            by_source[cell.source.name].append(list(known))
        nonce = secrets.token_hex(4)
        payloads: dict[str, Any] = {
            host: {
                "cells": mine,
                "nonce": nonce,
                "first_port": random.randrange(*PORTS),  # noqa: S311 - keeps two runs apart, hides nothing
                # All sources end together, whatever their share of the matrix.
                "pace": pace * min(self.pace, max(1.0, self.total_pace * len(mine) / len(cells))),
                "at_once": AT_ONCE,
            }
            for host, mine in by_source.items()
        }
        limit_s = MARGIN_S + max(
            (len(payload["cells"]) / payload["pace"] for payload in payloads.values()), default=0.0
        )
        answers = self.remote.map_python(source("knock"), payloads, timeout_s=limit_s)
        found = {place: Knock(*seen) for answer in answers.values() for place, *seen in answer}
        return [found[place] for place in range(len(cells))]


def ports_of(cells: Iterable[Cell]) -> dict[str, set[Port]]:
    """The ports to open on each host, for the refused attempts too: what a firewall lets slip must be answered."""
    ports: dict[str, set[Port]] = defaultdict(set)
    for cell in cells:
        for host in cell.listeners:
            if cell.service.protocol != "icmp":
                ports[host.name].add((cell.service.protocol, cell.service.port))
    return ports


def _served(cell: Cell, services: Mapping[str, frozenset[Port]]) -> bool:
    port = (cell.service.protocol, cell.service.port)
    return any(port in services.get(host.name, ()) for host in cell.listeners)
