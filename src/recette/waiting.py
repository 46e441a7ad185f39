"""The one way to wait: short polls and a monotonic deadline, never a fixed sleep."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from recette.errors import Inconclusive

T = TypeVar("T")

POLL_S = 0.05
"""Longest pause between two looks: what is awaited is known at most this late."""


@dataclass(frozen=True)
class NotYet:
    """A falsy answer that tells the state seen, in French: the report shows it when the wait was in vain."""

    state: str

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        return self.state


def wait_until(predicate: Callable[[], T], limit_s: float, what: str) -> T:
    """Return the first truthy answer of `predicate`, asked at least once and one last time at the deadline.

    `what` is a French noun phrase that begins the message. Raises Inconclusive after `limit_s` seconds.
    """
    deadline = time.monotonic() + limit_s
    while True:
        last_try = time.monotonic() >= deadline
        answer = predicate()
        if answer:
            return answer
        if last_try:
            state = answer if isinstance(answer, NotYet) else "sans détail"
            limit = f"{limit_s:g}".replace(".", ",")
            raise Inconclusive(f"{what} : attente vaine de {limit} s, dernier état : {state}")
        time.sleep(max(0.0, min(POLL_S, deadline - time.monotonic())))
