"""The picture of a failover."""

from __future__ import annotations

import sys

import pytest

from recette.measure.timeline import Timeline


def failover(fault: float = 12.0, back: float = 12.43) -> Timeline:
    sent = [number / 100 for number in range(3000)]
    probes = [(time, not fault <= time < back, None if fault <= time < back else 0.0005) for time in sent]
    events = [(fault, "arrêt brutal de fw-ext-1"), (back - 0.05, "reprise par fw-ext-2")]
    return Timeline(probes, events, [(fault - 0.01, back)], "Téléphonie : perte du pare-feu actif")


def test_it_is_drawn_as_png_and_as_svg_without_touching_pyplot() -> None:
    before = "matplotlib.pyplot" in sys.modules
    assert failover().png().startswith(b"\x89PNG")
    assert b"<svg" in failover().svg()
    assert before or "matplotlib.pyplot" not in sys.modules


def test_the_caption_counts_every_probe_in_french() -> None:
    assert failover().caption == "3000 sondes, 43 perdues ; coupure la plus longue : 0,44 s"
    assert Timeline([(0.0, True, 0.001)]).caption == "1 sonde, 0 perdue ; aucune coupure"


def test_the_picture_is_narrowed_to_what_happened() -> None:
    start, end = failover().window
    assert (start, end) == pytest.approx((10.99, 13.43))


def test_without_event_nor_outage_everything_is_shown() -> None:
    assert Timeline([(0.0, True, 0.001), (5.0, True, 0.001)]).window == (0.0, 5.0)


def test_time_is_counted_from_the_fault() -> None:
    assert failover().origin == 12.0


def test_probes_without_any_answer_are_drawn() -> None:
    dead = Timeline([(number / 10, False, None) for number in range(50)], [(0.0, "panne")], [(0.0, 4.9)], "Rien")
    assert dead.png().startswith(b"\x89PNG")


def test_nothing_observed_is_not_a_picture() -> None:
    with pytest.raises(ValueError, match="shows nothing"):
        Timeline([]).png()
