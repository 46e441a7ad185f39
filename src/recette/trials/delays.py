"""How long a change takes to be felt."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from recette.errors import Inconclusive
from recette.waiting import wait_until


def seconds_until(happened: Callable[[], bool], since_s: float, limit_s: float) -> float:
    """Seconds from an instant of the monotonic clock until it happened, looked for up to `limit_s` after it.

    Infinite if it did not. What is seen is when the look that saw it ended: the figure is never too small.
    """
    try:
        wait_until(happened, max(0.0, since_s + limit_s - time.monotonic()), "L'effet du changement")
    except Inconclusive:
        return math.inf
    return time.monotonic() - since_s
