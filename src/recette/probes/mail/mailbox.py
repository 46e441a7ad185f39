"""What a mail program finds in mailboxes."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from recette.probes.agents import source
from recette.probes.mail.dialogue import Door
from recette.shell import Remote

CALL_LIMIT_S = 3.0
"""How long a mail program waits for a server before it turns to the next."""
MARGIN_S = 60.0
"""Given to the agent beside the time for which it waits for messages."""


@dataclass(frozen=True, slots=True)
class Box:
    """A mailbox, and its owner's name and password."""

    door: Door
    login: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Maildir:
    """A mailbox of a foreign system, read on its own host."""

    path: str


@dataclass(frozen=True, slots=True)
class Found:
    """One message of a mailbox; `seen_s` by the monotonic clock of the reader; `raw` if it was fetched."""

    identifier: str
    folder: str
    seen_s: float
    raw: bytes | None


@dataclass(frozen=True, slots=True)
class Reading:
    """What one mailbox holds; `error` tells why it could not be opened, nothing if it was."""

    address: str | None
    error: str
    opened_s: float | None
    messages: tuple[Found, ...]

    def of(self, identifier: str) -> tuple[Found, ...]:
        """Every copy of a message."""
        return tuple(found for found in self.messages if found.identifier == identifier)


def read(  # noqa: PLR0913 - what is looked for, and for how long
    remote: Remote,
    host: str,
    boxes: Sequence[Box],
    *,
    awaited: Iterable[Iterable[str]] | None = None,
    prefix: str = "<",
    fetch: bool = False,
    remove: bool = False,
    limit_s: float = 10.0,
    call_s: float = CALL_LIMIT_S,
) -> tuple[Reading, ...]:
    """Read mailboxes from a host, all at once; every message whose identifier begins with `prefix` is told.

    `awaited`: for each mailbox, the identifiers to wait for, up to `limit_s`; `fetch` brings those back whole; `remove`
    deletes for good what begins with `prefix`; `call_s` is how long an answer is waited for before the next address is
    tried. Inconclusive if the host cannot be asked.
    """
    awaits = [list(one) for one in awaited] if awaited is not None else [[] for _ in boxes]
    wishes = [
        {
            **box.door.payload(),
            "login": box.login,
            "await": wanted,
            "prefix": prefix,
            "fetch": fetch,
            "remove": remove,
            "limit_s": limit_s,
            "call_s": call_s,
        }
        for box, wanted in zip(boxes, awaits, strict=True)
    ]
    told = remote.python(host, source("mail/read"), {"boxes": wishes}, timeout_s=limit_s + MARGIN_S)
    return tuple(_reading(one) for one in told)


def read_maildir(  # noqa: PLR0913 - what is looked for, and for how long
    remote: Remote,
    host: str,
    box: Maildir,
    *,
    awaited: Iterable[str] = (),
    prefix: str = "<",
    fetch: bool = False,
    remove: bool = False,
    limit_s: float = 10.0,
) -> Reading:
    """The same for a Maildir."""
    wish = {
        "path": box.path,
        "await": list(awaited),
        "prefix": prefix,
        "fetch": fetch,
        "remove": remove,
        "limit_s": limit_s,
    }
    return _reading(remote.python(host, source("mail/maildir"), wish, timeout_s=limit_s + MARGIN_S))


def counted(readings: Iterable[Reading]) -> Counter[str]:
    """How many copies of each message several mailboxes hold together."""
    return Counter(found.identifier for reading in readings for found in reading.messages)


def _reading(told: Mapping[str, Any]) -> Reading:
    messages = tuple(
        Found(identifier, folder, seen_s, None if raw is None else base64.b64decode(raw))
        for identifier, folder, seen_s, raw in told["messages"]
    )
    return Reading(told["address"], told["error"] or "", told["open_s"], messages)
