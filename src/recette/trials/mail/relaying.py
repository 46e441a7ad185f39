"""The classic ways to have a server relay what it should not, and what it answered to each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from recette.errors import Inconclusive
from recette.probes.mail import Call, Dialogue, Door, hold
from recette.shell import Remote


@dataclass(frozen=True)
class Envelope:
    """A sender and a recipient, as they are written between < and >."""

    sender: str
    recipient: str

    def __str__(self) -> str:
        return f"de <{self.sender}> à <{self.recipient}>"


def forms(door: Door, site: str, insider: str, outsider: str) -> tuple[Envelope, ...]:
    """Every form; `insider` and `outsider` are addresses of the site's domain `site` and of another's."""
    user, domain = outsider.split("@")
    here = f"[{door.addresses[0]}]"
    name = door.name
    # One by the sender, whom some servers trust; then one by the recipient, which some servers rewrite.
    senders = (outsider, "", insider, f"spam@{here}", f"spam@{name}", "spam@localhost", "spam")
    recipients = (
        f"{user}%{domain}@{site}",
        f"{user}%{domain}@{here}",
        f"{user}%{domain}@{name}",
        f"{user}%{domain}",
        f'"{outsider}"',
        f'"{user}%{domain}"',
        f"{outsider}@{site}",
        f'"{outsider}"@{site}',
        f'"{outsider}"@{here}',
        f"{outsider}@{here}",
        f"@{site}:{outsider}",
        f"@{here}:{outsider}",
        f"{domain}!{user}",
        f"{domain}!{user}@{site}",
        f"{domain}!{user}@{here}",
    )
    return (
        *(Envelope(sender, outsider) for sender in senders),
        *(Envelope(outsider, recipient) for recipient in recipients),
    )


@dataclass(frozen=True)
class Attempts:
    """The dialogues of one source with one server; `control` is what it was allowed to do in the same way."""

    source: str
    door: Door
    envelopes: tuple[Envelope, ...]
    dialogues: tuple[Dialogue, ...]
    control: Dialogue

    def relayed(self) -> list[str]:
        """Forms for which the server accepted a recipient. Raises Inconclusive where nobody answered."""
        mute = [str(e) for e, d in self._pairs() if not d.replies]
        if mute:
            raise Inconclusive(f"{self.source} : {self.door.name}:{self.door.port} n'a pas répondu ({mute[0]})")
        return [f"{e} : {d.reply('RCPT')}" for e, d in self._pairs() if _accepted(d)]

    def told(self) -> str:
        """What was answered to each form, one a line."""
        return "\n".join(f"{envelope} : {dialogue}" for envelope, dialogue in self._pairs()) + "\n"

    @property
    def controlled(self) -> bool:
        """Whether the same source is served when it asks for what is permitted."""
        return _accepted(self.control)

    def _pairs(self) -> list[tuple[Envelope, Dialogue]]:
        return list(zip(self.envelopes, self.dialogues, strict=True))


def attempt(  # noqa: PLR0913 - who, where, what, and what is allowed
    remote: Remote, source: str, door: Door, envelopes: Sequence[Envelope], *, permitted: Call, permitted_from: str = ""
) -> Attempts:
    """Try every form, each in a dialogue of its own: a server grows slow or deaf after some errors.

    `permitted` is held from `permitted_from`, the same source unless said.
    """
    calls = [Call(door, (f"MAIL FROM:<{e.sender}>", f"RCPT TO:<{e.recipient}>")) for e in envelopes]
    dialogues = hold(remote, source, calls)
    (control,) = hold(remote, permitted_from or source, [permitted])
    return Attempts(source, door, tuple(envelopes), dialogues, control)


def _accepted(dialogue: Dialogue) -> bool:
    """Whether both ends of the envelope were accepted: a recipient without a sender is not one."""
    replies = [dialogue.reply("MAIL"), dialogue.reply("RCPT")]
    return all(reply is not None and reply.accepted for reply in replies)
