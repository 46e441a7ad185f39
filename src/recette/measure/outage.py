"""How long a service was away, seen from its user, as proved by a stream of numbered probes.

A probe sent at s and answered at r proves that the service worked at some instant of [s, r], no more. An outage is a
run of probes, consecutive in the order of sending, that were not answered within the grace. With p the last good probe
before the run and n the first good one after it:

- the service was away from the first bad sending to the last at least: that is the lower bound (0 for a single one);
- it may have gone right after p was sent, and it was surely back when n was answered: the upper bound is r(n) - s(p).

The upper bound is the one to judge; it exceeds the truth by two steps of the probe and a round trip at most. A late
answer does not end an outage: a connection that waits for its kernel to send again says little of the service in the
meantime, the probes sent after it do.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from statistics import median

GRACE_S = 0.2
"""An answer later than that is late: ten times the usual step, a hundred times a round trip inside the site."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One probe. Instants in seconds of the source's CLOCK_MONOTONIC; `received_s` is None if no answer ever came."""

    number: int
    sent_s: float
    received_s: float | None
    detail: str = ""

    @property
    def rtt_s(self) -> float | None:
        return None if self.received_s is None else self.received_s - self.sent_s

    def good(self, grace_s: float) -> bool:
        """Whether the answer came within the grace."""
        return self.received_s is not None and self.received_s - self.sent_s <= grace_s


@dataclass(frozen=True, slots=True)
class Outage:
    """A run of bad probes, between the sending of the last good one before and the answer of the first good one after.

    Where no good probe came before, or after, that end is the first or last bad sending, and the upper bound is
    infinite: the stream did not see the whole outage.
    """

    start_s: float
    end_s: float
    lower_bound_s: float
    upper_bound_s: float
    lost: int
    late: int

    def __str__(self) -> str:
        upper = f"au plus {self.upper_bound_s:.3f} s" if math.isfinite(self.upper_bound_s) else "sans fin observée"
        missing = f"{self.lost} sondes perdues, {self.late} en retard"
        return f"coupure d'au moins {self.lower_bound_s:.3f} s et {upper} ({missing})".replace(".", ",")


def outages(samples: Iterable[Sample], grace_s: float = GRACE_S) -> tuple[Outage, ...]:
    """Every outage, in time order: two short ones are never one long one, if a single good probe parts them."""
    runs = [(good, list(run)) for good, run in groupby(_in_order(samples), key=lambda sample: sample.good(grace_s))]
    found = []
    for place, (good, run) in enumerate(runs):
        if not good:
            before = runs[place - 1][1][-1] if place else None
            after = runs[place + 1][1][0] if place + 1 < len(runs) else None
            found.append(_outage(run, before, after))
    return tuple(found)


def worst(found: Sequence[Outage]) -> Outage | None:
    """The outage with the largest upper bound; None if there was none."""
    return max(found, key=lambda outage: outage.upper_bound_s, default=None)


def upper_bound_s(found: Sequence[Outage]) -> float:
    """The upper bound of the worst outage, in seconds; 0 if there was none."""
    return max((outage.upper_bound_s for outage in found), default=0.0)


@dataclass(frozen=True, slots=True)
class Step:
    """The pace at which a stream really sent, in seconds: an outage shorter than `longest_s` may have gone unseen."""

    median_s: float
    longest_s: float


def step(samples: Iterable[Sample]) -> Step:
    """The real step of a stream; infinite for less than two probes, which prove nothing."""
    gaps = [later.sent_s - sooner.sent_s for sooner, later in pairwise(_in_order(samples))]
    return Step(median(gaps), max(gaps)) if gaps else Step(math.inf, math.inf)


def _in_order(samples: Iterable[Sample]) -> list[Sample]:
    return sorted(samples, key=lambda sample: (sample.sent_s, sample.number))


def _outage(run: Sequence[Sample], before: Sample | None, after: Sample | None) -> Outage:
    start_s = before.sent_s if before else run[0].sent_s
    end_s = after.received_s if after and after.received_s is not None else run[-1].sent_s
    late = sum(sample.received_s is not None for sample in run)
    return Outage(
        start_s=start_s,
        end_s=end_s,
        lower_bound_s=run[-1].sent_s - run[0].sent_s,
        upper_bound_s=end_s - start_s if before and after else math.inf,
        lost=len(run) - late,
        late=late,
    )
