"""Whether a mailing list reaches the members of its group, and nobody else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from recette.probes.mail import Dialogue, hold, read
from recette.shell import Remote
from recette.trials.mail.exchange import ARRIVAL_LIMIT_S, Party
from recette.trials.mail.letters import Letter
from recette.trials.mail.staff import Colleague


@dataclass(frozen=True)
class Mailing:
    """A message to a list, and how many copies of it each mailbox that was looked at holds."""

    letter: Letter
    dialogue: Dialogue
    copies: Mapping[str, int]
    """Login -> copies."""

    def without(self, members: Iterable[Colleague]) -> list[str]:
        """Members who did not get it exactly once, in French."""
        return [
            f"{who.account.login} : {self.copies.get(who.account.login, 0)} exemplaires"
            for who in members
            if self.copies.get(who.account.login, 0) != 1
        ]

    def strangers(self, members: Iterable[Colleague]) -> list[str]:
        """Mailboxes that hold it without belonging to the group."""
        known = {who.account.login for who in members}
        return sorted(login for login, copies in self.copies.items() if copies and login not in known)


def mail_list(
    remote: Remote, writer: Party, group: str, expected: Iterable[Colleague], everybody: Iterable[Colleague]
) -> Mailing:
    """Write to a group, wait until those expected have it, then look into every mailbox.

    The members' own mail programs are asked, in one round trip for all: 800 sessions, some seconds.
    """
    letter = Letter(writer.address, f"{group}@{writer.address.partition('@')[2]}", "Réunion d'équipe", attachment=None)
    (dialogue,) = hold(remote, writer.host, [writer.call(letter)])
    awaited = {who.account.login for who in expected}
    boxes = {who.account.login: who.box for who in everybody}
    wishes = [[letter.identifier] if login in awaited else [] for login in boxes]
    found = read(
        remote, writer.host, list(boxes.values()), awaited=wishes, prefix=letter.identifier, limit_s=ARRIVAL_LIMIT_S
    )
    return Mailing(
        letter, dialogue, {login: len(one.of(letter.identifier)) for login, one in zip(boxes, found, strict=True)}
    )
