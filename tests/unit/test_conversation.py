"""The picture of a conversation: what it says is what was heard."""

from __future__ import annotations

import pytest

from recette.measure.conversation import Conversation, Track


def conversation() -> Conversation:
    heard = [0.02 * rank for rank in range(500) if not 200 < rank < 240]
    track = Track("telephone-1 entend telephone-2", heard, [(4.02, 4.80)])
    return Conversation([track, Track("telephone-2 entend telephone-1", heard)], [(4.0, "arrêt"), (4.6, "reprise")])


def test_the_caption_tells_how_long_and_the_longest_cut() -> None:
    picture = conversation()
    assert picture.caption(picture.tracks[0]).endswith("tonalité entendue 9,2 s, coupure la plus longue : 780 ms")
    assert picture.caption(picture.tracks[1]).endswith("aucune coupure")


def test_the_picture_is_narrowed_to_what_happened_and_starts_at_the_fault() -> None:
    picture = conversation()
    assert list(picture.window) == pytest.approx([3.0, 5.8])
    assert picture.origin == 4.0
    assert picture.png().startswith(b"\x89PNG")


def test_nothing_heard_and_nothing_known_is_no_picture() -> None:
    with pytest.raises(ValueError, match="nobody"):
        Conversation([Track("muet", [])]).png()
