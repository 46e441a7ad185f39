"""A mailbox that is full, what its correspondents are told, and its return to service."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from recette.probes.mail import Dialogue, hold
from recette.probes.mail.filling import Filled, fill
from recette.shell import Remote
from recette.trials.mail.exchange import Delivery, Party, clean, send
from recette.trials.mail.letters import PREFIX, Letter
from recette.trials.mail.staff import Colleague

FOLDER = "Recette"
FULL = f"{PREFIX}remplissage@recette.invalid>"
OVERSHOOT = 4
"""Messages that a server may still take once the owner can store nothing: the last one is let in whole."""
MAILBOX_FULL = ("552", "5.2.2")


@dataclass(frozen=True)
class Overflow:
    """A full mailbox, and the answer to who writes to it."""

    filled: Filled
    dialogues: tuple[Dialogue, ...]

    @property
    def last(self) -> Dialogue:
        return self.dialogues[-1]

    @property
    def clear(self) -> bool:
        """Whether the refusal says, by its code, that the mailbox is full."""
        refusal = self.last.refusal
        return refusal is not None and all(mark in str(refusal) for mark in MAILBOX_FULL)


@contextmanager
def full(remote: Remote, owner: Colleague) -> Iterator[Filled]:
    """Fill a mailbox until the block ends."""
    try:
        yield fill(remote, owner.office, owner.box, FOLDER, FULL)
    finally:
        clean(remote, owner.office, [owner.box])


def overflow(remote: Remote, filled: Filled, writer: Party, owner: Party) -> Overflow:
    """Write until it is refused, some times at most."""
    dialogues: list[Dialogue] = []
    while len(dialogues) < OVERSHOOT and not (dialogues and dialogues[-1].refusal):
        letter = Letter(writer.address, owner.address, "Boîte pleine ?")
        dialogues += hold(remote, writer.host, [writer.call(letter)])
    return Overflow(filled, tuple(dialogues))


def emptied(remote: Remote, writer: Party, owner: Party) -> Delivery:
    """Make room, then write again."""
    clean(remote, owner.host, [owner.box])
    return send(remote, writer, owner, Letter(writer.address, owner.address, "Place rendue"))
