"""A call that goes on while other things are done, and is judged at its end."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from recette.platform import Platform
from recette.probes.calls import Line
from recette.trials.people import People
from recette.trials.telephony import exchange, parties, talks
from recette.trials.telephony.talks import Talk

RANK, TONE_HZ = 7, 780
"""An employee whom no other scenario has telephone, and what he says: nothing of him is taken for another's."""
GUARD_S = 1500.0
"""Nobody talks for longer, whatever goes on beside: a telephone is left in hand for half an hour at most."""


class CallBeside:
    """An employee talks to somebody outside, from when this is made until he has talked long enough."""

    def __init__(self, platform: Platform, people: People) -> None:
        self._platform = platform
        self._wanted_s = math.inf
        self.caller = parties.employee(people, RANK)
        line = replace(parties.line(platform, people, self.caller), tone_hz=TONE_HZ)
        self._pool = ThreadPoolExecutor(1, "long-call")
        self._talk = self._pool.submit(self._talking, line)

    def lasting(self, seconds: float) -> Talk:
        """The call, once it has lasted so long or was cut off. Raises Inconclusive if it could not be made."""
        self._wanted_s = seconds
        return self._talk.result()

    def end(self) -> None:
        """Hang up, and wait until it is done."""
        self._wanted_s = 0.0
        self._pool.shutdown()

    def _talking(self, line: Line) -> Talk:
        exchange.await_ready(self._platform)
        number = f"0{parties.FIXED.number}"
        return talks.outward(self._platform, line, number, parties.FIXED, self._enough)

    def _enough(self, lasted_s: float) -> bool:
        return lasted_s >= min(self._wanted_s, GUARD_S)
