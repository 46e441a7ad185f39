"""One message from the one who writes it to the one who reads it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from recette.probes.mail import Box, Call, Dialogue, Door, Found, Maildir, Reading, hold, read, read_maildir
from recette.shell import Remote
from recette.trials.mail.letters import PREFIX, Letter

ARRIVAL_LIMIT_S = 30.0
"""Guard against waiting for ever; what the contract allows is in the features."""


@dataclass(frozen=True)
class Party:
    """Somebody who writes and reads: where he sits, where he posts, and what he reads."""

    name: str
    address: str
    host: str
    door: Door
    login: tuple[str, str] | None
    box: Box | Maildir
    helo: str = ""

    def call(self, letter: Letter) -> Call:
        """How this party posts a letter."""
        return Call.posting(self.door, self.address, [letter.recipient], letter.raw, login=self.login, helo=self.helo)

    def look(self, remote: Remote, identifier: str, limit_s: float) -> Reading:
        """What this party finds, once the message is there or the limit is over."""
        if isinstance(self.box, Maildir):
            return read_maildir(remote, self.host, self.box, awaited=[identifier], fetch=True, limit_s=limit_s)
        (reading,) = read(remote, self.host, [self.box], awaited=[[identifier]], fetch=True, limit_s=limit_s)
        return reading


@dataclass(frozen=True)
class Delivery:
    """A letter posted, and what its recipient found."""

    letter: Letter
    dialogue: Dialogue
    found: tuple[Found, ...]
    reading: Reading

    @property
    def delay_s(self) -> float | None:
        """From the first word to the server until the message was seen: nobody waited less than that."""
        return self.found[0].seen_s - self.dialogue.begun_s if self.found else None

    @property
    def fate(self) -> str:
        """What became of it, in French."""
        if self.found:
            return f"distribué dans {', '.join(found.folder for found in self.found)}"
        if self.dialogue.taken:
            return "accepté, jamais distribué"
        return f"refusé ({self.dialogue})"


def send(remote: Remote, writer: Party, reader: Party, letter: Letter, limit_s: float = ARRIVAL_LIMIT_S) -> Delivery:
    """Post a letter while its recipient looks for it."""
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(reader.look, remote, letter.identifier, limit_s)
        (dialogue,) = hold(remote, writer.host, [writer.call(letter)])
        reading = waiting.result()
    return Delivery(letter, dialogue, reading.of(letter.identifier), reading)


def clean(remote: Remote, host: str, boxes: Sequence[Box | Maildir]) -> None:
    """Remove every message of the recette from mailboxes; a Maildir is on `host` itself."""
    imap = [box for box in boxes if isinstance(box, Box)]
    if imap:
        read(remote, host, imap, prefix=PREFIX, remove=True, limit_s=1.0)
    for box in boxes:
        if isinstance(box, Maildir):
            read_maildir(remote, host, box, prefix=PREFIX, remove=True, limit_s=0.0)
