"""What the people on call find in their mailbox."""

from __future__ import annotations

import email
import email.policy
import time
from dataclasses import dataclass
from email.message import EmailMessage

from recette.errors import Inconclusive
from recette.platform import Platform
from recette.probes.mail.mailbox import Box, read
from recette.probes.siem import Alert
from recette.trials.mail.doors import Doors
from recette.trials.siem.guesses import WORKSTATIONS, one_of

ACCOUNT = "svc-astreinte"


@dataclass(frozen=True, slots=True)
class Letter:
    """A message about an alert: how long after the alert was seen it was there, its subject and its text."""

    delay_s: float
    subject: str
    text: str


def letter(platform: Platform, alert: Alert, limit_s: float) -> Letter | None:
    """The message of an alert, waited for at most so long; None if it does not come."""
    site, began_s = platform.site, time.monotonic()
    domain = str(site.variables["site_mail_domain"])
    box = Box(Doors.of(site).reading, (ACCOUNT, platform.directory.secret(f"annuaire/{ACCOUNT}")))
    identifier = f"<siem.{alert.id}@{domain}>"
    desk = one_of(platform, WORKSTATIONS).name
    (reading,) = read(
        platform.remote, desk, [box], awaited=[[identifier]], prefix=identifier, fetch=True, limit_s=limit_s
    )
    if reading.error:
        raise Inconclusive(f"La boîte de l'astreinte n'a pas pu être lue : {reading.error}")
    found = reading.of(identifier)
    if not found or found[0].raw is None:
        return None
    message = email.message_from_bytes(found[0].raw, policy=email.policy.default)
    if not isinstance(message, EmailMessage):
        raise Inconclusive("Le message de l'astreinte est illisible")
    return Letter(time.monotonic() - began_s, str(message["Subject"]), str(message.get_content()))
