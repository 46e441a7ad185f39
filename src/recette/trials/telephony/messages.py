"""What happens to somebody who calls and gets no answer: a voice message, kept and sent by mail."""

from __future__ import annotations

import email
import email.policy
import io
import time
import wave
from dataclasses import dataclass

import numpy as np

from recette.errors import Inconclusive
from recette.platform import Platform
from recette.probes.calls import Hearing
from recette.probes.calls.sound import RATE
from recette.probes.calls.tones import listen
from recette.probes.mail import Box, read
from recette.trials.mail.staff import Staff
from recette.trials.people import People
from recette.trials.telephony import parties
from recette.trials.telephony.exchange import said
from recette.trials.telephony.parties import MOBILE
from recette.trials.telephony.talks import ENDED, listening_carrier
from recette.waiting import NotYet, wait_until

ANSWERED = "ANSWER"
"""How Asterisk calls the end of a conversation."""
PREFIX = "<Asterisk-"
"""How the identifiers of Asterisk's messages begin."""
SPEAKING_S, ANSWER_LIMIT_S, LOOK_S = 25, 75.0, 5.0
GREETING_S = 15.0
"""What the announcement takes of the caller's time."""


@dataclass(frozen=True, slots=True)
class Left:
    """A message left: in which mailbox it must come, from which desk it is read, and when the caller hung up."""

    box: Box
    desk: str
    ended_s: float
    least_s: float
    """How much of the caller's voice it must hold."""


@dataclass(frozen=True, slots=True)
class Received:
    """The mail that told of a voice message."""

    delay_s: float
    hearing: Hearing


def leave(platform: Platform, people: People) -> Left:
    """Have a call to an employee whose telephone is away end with a message. Inconclusive if nobody took the call."""
    staff = Staff(platform.site)
    who = staff.of(parties.employee(people, 2))
    read(platform.remote, who.office, [who.box], prefix=PREFIX, remove=True)
    with listening_carrier(platform) as there:
        number = parties.direct_number(platform.site, who.account)
        there.call(number, MOBILE.tone_hz, SPEAKING_S)
        ended = wait_until(lambda: there.ended(number), ANSWER_LIMIT_S, f"La fin de l'appel du {number}")
    if ended != ANSWERED:
        raise Inconclusive(f"Appel du {number} : {ended}, aucun message n'a été pris")
    return Left(who.box, who.office, time.monotonic(), SPEAKING_S - GREETING_S)


def received(platform: Platform, left: Left, limit_s: float) -> Received | None:
    """The mail of the message, once it is there; None if none comes within `limit_s` of the hanging up."""
    while time.monotonic() < left.ended_s + limit_s:
        (box,) = read(platform.remote, left.desk, [left.box], prefix=PREFIX)
        if box.messages:
            awaited = [[message.identifier for message in box.messages[-1:]]]
            (whole,) = read(platform.remote, left.desk, [left.box], awaited=awaited, prefix=PREFIX, fetch=True)
            raw = next(message.raw for message in whole.messages if message.raw)
            return Received(box.messages[-1].seen_s - left.ended_s, _heard(raw))
        time.sleep(LOOK_S / 10)
    return None


def _heard(raw: bytes) -> Hearing:
    """The caller's tone in the sound that a mail brings. Inconclusive without such a sound."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    sounds = [part for part in message.walk() if part.get_content_maintype() == "audio"]
    if not sounds:
        raise Inconclusive("Le courriel n'apporte aucun son")
    with wave.open(io.BytesIO(sounds[0].get_content())) as sound:
        if (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) != (RATE, 1, 2):
            raise Inconclusive(f"Son joint d'une autre sorte que prévu : {sound.getparams()}")
        samples = np.frombuffer(sound.readframes(sound.getnframes()), np.int16)
    return listen([(0.0, samples)], MOBILE.tone_hz)


def switchboard_call_ended(platform: Platform, since_s: float) -> str:
    """How the call from outside to the switchboard ended; Inconclusive if it does not.

    `since_s`: when it began, by the monotonic clock.
    """
    began, number = time.time() - (time.monotonic() - since_s), parties.main_number(platform.site)

    def ended() -> str | NotYet:
        told = said(platform, began, f"call: to={number} ended=", parties.carrier(platform.site))
        found = ENDED.search("\n".join(told))
        return found[1] if found else NotYet("l'appel dure encore")

    return str(wait_until(ended, ANSWER_LIMIT_S, f"La fin de l'appel du {number}"))
