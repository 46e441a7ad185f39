"""What comes by mail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from recette.errors import Inconclusive
from recette.platform import Platform
from recette.probes.mail import hold
from recette.trials.mail.outsider import DOMAIN
from recette.trials.mail.parties import Parties
from recette.trials.mail.unwanted import EICAR, letter
from recette.trials.people import People
from recette.trials.siem.watch import Expected, nonce

ATTACHED = "T1566.001"
MESSAGE, REFUSED = "DATA", 5
"""The command of which the last reply judges the message, and the class of the codes that refuse it for good."""


@contextmanager
def infected(platform: Platform, _people: People) -> Iterator[Expected]:
    """The EICAR test file, attached to a message of a foreign company to an employee; the relay refuses it."""
    parties = Parties(platform.site)
    cast, word = parties.cast, nonce()
    parcel = cast.direct(letter(cast, attachment=EICAR), envelope=f"{word}@{DOMAIN}")
    (dialogue,) = hold(platform.remote, parcel.host, [parcel.call])
    last = dialogue.replies[-1] if dialogue.replies else None
    # Refused for good, and for what it holds: not its sender, and not because the filter is away.
    if last is None or last.command != MESSAGE or last.code // 100 != REFUSED:
        raise Inconclusive(f"{parties.relay_host} n'a pas refusé le courriel : {dialogue}")
    sender = str(platform.site.host(parcel.host).address)
    yield Expected(
        "malware-mail", frozenset({parties.relay_host}), ATTACHED, sender, parcel.letter.recipient, trace=word
    )
