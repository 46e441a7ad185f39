"""Mailboxes that are lost, or emptied by their owner, then restored by the written procedure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from recette.errors import Inconclusive
from recette.platform import Platform
from recette.probes.backups import Restored
from recette.probes.mail import Box
from recette.site import Host
from recette.trials.backup.rounds import copied
from recette.trials.backup.services import SERVES_LIMIT_S, Returned
from recette.trials.mail.exchange import Delivery, Party, clean, send
from recette.trials.mail.letters import Letter

MAIL, MAIL_UNITS = ("/var/vmail",), ("messagerie-copie.service", "dovecot.service")


@contextmanager
def every_mailbox(platform: Platform, writer: Party, reader: Party) -> Iterator[tuple[Returned, Delivery, Delivery]]:
    """Lose every mailbox on both servers, between a letter that was copied and one that was not; restore both."""
    servers = platform.site.members("messagerie")
    before = send(platform.remote, writer, reader, Letter(writer.address, reader.address, "Avant la copie"))
    made = copied(platform, servers, ["boites"])
    after = send(platform.remote, writer, reader, Letter(writer.address, reader.address, "Après la copie"))
    if made.failed or not (before.found and after.found):
        raise Inconclusive(f"Rien à détruire : {made.failed or (before.fate, after.fate)}")
    with ExitStack() as stack:
        for server in servers:
            stack.enter_context(platform.losses.lost(server.name, MAIL, MAIL_UNITS))
        done = [platform.backups.restore(server, "boites") for server in servers]
        slowest = max(done, key=lambda each: (not each.done, each.took_s))
        returned = Returned(servers[0], slowest)
        if slowest.done:
            look = reader.look(platform.remote, before.letter.identifier, SERVES_LIMIT_S)
            returned.kept = bool(look.of(before.letter.identifier))
            returned.lost = not look.of(after.letter.identifier)
        yield returned, before, after


@dataclass(frozen=True, slots=True)
class OneMailbox:
    """A mailbox whose owner deleted everything, once its messages came back."""

    server: Host
    done: Restored
    folders: tuple[str, ...]
    """Where the deleted message is found again."""
    stayed: bool
    """What arrived since then is still there."""


@contextmanager
def one_mailbox(platform: Platform, writer: Party, reader: Party) -> Iterator[OneMailbox]:
    """Have somebody delete his messages once they are copied, receive another one, and get the first ones back."""
    if not isinstance(reader.box, Box):
        raise Inconclusive(f"{reader.name} ne lit pas sa boîte par IMAP")
    login = reader.box.login[0]
    before = send(platform.remote, writer, reader, Letter(writer.address, reader.address, "Avant la copie"))
    server = _holding(platform, login, before.letter.identifier)
    try:
        made = copied(platform, [server], ["boites"])
        clean(platform.remote, reader.host, [reader.box])
        if (
            made.failed
            or not before.found
            or reader.look(platform.remote, before.letter.identifier, 1.0).of(before.letter.identifier)
        ):
            raise Inconclusive(f"Rien de supprimé : {made.failed or before.fate}")
        after = send(platform.remote, writer, reader, Letter(writer.address, reader.address, "Après la copie"))
        done = platform.backups.restore_mailbox(server, "boites", login)
        look = reader.look(platform.remote, before.letter.identifier, SERVES_LIMIT_S if done.done else 1.0)
        folders = tuple(found.folder for found in look.of(before.letter.identifier))
        yield OneMailbox(server, done, folders, bool(after.found and look.of(after.letter.identifier)))
    finally:
        clean(platform.remote, reader.host, [reader.box])
        platform.remote.run(server.name, f"doveadm mailbox delete -u {shlex.quote(login)} -r -s Restauration")


def _holding(platform: Platform, login: str, identifier: str) -> Host:
    """The server on which a message stands by now; the other one gets it a moment later."""
    command = f"doveadm search -u {shlex.quote(login)} header message-id {shlex.quote(identifier)}"
    for server in platform.site.members("messagerie"):
        if platform.remote.run(server.name, command).stdout.strip():
            return server
    raise Inconclusive(f"Aucun serveur ne tient le courriel de {login}")
