"""A mailbox filled to its quota."""

from __future__ import annotations

from dataclasses import dataclass

from recette.probes.agents import source
from recette.probes.mail.mailbox import Box
from recette.shell import Remote

LIMIT_S = 180.0
CALL_LIMIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Filled:
    """What it took, and what the server said at the last message too many."""

    refusal: str
    messages: int
    bytes: int


def fill(remote: Remote, host: str, box: Box, folder: str, identifier: str) -> Filled:
    """Store messages in a folder, under one identifier, until the server refuses.

    Inconclusive if it cannot be tried.
    """
    wish = {
        **box.door.payload(),
        "address": box.door.addresses[0],
        "login": box.login,
        "folder": folder,
        "identifier": identifier,
        "call_s": CALL_LIMIT_S,
    }
    return Filled(**remote.python(host, source("mail/fill"), wish, timeout_s=LIMIT_S))
