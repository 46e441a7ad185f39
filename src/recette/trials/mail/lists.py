"""Whether a mailing list reaches the members of its group, and nobody else."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from recette.errors import Inconclusive
from recette.platform import Platform
from recette.probes.mail import Dialogue, hold, read
from recette.trials.mail.exchange import ARRIVAL_LIMIT_S, Party
from recette.trials.mail.letters import Letter
from recette.trials.mail.staff import Colleague

STORE, MESSAGES = "/var/vmail", "u.*"
"""Where the mail servers keep the mailboxes, one folder for each login, and how the files of messages are called: the
locks and indexes beside them come and go at any time."""


@dataclass(frozen=True)
class Mailing:
    """A message to a list: copies found by the mail programs of its members, and every mailbox that holds it."""

    letter: Letter
    dialogue: Dialogue
    members: tuple[Colleague, ...]
    copies: Mapping[str, int]
    """Login of a member -> copies."""
    holders: frozenset[str]
    """Logins of the mailboxes that hold it, by the stores of the servers."""

    def without(self) -> list[str]:
        """Members who did not get it exactly once, in French."""
        return [f"{login} : {copies} exemplaires" for login, copies in self.copies.items() if copies != 1]

    def strangers(self) -> list[str]:
        """Mailboxes that hold it without belonging to the group."""
        return sorted(self.holders - set(self.copies))


def mail_list(platform: Platform, writer: Party, group: str, members: Sequence[Colleague]) -> Mailing:
    """Write to a group, wait until each member has it, then look into every mailbox of every server."""
    letter = Letter(writer.address, f"{group}@{writer.address.partition('@')[2]}", "Réunion d'équipe", attachment=None)
    (dialogue,) = hold(platform.remote, writer.host, [writer.call(letter)])
    found = read(
        platform.remote,
        writer.host,
        [who.box for who in members],
        awaited=[[letter.identifier]] * len(members),
        prefix=letter.identifier,
        limit_s=ARRIVAL_LIMIT_S if dialogue.taken else 0.0,
    )
    copies = {who.account.login: len(one.of(letter.identifier)) for who, one in zip(members, found, strict=True)}
    held = holders(platform, letter.identifier)
    if any(copies.values()) and not held:
        raise Inconclusive(f"Le courriel lu par ses destinataires n'est dans aucune boîte sous {STORE}")
    return Mailing(letter, dialogue, tuple(members), copies, held)


def holders(platform: Platform, identifier: str) -> frozenset[str]:
    """The logins whose mailbox holds a message, on any server. Raises Inconclusive if a store cannot be read."""
    servers = [host.name for host in platform.site.group("mail")]
    found_in = f"grep -rlF --include={shlex.quote(MESSAGES)} -- {shlex.quote(identifier)} ."
    script = f"cd {STORE} && {{ {found_in} || [ $? -eq 1 ]; }}"
    found: set[str] = set()
    for server, done in platform.remote.map(servers, script).items():
        if done.rc != 0:
            raise Inconclusive(f"{server} : boîtes illisibles ({done.stderr.strip()})")
        found |= {PurePosixPath(line).parts[0] for line in done.stdout.splitlines()}
    return frozenset(found)
