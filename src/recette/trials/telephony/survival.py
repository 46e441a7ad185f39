"""What calls become when something is lost: those that begin afterwards, and those under way."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from recette.errors import Inconclusive
from recette.measure.conversation import Conversation
from recette.platform import Platform
from recette.probes.calls import Call, Phone, Unseen, phone
from recette.site.elements import FIREWALL_LEVELS
from recette.trials.people import People
from recette.trials.telephony import parties, talks
from recette.trials.telephony.parties import FIXED, MOBILE
from recette.trials.telephony.talks import RING_LIMIT_S, Carrier, Talk, Window, ear, listening_carrier

TALK_S, LISTEN_S, CALM_S = 2.0, 1.0, 8.0
LIMIT_S = 90.0
"""Guard against trying for ever; what the contract allows is in the features."""
TRY_S = 4.0
"""How long a call is left to get anywhere before it is given up and made again."""
FORGET = "conntrack -D -p tcp -s {address}; conntrack -D -p tcp -d {address}; true"
"""It fails where there is nothing to forget, which one firewall of a pair may well have: what it printed is counted."""


@dataclass
class Pair:
    """Two employees, each with a telephone in hand."""

    one: Phone
    other: Phone

    def heard_since(self, since_s: float) -> float:
        """Call until each hears the other; how long since an instant, infinite if it never worked."""
        while time.monotonic() < since_s + LIMIT_S:
            heard_s = self._heard()
            if math.isfinite(heard_s):
                return heard_s - since_s
        return math.inf

    def registered_since(self, since_s: float, limit_s: float) -> dict[str, float]:
        """How long after an instant each telephone was registered anew; infinite if not within the limit."""
        return {taken.name: self._registered(taken, since_s, limit_s) for taken in (self.one, self.other)}

    @staticmethod
    def _registered(taken: Phone, since_s: float, limit_s: float) -> float:
        left_s = max(0.0, since_s + limit_s - time.monotonic())
        try:
            return taken.wait_registered(left_s, since_s=since_s) - since_s
        except Unseen:
            return math.inf

    def _heard(self) -> float:
        """One try: when both heard each other; infinite if they did not."""
        call = self.one.dial(self.other.line.extension)
        try:
            ringing = self.other.incoming(TRY_S, since_s=call.begun_s)
            self.other.answer()
            self.one.wait_established(call, TRY_S)
            self.other.wait_established(ringing, TRY_S)
            time.sleep(TALK_S)
        except Unseen:
            return math.inf
        finally:
            _let_go(self.one, call)
        ends = ((self.one, call, self.other.line.tone_hz), (self.other, ringing, self.one.line.tone_hz))
        return max(_first_heard(taken, made, tone_hz) for taken, made, tone_hz in ends)


@contextmanager
def pair(platform: Platform, people: People) -> Iterator[Pair]:
    """Two employees at the two telephones; Inconclusive if they cannot speak to begin with."""
    caller, called = (parties.line(platform, people, parties.employee(people, n), n) for n in range(2))
    with talks.both(platform, caller, called) as (one, other):
        found = Pair(one, other)
        if math.isinf(found.heard_since(time.monotonic())):
            raise Inconclusive("Les deux téléphones ne se joignent pas : rien à éprouver")
        yield found


@dataclass
class LongCall:
    """A call to the outside that goes on."""

    taken: Phone
    call: Call
    there: Carrier
    struck_s: float = field(default=math.inf)

    def speak(self) -> None:
        """Let it go on for a while."""
        time.sleep(CALM_S)

    @talks.tried
    def end(self) -> Talk:
        """Hang up, and judge what was heard; the talk failed if the call was lost before."""
        if self.call.ended_s is not None:
            raise Unseen(f"{self.taken.name} : appel perdu ({self.call.reason or 'sans raison'})")
        self.taken.hang_up()
        self.taken.wait_ended(self.call, RING_LIMIT_S)
        window = Window.of(self.call)
        ears = (
            ear(self.taken.name, self.taken.media(), FIXED.tone_hz, window),
            ear(FIXED.number, self.there.media(), self.taken.line.tone_hz, window),
        )
        return Talk(0.0, 0.0, "", "", (self.call.encryption,), ears)


@contextmanager
def long_call(platform: Platform, people: People) -> Iterator[LongCall]:
    """An employee who talks with somebody outside."""
    line = parties.line(platform, people, parties.employee(people, 0))
    with listening_carrier(platform) as there, phone(platform.remote, line) as taken:
        call = taken.dial(f"0{FIXED.number}")
        taken.wait_established(call, RING_LIMIT_S)
        yield LongCall(taken, call, there)


def picture(long: LongCall, talk: Talk) -> Conversation:
    """Who heard whom around the fault."""
    return talks.timeline(talk, ((long.struck_s, "pare-feu perdu"),))


def forget_border(platform: Platform, people: People) -> tuple[float, int]:
    """Make every firewall forget the connections of the border controller: what follows of them is dropped in silence.

    Returns when, and how many there were. Raises Inconclusive if there was none, or if nobody could call before.
    """
    (border,) = platform.site.members(parties.BORDER)
    if math.isinf(seconds_until_outside(platform, people, time.monotonic())):
        raise Inconclusive("Aucun appel extérieur n'aboutit : rien à éprouver")
    walls = [wall.name for level in FIREWALL_LEVELS for wall in platform.site.members(level)]
    told = platform.remote.map(walls, FORGET.format(address=border.address))
    forgotten = sum(len(done.stdout.splitlines()) for done in told.values())
    if not forgotten:
        raise Inconclusive(f"Aucun pare-feu ne tenait de connexion de {border.name}")
    return time.monotonic(), forgotten


def seconds_until_outside(platform: Platform, people: People, since_s: float) -> float:
    """How long after an instant an employee hears somebody outside; infinite if he never does."""
    line = parties.line(platform, people, parties.employee(people, 0))
    with phone(platform.remote, line, limit_s=LIMIT_S) as taken:
        while time.monotonic() < since_s + LIMIT_S:
            call = taken.dial(f"0{FIXED.number}")
            try:
                taken.wait_established(call, TRY_S)
                time.sleep(LISTEN_S)
            except Unseen:
                continue
            finally:
                _let_go(taken, call)
            heard_s = _first_heard(taken, call, FIXED.tone_hz)
            if math.isfinite(heard_s):
                return heard_s - since_s
    return math.inf


def seconds_until_inside(platform: Platform, people: People, since_s: float) -> float:
    """How long after an instant somebody outside is heard by an employee whom he calls; infinite if he never is."""
    person = parties.employee(people, 0)
    number, line = parties.direct_number(platform.site, person), parties.line(platform, people, person)
    with listening_carrier(platform) as there, phone(platform.remote, line, limit_s=LIMIT_S) as taken:
        while time.monotonic() < since_s + LIMIT_S:
            asked_s = time.monotonic()
            there.call(number, MOBILE.tone_hz, 5, ringing_s=5)
            try:
                ringing = taken.incoming(TRY_S, since_s=asked_s)
                taken.answer()
                taken.wait_established(ringing, TRY_S)
                time.sleep(LISTEN_S)
            except Unseen:
                continue
            _let_go(taken, ringing)
            heard_s = _first_heard(taken, ringing, MOBILE.tone_hz)
            if math.isfinite(heard_s):
                return heard_s - since_s
    return math.inf


def _first_heard(taken: Phone, call: Call, tone_hz: int) -> float:
    """When the other's tone was first heard in a call that is over; infinite if it never was."""
    if call.established_s is None or call.ended_s is None:
        return math.inf
    try:
        listened = ear(taken.name, taken.media(), tone_hz, Window(call.established_s, call.ended_s))
    except Unseen:
        return math.inf
    return listened.hearing.heard[0].at_s if listened.hearing.heard else math.inf


def _let_go(taken: Phone, call: Call) -> None:
    if call.ended_s is None:
        taken.hang_up()
        taken.wait_ended(call, RING_LIMIT_S)
