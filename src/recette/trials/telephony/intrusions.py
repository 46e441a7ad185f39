"""Somebody of the voice zone who has no account, or wants another one's: what the exchange lets him do."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass

from recette.errors import Inconclusive
from recette.platform import Platform
from recette.probes.calls import Call, Phone, hearing, phone
from recette.probes.calls.injection import Injection, inject
from recette.probes.calls.stranger import METHODS, Answer, Door, Request, ask, guess, oracle
from recette.probes.calls.torture import malformed
from recette.site import Site
from recette.trials.people import People
from recette.trials.telephony import exchange, parties, talks
from recette.trials.telephony.exchange import said
from recette.trials.telephony.parties import ABROAD, FIXED, TONES_HZ
from recette.trials.telephony.talks import BEGIN_S, RING_LIMIT_S, Talk, Window, ear, listening_carrier
from recette.waiting import wait_until

INTRUDER = 1
"""Rank of the telephone from which somebody does what he should not."""
UNASSIGNED = ("1500", "7654")
INTRUDER_HZ, INJECTED = 1000, 150
WRITTEN_LIMIT_S = 10.0
TRY_S = 0.3
"""How long whoever guesses waits for an answer: ten times what one takes."""
AUDIO = re.compile(r"^m=audio (\d+) ", re.MULTILINE)
STARTED = "systemctl show --property=MainPID,NRestarts asterisk.service"


@dataclass(frozen=True, slots=True)
class Guessing:
    """Passwords tried in somebody's name, the answer to the right one afterwards, and what was written of it."""

    answers: tuple[Answer, ...]
    afterwards: Answer
    address: str
    written: tuple[str, ...]

    @property
    def answered(self) -> int:
        return sum(bool(answer.messages) for answer in self.answers)


@dataclass(frozen=True, slots=True)
class Injected:
    """A call into which somebody else spoke, and how much of him each end heard, in seconds."""

    talk: Talk
    packets: int
    heard_s: Mapping[str, float]


def door(site: Site) -> Door:
    """The exchange, asked from the intruder's telephone."""
    host = parties.telephone(site, INTRUDER)
    return Door(str(host.address), str(site.vips[parties.EXCHANGE][host.zones[0]]), name=f"pbx.{site.dns}")


def anonymous(platform: Platform, people: People, words: str) -> Answer:
    """A call by somebody who does not say who he is."""
    numbers = {
        "un employé": parties.employee(people, 0).extension,
        "un numéro fixe": f"0{FIXED.number}",
        "un numéro à l'étranger": f"0{ABROAD.number}",
    }
    return _asked(platform, Request("INVITE", numbers[words]))


def unencrypted(platform: Platform, people: People) -> Answer:
    """A call by an employee whose telephone knows no encryption of the voice."""
    caller, called = parties.employee(people, 1), parties.employee(people, 0)
    secret = (caller.extension, people.secrets.sip(caller.login))
    return _asked(
        platform, Request("INVITE", called.extension, caller=caller.extension, secret=secret, encrypted=False)
    )


def differences(platform: Platform, people: People) -> dict[str, tuple[frozenset[str], frozenset[str]]]:
    """For each method, the answers about people who exist, and about people who do not."""
    known = [parties.employee(people, rank).extension for rank in range(len(UNASSIGNED))]
    host = parties.telephone(platform.site, INTRUDER).name
    found: dict[str, tuple[frozenset[str], frozenset[str]]] = {}
    for method in METHODS:
        # One at a time, and few names: so many refusals in a row are barred.
        with exchange.forgiving(platform):
            found[method] = oracle(platform.remote, host, door(platform.site), method, (known, UNASSIGNED))
    return found


def guessed(platform: Platform, people: People, count: int, rate: int) -> Guessing:
    """Try wrong passwords of somebody, so many each second at most, then the right one."""
    person, host = parties.employee(people, 1), parties.telephone(platform.site, INTRUDER)
    began, at = time.time(), door(platform.site)
    wrong = [f"Faux-{rank}-mot" for rank in range(count)]
    with exchange.forgiving(platform):
        answers = guess(platform.remote, host.name, at, person.extension, wrong, wait_s=TRY_S, gap_s=1 / rate)
        (afterwards,) = guess(platform.remote, host.name, at, person.extension, [people.secrets.sip(person.login)])
        written = _bans(platform, began)
    return Guessing(answers, afterwards, str(host.address), tuple(written))


def tortured(platform: Platform) -> tuple[int, bool]:
    """Send every malformed message; how many, and whether the exchange is still the same process."""
    owner = exchange.active(platform)
    before = platform.remote.run(owner.name, STARTED).stdout
    host, messages = parties.telephone(platform.site, INTRUDER).name, malformed()
    with exchange.forgiving(platform):
        for message in messages.values():
            ask(platform.remote, host, door(platform.site), [message], wait_s=0.5)
    return len(messages), platform.remote.run(owner.name, STARTED).stdout == before


def injected(platform: Platform, people: People) -> Injected:
    """Speak into a call between an employee and somebody outside, as each end to the other."""
    line = parties.line(platform, people, parties.employee(people, 0))
    intruder = parties.telephone(platform.site, INTRUDER).name
    with listening_carrier(platform) as there, phone(platform.remote, line) as taken:
        call = taken.dial(f"0{FIXED.number}")
        taken.wait_established(call, RING_LIMIT_S)
        time.sleep(2 * BEGIN_S)  # voice enough to tell its ports and numbering; none is inconclusive below
        voice = taken.media()
        if not voice.received or not voice.sent:
            raise Inconclusive("L'appel ne porte pas de voix : rien où parler")
        heard, spoken = voice.received[-1], voice.sent[-1]
        here = _voice_port(taken, call)
        ways = (
            Injection(heard.peer[0], heard.peer[1], [(line.address, here)], INTRUDER_HZ, INJECTED, like=heard),
            Injection(line.address, here, [spoken.peer], INTRUDER_HZ, INJECTED, like=spoken),
        )
        sent = sum(inject(platform.remote, intruder, way) for way in ways)
        taken.hang_up()
        taken.wait_ended(call, RING_LIMIT_S)
        window = Window.of(call)
        found, theirs = taken.media(), there.media()
        ears = (
            ear(taken.name, found, FIXED.tone_hz, window),
            ear(FIXED.number, theirs, TONES_HZ[0], window),
        )
        of_intruder = {
            taken.name: hearing(found.received, INTRUDER_HZ).heard_s,
            FIXED.number: hearing(theirs.received, INTRUDER_HZ).heard_s,
        }
    return Injected(Talk(0.0, 0.0, "", "", (call.encryption,), ears), sent, of_intruder)


def still_calls(platform: Platform, people: People) -> Talk:
    """Whether an employee at the other telephone still reaches the outside."""
    line = parties.line(platform, people, parties.employee(people, 0))
    return talks.outward(platform, line, f"0{FIXED.number}", FIXED, talks.lasting(2.0))


def _asked(platform: Platform, request: Request) -> Answer:
    host = parties.telephone(platform.site, INTRUDER).name
    with exchange.forgiving(platform):
        (answer,) = ask(platform.remote, host, door(platform.site), [request])
    return answer


def _voice_port(taken: Phone, call: Call) -> int:
    """Where a telephone said that it listens."""
    offers = [AUDIO.search(message.body) for message in taken.messages_of(call) if message.sent]
    ports = [int(found[1]) for found in offers if found]
    if not ports:
        raise Inconclusive(f"{taken.name} : port de la voix inconnu")
    return ports[-1]


def _bans(platform: Platform, began_s: float) -> list[str]:
    unit = "asterisk-bannissement.service"
    try:
        return wait_until(
            lambda: said(platform, began_s, "banned: address=", unit=unit), WRITTEN_LIMIT_S, "La ligne du bannissement"
        )
    except Inconclusive:
        return []
