"""Messages posted at a steady rate, each followed until a server has taken it upon itself."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from recette.errors import Inconclusive
from recette.probes.agents import source
from recette.probes.mail.dialogue import Door
from recette.shell import Remote, finish, whole_lines

CALL_LIMIT_S = 3.0
"""How long a mail program waits for a server before it turns to the next."""


class Fate(StrEnum):
    """What became of a message posted."""

    ACCEPTED = "accepted"
    UNCERTAIN = "uncertain"
    """The session was lost after its last line: the server may have it or not."""
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Writer:
    """Who posts; without user, nobody logs on (one system speaking to another)."""

    address: str
    user: str = ""
    password: str = ""


@dataclass(frozen=True, slots=True)
class Settled:
    """A message and its fate; `due_s`, when it was to be posted, and `settled_s` by the monotonic clock."""

    number: int
    identifier: str
    recipient: str
    fate: Fate
    due_s: float
    settled_s: float
    address: str
    tries: int
    reply: str


@dataclass(frozen=True)
class Load:
    """How much is posted, by whom and to whom (each in turn), and how fast.

    A message that no server takes is tried for `patience_s`.
    """

    writers: Sequence[Writer]
    recipients: Sequence[str]
    count: int
    rate: float
    prefix: str
    domain: str
    workers: int = 4
    lines: int = 20
    patience_s: float = 60.0
    helo: str = ""


class Posting:
    """Messages on their way; `settled` grows as servers answer."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._news = threading.Condition()
        self._settled: list[Settled] = []
        self._ended = False
        self._reader = threading.Thread(target=self._read, name="posting", daemon=True)
        self._reader.start()

    @property
    def settled(self) -> tuple[Settled, ...]:
        with self._news:
            return tuple(self._settled)

    def wait(self, count: int, limit_s: float) -> None:
        """Wait until `count` messages are settled. Raises Inconclusive after `limit_s`."""
        deadline = time.monotonic() + limit_s
        with self._news:
            while len(self._settled) < count:
                left = deadline - time.monotonic()
                if left <= 0 or self._ended:
                    raise Inconclusive(f"{len(self._settled)} messages déposés en {limit_s:g} s, il en fallait {count}")
                self._news.wait(left)

    def stop(self) -> str:
        """Post no more, and wait for what is under way; gives back the last line of the agent's errors."""
        return finish(self._process, 5.0, self._reader)

    def _read(self) -> None:
        for line in whole_lines(self._process):
            number, identifier, recipient, fate, due_s, settled_s, address, tries, reply = json.loads(line)
            with self._news:
                self._settled.append(
                    Settled(number, identifier, recipient, Fate(fate), due_s, settled_s, address, tries, reply)
                )
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()


@contextmanager
def posting(remote: Remote, host: str, door: Door, load: Load) -> Iterator[Posting]:
    """Post messages from a host until all are settled or the block ends."""
    payload = {
        **door.payload(),
        "helo": load.helo or f"{host}.recette.invalid",
        "writers": [[one.user, one.password, one.address] for one in load.writers],
        "recipients": list(load.recipients),
        "prefix": load.prefix,
        "domain": load.domain,
        "count": load.count,
        "rate": load.rate,
        "workers": load.workers,
        "lines": load.lines,
        "call_s": CALL_LIMIT_S,
        "patience_s": load.patience_s,
    }
    under_way = Posting(remote.popen_python(host, source("mail/post"), payload))
    try:
        yield under_way
    finally:
        under_way.stop()
