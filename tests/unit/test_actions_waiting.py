"""Waiting ends by an answer or by an inconclusive verdict that tells the last state."""

from __future__ import annotations

import time

import pytest

from recette.errors import Inconclusive
from recette.waiting import NotYet, wait_until


def test_the_first_truthy_answer_is_returned() -> None:
    answers = iter([None, 0, "prêt"])
    assert wait_until(lambda: next(answers), 1.0, "Le service") == "prêt"


@pytest.mark.parametrize(
    ("answer", "state"), [(NotYet("fw-ext-2 est suppléant"), "fw-ext-2 est suppléant"), (False, "sans détail")]
)
def test_a_vain_wait_tells_the_last_state(answer: object, state: str) -> None:
    with pytest.raises(Inconclusive, match=rf"^La bascule : attente vaine de 0,1 s, dernier état : {state}$"):
        wait_until(lambda: answer, 0.1, "La bascule")


def test_the_question_is_asked_even_without_any_time_left() -> None:
    assert wait_until(lambda: True, 0.0, "Rien")


def test_the_question_is_asked_a_last_time_at_the_deadline() -> None:
    deadline = time.monotonic() + 0.07
    assert wait_until(lambda: time.monotonic() >= deadline, 0.07, "L'heure")
