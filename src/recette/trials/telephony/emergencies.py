"""Emergency calls, and what may stand in their way."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from recette.platform import Platform
from recette.probes.calls import Unseen, phone
from recette.trials.people import People
from recette.trials.telephony import exchange, parties, talks
from recette.trials.telephony.exchange import said
from recette.trials.telephony.parties import EMERGENCIES
from recette.trials.telephony.talks import Talk
from recette.waiting import NotYet, wait_until

TALK_S = 2.0
LIMIT_S = 60.0
"""Guard against trying for ever; what the contract allows is in the features."""
TRY_S = 8.0
"""How long one try is left to arrive before the next one, as somebody in a hurry would."""
NO_LINE = 503
LINES_LIMIT_S = 20.0
BUSY_NUMBERS = "0261911{:03}"
COUNT = "asterisk -rx 'core show channels count' | head -1"
BUSY_S = 60


@dataclass(frozen=True, slots=True)
class Help:
    """An emergency call, and what the centre should have seen."""

    who: str
    dialled: str
    waited_s: float
    number: str
    building: str
    talk: Talk


def call(platform: Platform, people: People, rank: int, dialled: str, number: str) -> Help:
    """Call an emergency number from one of the telephones, and talk for a moment."""
    person = parties.employee(people, rank)
    line = parties.line(platform, people, person, rank)
    talk = talks.outward(platform, line, dialled, EMERGENCIES[number], talks.lasting(TALK_S))
    shown = parties.building_number(platform.site, person.building)
    return Help(line.host, dialled, talk.answered_s, shown, person.building, talk)


def seconds_until_heard(platform: Platform, people: People, number: str, since_s: float) -> float:
    """Dial again and again until the centre is heard; how long since an instant, infinite if it never is."""
    line = parties.line(platform, people, parties.employee(people, 0))
    with phone(platform.remote, line, limit_s=LIMIT_S) as taken:
        while time.monotonic() < since_s + LIMIT_S:
            dialled = taken.dial(number)
            try:
                heard_s = taken.wait_established(dialled, TRY_S)
            except Unseen:
                if dialled.ended_s is None:
                    taken.hang_up()
                continue
            time.sleep(TALK_S)
            taken.hang_up()
            ended_s = taken.wait_ended(dialled, TRY_S)
            window = talks.Window(heard_s, ended_s)
            listened = talks.ear(taken.name, taken.media(), EMERGENCIES[number].tone_hz, window)
            if listened.hearing.heard:
                return listened.hearing.heard[0].at_s - since_s
    return math.inf


def answer_to(platform: Platform, people: People, dialled: str) -> int | None:
    """How the exchange answered a call that an employee makes; None if it never did."""
    line = parties.line(platform, people, parties.employee(people, 1), 1)
    with phone(platform.remote, line) as taken:
        made = taken.dial(dialled)
        try:
            taken.wait_established(made, TRY_S)
        except Unseen:
            if made.ended_s is None:
                raise
        else:
            taken.hang_up()
        return taken.code(made)


@contextmanager
def busy_lines(platform: Platform) -> Iterator[int]:
    """Every line that ordinary calls may take, taken until the block ends; how many there are.

    The exchange makes the calls itself, to numbers that echo; each ends by itself after a minute.
    """
    host, began = exchange.active(platform), time.time()
    taken = 0

    def full() -> bool | NotYet:
        nonlocal taken
        taken += 1
        number = BUSY_NUMBERS.format(200 + taken % 100)
        platform.remote.run(
            host.name, f"asterisk -rx 'channel originate Local/{number}@sortie application Wait {BUSY_S}'"
        )
        if said(platform, began, "reason=lines", border):
            return True
        lasting = platform.remote.run(border.name, COUNT).stdout.strip()
        return NotYet(f"{taken} appels faits, aucun refusé ; à la bordure : {lasting or 'aucun'}")

    border = platform.site.members(parties.BORDER)[0]
    try:
        wait_until(full, LINES_LIMIT_S, "L'occupation de toutes les lignes ordinaires")
        yield taken - 1
    finally:
        platform.remote.run(host.name, "asterisk -rx 'channel request hangup all'")
