"""The foreign mail system that the site corresponds with, and what it concludes of the site's mail."""

from __future__ import annotations

import re
from collections.abc import Mapping

from recette.probes.mail import Door, Maildir
from recette.site import Site
from recette.trials.mail.exchange import Party
from recette.trials.mail.letters import header

GROUP = "correspondants"
DOMAIN, USER, NAME = "partenaire.example", "alice", "mx.partenaire.example"
MAILBOXES = "/var/mail/correspondant"
RESULT = re.compile(r"\b(spf|dkim|dmarc)=(\w+)")


def outsider(site: Site) -> Party:
    """Somebody of the foreign company: posts through its own system, which signs, and reads there."""
    (host,) = site.members(GROUP)
    door = Door(("127.0.0.1",), 25, NAME)
    return Party("Alice", f"{USER}@{DOMAIN}", host.name, door, None, Maildir(f"{MAILBOXES}/{USER}"), NAME)


def conclusions(raw: bytes) -> Mapping[str, str]:
    """Each method and its result, in the headers that the foreign system added: those above its own Received."""
    told = " ".join(value for value in header(raw, "Authentication-Results") if NAME in value)
    return dict(RESULT.findall(told))
