"""An employee who writes under the name of another."""

from __future__ import annotations

from dataclasses import dataclass

from recette.probes.mail import Call, Dialogue, hold
from recette.shell import Remote
from recette.trials.mail.exchange import Delivery, Party, send
from recette.trials.mail.letters import Letter


@dataclass(frozen=True)
class Usurping:
    """What was answered under another's name, and what became of the same message under one's own."""

    usurped: Dialogue
    honest: Delivery


def usurp(remote: Remote, writer: Party, victim: Party) -> Usurping:
    """Log on as oneself, and post as the victim; then as oneself, to the victim."""
    forged = Letter(victim.address, victim.address, "Virement urgent", attachment=None)
    call = Call.posting(writer.door, victim.address, [victim.address], forged.raw, login=writer.login)
    (dialogue,) = hold(remote, writer.host, [call])
    honest = Letter(writer.address, victim.address, "Virement urgent", attachment=None)
    return Usurping(dialogue, send(remote, writer, victim, honest))
