"""The classic ways to have a server relay what it should not, and what it answered to each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from recette.errors import Inconclusive
from recette.probes.mail import Call, Dialogue, Door, hold
from recette.shell import Remote
from recette.trials.mail.parties import Parties

CURIOUS = ("VRFY", "EXPN")
UNKNOWN_COMMAND = frozenset({500, 502, 530})
"""Unknown, not implemented, or not before TLS and login; 252 and 550 speak of the address."""
NOBODY = "personne.de-ce-nom"
LIST = "metier-informatique"


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


def relay_attempts(remote: Remote, parties: Parties, source: str, place: str) -> Attempts:
    """Try every form, each in a dialogue of its own: a server grows slow or deaf after some errors.

    What is allowed is tried beside: a message to an employee or, where one posts, an employee's own.
    """
    door = door_of(parties, place)
    insider, outsider = parties.author.address, parties.outsider.address
    envelopes = forms(door, parties.staff.domain, insider, outsider)
    calls = [Call(door, (f"MAIL FROM:<{e.sender}>", f"RCPT TO:<{e.recipient}>")) for e in envelopes]
    dialogues = hold(remote, source, calls)
    host, permitted = _permitted(parties, source, place)
    (control,) = hold(remote, host, [permitted])
    return Attempts(source, door, envelopes, dialogues, control)


def door_of(parties: Parties, place: str) -> Door:
    """The door that a place names: that of the first mail server where there are several."""
    return parties.doors.servers[0] if place == "server" else cast("Door", getattr(parties.doors, place))


def _permitted(parties: Parties, source: str, place: str) -> tuple[str, Call]:
    """What may be posted at a place, and from where: a mail server takes the relay's word alone."""
    door, author, outsider = door_of(parties, place), parties.employee, parties.outsider
    if place == "submission":
        return source, Call.posting(door, author.address, [outsider.address], None, login=author.login)
    host = parties.relay_host if place == "server" else source
    return host, Call.posting(door, outsider.address, [author.address], None)


@dataclass(frozen=True)
class Curiosity:
    """What a server answered to VRFY and EXPN, for an address that exists and one that does not."""

    place: str
    known: Dialogue
    unknown: Dialogue

    def leaks(self) -> list[str]:
        """Answers that accept, or that tell a known address from an unknown one. Inconclusive without answers."""
        wrong = []
        for verb in CURIOUS:
            known, unknown = self.known.reply(verb), self.unknown.reply(verb)
            if known is None or unknown is None:
                raise Inconclusive(f"{self.place} n'a pas répondu à {verb} : {self.known}")
            if known.code not in UNKNOWN_COMMAND:
                wrong.append(f"{verb} — Obtenu : {known} — Attendu : commande refusée")
            if known.code != unknown.code:
                wrong.append(f"{verb} — Obtenu : {known} pour une adresse connue, {unknown} pour une inconnue")
        return wrong

    def told(self) -> str:
        return "".join(f"{r.command} : {r}\n" for r in (*self.known.replies, *self.unknown.replies))


def ask_who_exists(remote: Remote, parties: Parties, source: str, place: str) -> Curiosity:
    """VRFY an employee and EXPN a list; then the same for names that nobody bears."""
    door, author = door_of(parties, place), parties.author
    known, unknown = hold(
        remote,
        source,
        [
            Call(door, (f"VRFY {author.address}", f"EXPN {LIST}@{parties.staff.domain}")),
            Call(door, (f"VRFY {NOBODY}@{parties.staff.domain}", f"EXPN {NOBODY}@{parties.staff.domain}")),
        ],
    )
    return Curiosity(f"{door.name}:{door.port}", known, unknown)


@dataclass(frozen=True)
class Unknown:
    """How a recipient that does not exist was answered, and one that does."""

    nobody: Dialogue
    somebody: Dialogue


def write_to_unknown(remote: Remote, parties: Parties, source: str) -> Unknown:
    """Up to the recipient: nothing is sent."""
    sender, domain = parties.outsider.address, parties.staff.domain
    to = (f"{NOBODY}@{domain}", parties.author.address)
    return Unknown(*hold(remote, source, [Call.posting(parties.doors.relay, sender, [one], None) for one in to]))


def _accepted(dialogue: Dialogue) -> bool:
    """Whether both ends of the envelope were accepted: a recipient without a sender is not one."""
    replies = [dialogue.reply("MAIL"), dialogue.reply("RCPT")]
    return all(reply is not None and reply.accepted for reply in replies)
