"""A call that somebody hands over to a colleague."""

from __future__ import annotations

import time

from recette.platform import Platform
from recette.trials.people import People
from recette.trials.telephony import parties
from recette.trials.telephony.parties import MOBILE
from recette.trials.telephony.talks import RING_LIMIT_S, Talk, Window, both, ear, listening_carrier, tried

BEFORE_S, TOGETHER_S = 2.0, 5.0
STAY_S = 30
"""A caller whom nobody takes hangs up after that time."""


@tried
def handed_over(platform: Platform, people: People) -> Talk:
    """Somebody outside calls an employee, who transfers him to a colleague without talking to him before."""
    people_here = [parties.employee(people, rank) for rank in range(2)]
    first, second = (parties.line(platform, people, person, rank) for rank, person in enumerate(people_here))
    with listening_carrier(platform) as there, both(platform, first, second) as (one, other):
        there.call(parties.direct_number(platform.site, people_here[0]), MOBILE.tone_hz, STAY_S)
        ringing = one.incoming(RING_LIMIT_S)
        one.answer()
        one.wait_established(ringing, RING_LIMIT_S)
        time.sleep(BEFORE_S)
        asked_s = time.monotonic()
        one.transfer(second.extension)
        passed = other.incoming(RING_LIMIT_S, since_s=asked_s)
        waited_s = time.monotonic() - asked_s
        shown, name = other.caller(passed)
        other.answer()
        taken_s = other.wait_established(passed, RING_LIMIT_S) - asked_s
        time.sleep(TOGETHER_S)
        other.hang_up()
        other.wait_ended(passed, RING_LIMIT_S)
        window = Window.of(passed)
        ears = (
            ear(other.name, other.media(), MOBILE.tone_hz, window),
            ear(MOBILE.number, there.media(), second.tone_hz, window),
        )
    return Talk(waited_s, taken_s, shown, name, (passed.encryption,), ears)
