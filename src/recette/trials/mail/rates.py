"""Messages a second, end to end, against one bare Postfix on the same machine."""

from __future__ import annotations

import importlib.resources
import uuid
from dataclasses import dataclass

from recette.errors import Inconclusive
from recette.probes.mail import Fate, Load, posting, read
from recette.shell import Remote
from recette.trials.mail.exchange import clean
from recette.trials.mail.letters import PREFIX
from recette.trials.mail.parties import Parties

COUNT, SESSIONS, LINES = 300, 4, 20
LENGTH = 1200
"""Bytes of a message of the bare Postfix, about those of one of `LINES` lines."""
AT_ONCE = 10_000.0
"""Messages a second asked for: more than any server takes."""
LIMIT_S = 240.0
BARE = importlib.resources.files("recette.trials.mail").joinpath("bare_postfix.sh").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Rates:
    """Messages a second: taken by a server, and read by their recipient."""

    accepted: float
    delivered: float

    def __str__(self) -> str:
        return f"{self.accepted:.0f}/s accepted, {self.delivered:.0f}/s delivered"


def site_rates(remote: Remote, parties: Parties) -> Rates:
    """From the mail program of an employee to those of ten others, TLS, login, directory and both copies included.

    Raises Inconclusive if a message was refused or not found.
    """
    crowd = parties.crowd
    prefix = f"{PREFIX}{uuid.uuid4().hex[:8]}-"
    writers, recipients = [one.writer for one in crowd], [one.address for one in crowd]
    load = Load(writers, recipients, COUNT, AT_ONCE, prefix[1:], "recette.invalid", workers=SESSIONS, lines=LINES)
    with posting(remote, parties.desk, parties.doors.posting, load) as sent:
        sent.wait(COUNT, LIMIT_S)
    settled = sent.settled
    if any(one.fate is not Fate.ACCEPTED for one in settled):
        raise Inconclusive("un message a été refusé")
    awaited = [[one.identifier for one in settled if one.recipient == who.address] for who in crowd]
    found = read(remote, parties.desk, [who.box for who in crowd], awaited=awaited, prefix=prefix, limit_s=LIMIT_S)
    seen = [message.seen_s for reading in found for message in reading.messages]
    clean(remote, parties.desk, [who.box for who in crowd])
    if len(seen) < COUNT:
        raise Inconclusive(f"{len(seen)} messages lus sur {COUNT}")
    begun_s = min(one.due_s for one in settled)
    return Rates(COUNT / (max(one.settled_s for one in settled) - begun_s), COUNT / (max(seen) - begun_s))


def bare_rates(remote: Remote, host: str) -> Rates:
    """Of one Postfix alone on a host, fed by smtp-source. Raises Inconclusive if it does not run to its end."""
    settings = f"COUNT={COUNT} SESSIONS={SESSIONS} LENGTH={LENGTH}\n"
    done = remote.run(host, settings + BARE, timeout_s=LIMIT_S)
    if done.rc != 0:
        raise Inconclusive(f"{host} : le Postfix nu s'est arrêté ({done.stderr.strip()})")
    accepted_ns, delivered_ns = map(int, done.stdout.split())
    return Rates(COUNT * 1e9 / accepted_ns, COUNT * 1e9 / delivered_ns)
