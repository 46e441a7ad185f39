"""The morning rush: employees who log on in every building, one after the other, while something happens."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from recette.measure.timeline import Timeline
from recette.probes.logon import PATIENCE_S, Account, Logon, Rush, rush
from recette.shell import Remote
from recette.trials.people import People
from recette.trials.sessions import said

FIRST = 400
"""Rank of the first of them: no other scenario plays with those."""
LATE_S = 10.0
"""Beyond that, the picture shows a log-on as lost; what the contract allows is in the features."""


@dataclass
class Morning:
    """Log-ons under way, and what was cut meanwhile (CLOCK_MONOTONIC, seconds)."""

    rush: Rush
    pace_s: float
    logons: tuple[Logon, ...] = ()
    cut_s: float = math.inf
    label: str = ""

    @property
    def expected(self) -> int:
        """How many employees come."""
        return self.rush.expected

    def await_arrivals(self, count: int) -> None:
        """Wait until so many have logged on, well or not. Inconclusive if they do not in twice the time it takes."""
        self.rush.wait(count, 2 * count * self.pace_s + PATIENCE_S)

    def cut(self, at_s: float, label: str) -> None:
        """Note what happened, and when."""
        self.cut_s, self.label = at_s, label

    def await_end(self) -> None:
        """Wait for the last log-on. Inconclusive if it is not known in twice the time it takes."""
        self.logons = self.rush.wait_ended(2 * self.expected * self.pace_s + PATIENCE_S)

    def successes(self) -> list[Logon]:
        """Sessions that opened, in the order in which they did."""
        return sorted((one for one in self.logons if one.accepted), key=lambda one: one.ended_s)

    def next_success_s(self) -> float:
        """Seconds from the cut to the first session that opened for somebody who came after it; infinite if none."""
        after = [one.ended_s for one in self.successes() if one.due_s >= self.cut_s]
        return min(after, default=math.inf) - self.cut_s

    def longest_silence_s(self) -> float:
        """The longest time without any session that opens, while people come; infinite if none ever opened."""
        opened = [one.ended_s for one in self.successes()]
        if not opened:
            return math.inf
        begin, end = min(one.due_s for one in self.logons), max(one.ended_s for one in self.logons)
        return max(later - sooner for sooner, later in pairwise([begin, *opened, end]))

    def longest_s(self) -> float:
        """How long the most patient of those who got in waited."""
        return max((one.duration_s for one in self.successes()), default=math.inf)

    def median_s(self) -> float:
        """How long one usually waits, before the cut."""
        return round(median(one.duration_s for one in self.successes() if one.ended_s < self.cut_s), 3)

    def failures(self) -> list[str]:
        """One line for each log-on that did not open a session."""
        return [
            f"{one.user} sur {one.host}, {one.due_s - self.cut_s:+.1f} s de la coupure — Obtenu : {said(one)}"
            for one in self.logons
            if not one.accepted
        ]

    def table(self) -> str:
        """Every log-on, for whoever wants to compute again: instants count from the cut."""
        lines = ["poste;compte;arrivée (s);attente (s);issue"]
        lines += [
            f"{one.host};{one.user};{one.due_s - self.cut_s:.3f};{one.duration_s:.3f};{said(one)}"
            for one in self.logons
        ]
        return "\n".join([*lines, ""])


@contextmanager
def begin(remote: Remote, people: People, postes: Sequence[str], count: int, pace: int) -> Iterator[Morning]:
    """Let `count` employees log on, each once, `pace` a minute in all, on every workstation in turn."""
    chosen = people.active[FIRST : FIRST + count]
    crowds = {
        poste: [Account(one.login, people.password(one)) for one in chosen[rank :: len(postes)]]
        for rank, poste in enumerate(postes)
    }
    with rush(remote, crowds, pace / 60 / len(postes)) as under_way:
        yield Morning(under_way, 60 / pace)


def picture(morning: Morning) -> Timeline:
    """Each log-on on a time line, with the cut and the first session that opened after it."""
    events = [(morning.cut_s, morning.label)]
    after = morning.next_success_s()
    if math.isfinite(after):
        events.append((morning.cut_s + after, "première session"))
    probes = [
        (one.due_s, one.accepted and one.duration_s <= LATE_S, one.duration_s if one.accepted else None)
        for one in morning.logons
    ]
    return Timeline(probes, events, (), "Arrivée du matin")
