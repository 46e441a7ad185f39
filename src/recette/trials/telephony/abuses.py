"""What telephony refuses: calls without the right, telephones without an account."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from recette.personnel import Account
from recette.platform import Platform
from recette.probes.calls import Unseen, phone, started
from recette.trials.people import People
from recette.trials.telephony import exchange, parties
from recette.trials.telephony.exchange import said
from recette.trials.telephony.parties import ABROAD, PREMIUM, Subscriber
from recette.trials.telephony.talks import RING_LIMIT_S

DESTINATIONS: dict[str, Subscriber] = {"un numéro à l'étranger": ABROAD, "un numéro surtaxé": PREMIUM}
REASONS = {ABROAD: "international", PREMIUM: "premium"}
FORBIDDEN, ACCEPTED = 403, 200
WRITTEN_S = 0.5
WRONG = "Faux-37-mot"


@dataclass(frozen=True, slots=True)
class Tried:
    """A call that was tried: how the exchange answered, and what it wrote about it."""

    extension: str
    number: str
    reason: str
    code: int | None = None
    written: tuple[str, ...] = ()


def call(platform: Platform, people: People, *, abroad: bool, words: str) -> Tried:
    """Have an employee, who may or may not call other countries, call a destination."""
    person, subscriber = parties.employee(people, 0, abroad=abroad), DESTINATIONS[words]
    number = f"0{subscriber.number}"
    return _dialled(platform, people, person, number, Tried(person.extension, number, REASONS[subscriber]))


def forward(platform: Platform, people: People) -> Tried:
    """Have an employee forward his calls to another country, where those who call him would then call at his cost."""
    person, number = parties.employee(people, 0), f"0{ABROAD.number}"
    return _dialled(platform, people, person, f"*21*{number}", Tried(person.extension, number, "forward"))


def _dialled(platform: Platform, people: People, person: Account, dialled: str, expected: Tried) -> Tried:
    began = time.time()
    with phone(platform.remote, parties.line(platform, people, person)) as taken:
        made = taken.dial(dialled)
        try:
            taken.wait_established(made, RING_LIMIT_S)
        except Unseen:
            if made.ended_s is None:
                raise
        else:
            taken.hang_up()
            taken.wait_ended(made, RING_LIMIT_S)
        code = taken.code(made)
    time.sleep(WRITTEN_S)  # the journal keeps what came last for a moment
    written = said(platform, began, f"refused: caller={person.extension} ")
    return replace(expected, code=code, written=tuple(written))


def refused_registration(platform: Platform, people: People) -> str:
    """Have a telephone present itself with a wrong password; what the exchange said of it."""
    line = replace(parties.line(platform, people, parties.employee(people, 1), 1), password=WRONG)
    with exchange.forgiving(platform), started(platform.remote, line) as taken:
        return taken.wait_refused(RING_LIMIT_S)
