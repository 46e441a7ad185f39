"""Recorded streams of probes, and what may be said of the service from each."""

from __future__ import annotations

import math

import pytest

from recette.measure.outage import Outage, Sample, Step, outages, step, upper_bound_s, worst


def stream(fates: str, interval_s: float = 0.02, rtt_s: float = 0.001) -> list[Sample]:
    """One letter for each probe: `.` answered, `x` lost, `L` answered half a second late."""
    delays = {".": rtt_s, "L": 0.5, "x": None}
    return [
        Sample(number, number * interval_s, None if (rtt := delays[fate]) is None else number * interval_s + rtt)
        for number, fate in enumerate(fates)
    ]


def rounded(outage: Outage) -> tuple[float, ...]:
    bounds = (outage.start_s, outage.end_s, outage.lower_bound_s, outage.upper_bound_s)
    return (*(round(value, 6) for value in bounds), outage.lost, outage.late)


@pytest.mark.parametrize(
    ("fates", "expected"),
    [
        ("......", []),
        # From the sending of the last good probe to the answer of the next: two steps and a round trip for one loss.
        ("..x..", [(0.02, 0.061, 0.0, 0.041, 1, 0)]),
        ("..xxxx..", [(0.02, 0.121, 0.06, 0.101, 4, 0)]),
        # A late answer is a bad probe, kept apart from the lost ones.
        ("..xLL..", [(0.02, 0.101, 0.04, 0.081, 1, 2)]),
        # Two blips are not one long outage.
        (".x.x.", [(0.0, 0.041, 0.0, 0.041, 1, 0), (0.04, 0.081, 0.0, 0.041, 1, 0)]),
        # What was not seen whole has no upper bound.
        ("..xx", [(0.02, 0.06, 0.02, math.inf, 2, 0)]),
        ("xx..", [(0.0, 0.041, 0.02, math.inf, 2, 0)]),
        ("xx", [(0.0, 0.02, 0.02, math.inf, 2, 0)]),
        ("", []),
    ],
)
def test_every_gap_is_kept_with_both_bounds(fates: str, expected: list[tuple[float, ...]]) -> None:
    assert [rounded(outage) for outage in outages(stream(fates))] == expected


def test_the_order_of_arrival_does_not_matter() -> None:
    samples = stream("..xLL..")
    assert outages(reversed(samples)) == outages(samples)


def test_the_grace_decides_what_is_late() -> None:
    samples = stream("..L..")
    assert len(outages(samples)) == 1
    assert outages(samples, grace_s=0.6) == ()


def test_the_true_outage_lies_between_the_bounds() -> None:
    # A service away during [1.003, 1.750[, asked each 20 ms: what is sent meanwhile is lost.
    sent = [number * 0.02 for number in range(150)]
    samples = [Sample(n, at, None if 1.003 <= at < 1.750 else at + 0.001) for n, at in enumerate(sent)]
    (outage,) = outages(samples)
    assert outage.lower_bound_s <= 0.747 <= outage.upper_bound_s
    assert outage.upper_bound_s - outage.lower_bound_s == pytest.approx(2 * 0.02 + 0.001)


def test_the_worst_counts_by_its_upper_bound() -> None:
    found = outages(stream(".x.xxx.."))
    assert worst(found) == found[1]
    assert upper_bound_s(found) == found[1].upper_bound_s
    assert (worst(()), upper_bound_s(())) == (None, 0.0)


@pytest.mark.parametrize(
    ("fates", "told"),
    [
        ("..xxxL..", "coupure d'au moins 0,060 s et au plus 0,101 s (3 sondes perdues, 1 en retard)"),
        ("..xx", "coupure d'au moins 0,020 s et sans fin observée (2 sondes perdues, 0 en retard)"),
    ],
)
def test_an_outage_is_told_in_french(fates: str, told: str) -> None:
    assert str(outages(stream(fates))[0]) == told


def test_the_real_step_shows_a_starved_sender() -> None:
    assert step([Sample(0, 0.0, 0.001), Sample(1, 0.02, 0.021), Sample(2, 0.54, 0.541)]) == Step(0.27, 0.52)
    assert step([Sample(0, 0.0, 0.001)]) == Step(math.inf, math.inf)


def test_the_round_trip_of_a_lost_probe_is_unknown() -> None:
    assert Sample(1, 2.0, None).rtt_s is None
    assert Sample(1, 2.0, 2.5).rtt_s == 0.5
