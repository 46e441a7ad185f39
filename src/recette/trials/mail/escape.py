"""A workstation that would hand mail over to the Internet itself."""

from __future__ import annotations

from dataclasses import dataclass

from recette.probes.firewall import drops_since
from recette.probes.journal import Journal, LogEntry
from recette.probes.mail import Call, Dialogue, Door, hold
from recette.shell import Remote
from recette.trials.mail.parties import Parties

SMTP = 25
SILENCE_S = 4.0


@dataclass(frozen=True)
class Escape:
    """What came of it, what the firewalls wrote, and what the same server answers to the site's relay."""

    source: str
    dialogue: Dialogue
    drops: tuple[LogEntry, ...]
    witness: Dialogue

    @property
    def connected(self) -> bool:
        return self.dialogue.address is not None

    def dropped_at(self, level: int) -> list[LogEntry]:
        return [entry for entry in self.drops if entry.level == level]


def escape(remote: Remote, parties: Parties, source: str) -> Escape:
    """Knock at the mail server of a stranger, from a workstation then from the relay."""
    site, address = parties.site, str(parties.site.host(parties.outsider.host).address)
    door = Door((address,), SMTP, parties.outsider.host)
    journal = Journal(site, remote)
    mark = journal.mark()
    (dialogue,) = hold(remote, source, [Call(door, limit_s=SILENCE_S)])
    mine = {str(interface.address) for interface in site.host(source).interfaces}
    drops = tuple(
        entry
        for entry in drops_since(journal, mark)
        if entry.source in mine and (entry.target, entry.dport) == (address, SMTP)
    )
    (witness,) = hold(remote, parties.relay_host, [Call(door)])
    return Escape(source, dialogue, drops, witness)
