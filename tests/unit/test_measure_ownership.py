"""Recorded comings and goings of a virtual address, and who held it when."""

from __future__ import annotations

import pytest

from recette.measure.ownership import Blind, Event, Kind, Ownership, Span, ownership

VIP = "10.94.20.1"
START = [
    Event(0.0, "fw-ext-1", Kind.SEEN),
    Event(0.0, "fw-ext-1", Kind.HELD, VIP),
    Event(0.1, "fw-ext-2", Kind.SEEN),
]


def seen(events: list[Event], end_s: float = 10.0) -> tuple[Ownership, list[tuple[str, float, float]]]:
    found = ownership([*START, *events], end_s)
    return found, [("+".join(span.hosts) or "-", span.start_s, span.end_s) for span in found.spans()]


@pytest.mark.parametrize(
    ("events", "spans"),
    [
        ([], [("fw-ext-1", 0.1, 10.0)]),
        (
            # A clean handover: the new owner comes a little after the old one left.
            [Event(5.0, "fw-ext-1", Kind.LOST, VIP), Event(5.2, "fw-ext-2", Kind.GAINED, VIP)],
            [("fw-ext-1", 0.1, 5.0), ("-", 5.0, 5.2), ("fw-ext-2", 5.2, 10.0)],
        ),
        (
            # Split brain: both hold it.
            [Event(5.0, "fw-ext-2", Kind.GAINED, VIP), Event(7.0, "fw-ext-2", Kind.LOST, VIP)],
            [("fw-ext-1", 0.1, 5.0), ("fw-ext-1+fw-ext-2", 5.0, 7.0), ("fw-ext-1", 7.0, 10.0)],
        ),
        (
            # A cut machine holds nothing, though nobody told its addresses away.
            [Event(5.0, "fw-ext-1", Kind.GONE), Event(5.4, "fw-ext-2", Kind.GAINED, VIP)],
            [("fw-ext-1", 0.1, 5.0), ("-", 5.0, 5.4), ("fw-ext-2", 5.4, 10.0)],
        ),
        (
            # A frozen one comes back with what it held: two owners until it notices.
            [
                Event(5.0, "fw-ext-1", Kind.GONE),
                Event(5.4, "fw-ext-2", Kind.GAINED, VIP),
                Event(8.0, "fw-ext-1", Kind.BACK),
                Event(8.1, "fw-ext-1", Kind.LOST, VIP),
            ],
            [
                ("fw-ext-1", 0.1, 5.0),
                ("-", 5.0, 5.4),
                ("fw-ext-2", 5.4, 8.0),
                ("fw-ext-1+fw-ext-2", 8.0, 8.1),
                ("fw-ext-2", 8.1, 10.0),
            ],
        ),
        (
            # Told twice, it is held once.
            [Event(5.0, "fw-ext-1", Kind.GAINED, VIP), Event(6.0, "fw-ext-1", Kind.LOST, VIP)],
            [("fw-ext-1", 0.1, 6.0), ("-", 6.0, 10.0)],
        ),
    ],
)
def test_who_held_the_address(events: list[Event], spans: list[tuple[str, float, float]]) -> None:
    assert seen(events)[1] == spans


def test_conflicts_and_gaps_are_told_beyond_a_tolerance() -> None:
    found, _ = seen([Event(5.0, "fw-ext-2", Kind.GAINED, VIP), Event(5.5, "fw-ext-1", Kind.LOST, VIP)])
    assert found.overlaps() == (Span(VIP, ("fw-ext-1", "fw-ext-2"), 5.0, 5.5),)
    assert found.overlaps(tolerance_s=0.5) == ()
    assert found.gaps() == ()
    gone, _ = seen([Event(5.0, "fw-ext-1", Kind.GONE)])
    assert [span.duration_s for span in gone.gaps()] == [5.0]


def test_a_member_that_nobody_looks_at_is_told() -> None:
    found, spans = seen([Event(5.0, "fw-ext-1", Kind.UNSEEN), Event(6.0, "fw-ext-1", Kind.SEEN)])
    assert found.blind == (Blind("fw-ext-1", 5.0, 6.0),)
    assert spans == [("fw-ext-1", 0.1, 5.0), ("-", 5.0, 10.0)]


@pytest.mark.parametrize(
    ("restart", "blind"),
    [
        # Between its cut and its first words a machine was off, or not: only the one who started it knows.
        ([], ()),
        ([Event(7.0, "fw-ext-1", Kind.BACK)], (Blind("fw-ext-1", 7.0, 8.0),)),
    ],
)
def test_a_cut_machine_is_not_looked_at_until_it_is_seen_again(restart: list[Event], blind: tuple[Blind, ...]) -> None:
    cut = [Event(5.0, "fw-ext-1", Kind.GONE), Event(5.1, "fw-ext-1", Kind.UNSEEN)]
    again = [Event(8.0, "fw-ext-1", Kind.SEEN), Event(8.0, "fw-ext-1", Kind.HELD, VIP)]
    found, spans = seen([*cut, *restart, *again])
    assert found.blind == blind
    assert spans == [("fw-ext-1", 0.1, 5.0), ("-", 5.0, 8.0), ("fw-ext-1", 8.0, 10.0)]


def test_a_member_lost_for_good_is_blind_to_the_end() -> None:
    assert seen([Event(5.0, "fw-ext-2", Kind.UNSEEN)])[0].blind == (Blind("fw-ext-2", 5.0, 10.0),)


def test_the_order_of_recording_does_not_matter() -> None:
    events = [*START, Event(5.0, "fw-ext-1", Kind.LOST, VIP), Event(5.2, "fw-ext-2", Kind.GAINED, VIP)]
    assert ownership(reversed(events), 10.0) == ownership(events, 10.0)
