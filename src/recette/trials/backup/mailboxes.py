"""Mailboxes that are lost, then restored by the written procedure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from recette.errors import Inconclusive
from recette.platform import Platform
from recette.trials.backup.rounds import copied
from recette.trials.backup.services import SERVES_LIMIT_S, Returned
from recette.trials.mail.exchange import Delivery, Party, send
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
