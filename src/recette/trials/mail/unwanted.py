"""Messages that usurp or harm, each with its witness: the same one without its flaw."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from recette.errors import Inconclusive
from recette.probes.mail import Box, Call, Dialogue, Door, Found, hold, read
from recette.shell import Remote
from recette.trials.mail.exchange import ARRIVAL_LIMIT_S, Party
from recette.trials.mail.letters import Letter

# Held in pieces: no scanner must take this file for what it describes.
GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*" + "GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
EICAR = base64.b64decode(
    "WDVPIVAlQEFQWzRcUFpYNTQoUF4pN0NDKTd9JEVJQ0FS" + "LVNUQU5EQVJELUFOVElWSVJVUy1URVNULUZJTEUhJEgrSCo="
)
HARMLESS = b"Compte rendu de la visite du 12 mars.\r\n" * 4
PLAIN = "Bonjour,\n\nVeuillez trouver notre compte rendu.\n\nCordialement,\nLe service des achats\n"
BANK = "conseiller@banque.example"
ASSOCIATION = "contact@association.example"
"""Its domain names one server by SPF, and asks nothing by DMARC."""
JUNK = "Junk"
REFUSED, APART, DELIVERED = "refusé", "mis à part", "distribué"


@dataclass(frozen=True)
class Parcel:
    """A message as one host posts it."""

    host: str
    letter: Letter
    call: Call


@dataclass(frozen=True)
class Cast:
    """Who plays: a stranger that writes honestly, the host of an impostor, two employees, and the relay's door."""

    outsider: Party
    impostor: str
    reader: Party
    colleague: Party
    relay: Door

    @property
    def box(self) -> Box:
        """The reader's mailbox. Raises TypeError for one that is not read by IMAP."""
        if not isinstance(self.reader.box, Box):
            raise TypeError(f"{self.reader.name} reads no mailbox of the site")
        return self.reader.box

    def honest(self, letter: Letter) -> Parcel:
        """By the stranger's own mail system, which signs."""
        return Parcel(self.outsider.host, letter, self.outsider.call(letter))

    def direct(self, letter: Letter, *, host: str = "", envelope: str = "", raw: bytes | None = None) -> Parcel:
        """Straight to the relay, from the stranger's authorised server unless another host is named."""
        envelope, raw = envelope or letter.sender, raw or letter.raw
        call = Call.posting(self.relay, envelope, [letter.recipient], raw, helo="" if host else self.outsider.helo)
        return Parcel(host or self.outsider.host, letter, call)


Couple = tuple[Parcel, Parcel]
"""A message with its flaw, and its witness."""


@dataclass(frozen=True)
class Sorted:
    """What became of a message with a flaw, and of its witness."""

    flawed: Dialogue
    witness: Dialogue
    found: tuple[Found, ...]
    witness_found: tuple[Found, ...]

    @property
    def fate(self) -> str:
        """`REFUSED`, `APART`, `DELIVERED`, or what else it was, in French."""
        return fate(self.flawed, self.found)

    @property
    def witness_fate(self) -> str:
        return fate(self.witness, self.witness_found)


def fate(dialogue: Dialogue, found: tuple[Found, ...]) -> str:
    """What became of a message, by its dialogue and by the mailbox."""
    folders = {one.folder.strip('"') for one in found}
    if not dialogue.taken:
        refusal = dialogue.refusal
        if refusal and refusal.code // 100 == 5 and not found:  # noqa: PLR2004 - for good
            return REFUSED
        return f"renvoyé à plus tard ou interrompu ({dialogue})"
    if not folders:
        return "accepté, puis jamais distribué"
    return {frozenset({JUNK}): APART, frozenset({"INBOX"}): DELIVERED}.get(
        frozenset(folders), f"rangé dans {', '.join(sorted(folders))}"
    )


def letter(cast: Cast, **changes: str | bytes | None) -> Letter:
    """An ordinary message of the stranger to the reader."""
    plain = Letter(cast.outsider.address, cast.reader.address, "Compte rendu", PLAIN, HARMLESS, "compte-rendu.txt")
    return replace(plain, **changes)  # type: ignore[arg-type] # fields of a letter, by name


def _signed(cast: Cast) -> Couple:
    return cast.honest(letter(cast, attachment=None)), cast.honest(letter(cast, attachment=None))


def _attached(cast: Cast) -> Couple:
    return cast.honest(letter(cast)), cast.honest(letter(cast))


def _unproven(cast: Cast) -> Couple:
    return cast.direct(letter(cast, sender=ASSOCIATION), host=cast.impostor), cast.direct(letter(cast))


def _unauthorised(cast: Cast) -> Couple:
    return cast.direct(letter(cast), host=cast.impostor), cast.direct(letter(cast))


def _bank(cast: Cast) -> Couple:
    """The envelope is the stranger's own, for which SPF passes: only DMARC sees that the author is another."""
    usurped = letter(cast, sender=BANK)
    return cast.direct(usurped, envelope=cast.outsider.address), cast.direct(letter(cast))


def _employee(cast: Cast) -> Couple:
    return cast.direct(letter(cast, sender=cast.colleague.address), host=cast.impostor), cast.direct(letter(cast))


def _gtube(cast: Cast) -> Couple:
    spam = letter(cast, text=PLAIN + GTUBE + "\n", attachment=None)
    return cast.direct(spam), cast.direct(letter(cast, attachment=None))


def _eicar(cast: Cast) -> Couple:
    return cast.direct(letter(cast, attachment=EICAR)), cast.direct(letter(cast))


INCOMING: Mapping[str, Callable[[Cast], Couple]] = {
    "signé et conforme à la politique de son domaine": _signed,
    "accompagné d'une pièce jointe inoffensive": _attached,
    "venu d'un serveur que son domaine n'autorise pas (SPF)": _unproven,
    "venu d'ailleurs quand son domaine demande le refus (DMARC)": _unauthorised,
    "usurpant une banque qui demande le refus (DMARC)": _bank,
    "usurpant un salarié du site": _employee,
    "porteur du pourriel de test GTUBE": _gtube,
    "porteur du virus de test EICAR": _eicar,
}
"""Words of the feature -> the message and its witness."""
ALTERED = "modifié après sa signature (DKIM)"
"""The one message that needs another first: what was signed must have arrived before it is altered."""


def sort(remote: Remote, cast: Cast, flawed: Parcel, witness: Parcel) -> Sorted:
    """Post both, wait for the witness, and see what the mailbox holds: what was before it in line has arrived too."""
    (first,) = hold(remote, flawed.host, [flawed.call])
    (second,) = hold(remote, witness.host, [witness.call])
    awaited = [witness.letter.identifier] + [flawed.letter.identifier] * first.taken
    limit_s = ARRIVAL_LIMIT_S if second.taken else 1.0
    (reading,) = read(remote, cast.reader.host, [cast.box], awaited=[awaited], limit_s=limit_s)
    return Sorted(first, second, reading.of(flawed.letter.identifier), reading.of(witness.letter.identifier))


def sort_altered(remote: Remote, cast: Cast) -> Sorted:
    """The witness arrives signed; its copy, altered by one word, is posted again by an authorised server."""
    witness = cast.honest(letter(cast, attachment=None))
    (second,) = hold(remote, witness.host, [witness.call])
    identifier = witness.letter.identifier
    reading = cast.reader.look(remote, identifier, ARRIVAL_LIMIT_S)
    found = reading.of(identifier)
    if not found or found[0].raw is None:
        raise Inconclusive(f"Le courriel signé n'est pas arrivé : {second}")
    altered = letter(cast, attachment=None)
    raw = alter(found[0].raw, identifier, altered.identifier)
    return sort(remote, cast, cast.direct(altered, raw=raw), cast.honest(letter(cast, attachment=None)))


def alter(raw: bytes, identifier: str, other: str) -> bytes:
    """A signed message as received, under another identifier and with another word, from its signature on.

    Raises Inconclusive if it bears no signature.
    """
    start = re.search(rb"^DKIM-Signature:", raw, re.MULTILINE | re.IGNORECASE)
    if not start:
        raise Inconclusive("Le courriel du correspondant extérieur n'est pas signé")
    changed = raw[start.start() :].replace(identifier.encode(), other.encode()).replace(b"compte rendu", b"faux rendu")
    if changed.count(b"faux rendu") == 0:
        raise Inconclusive("Le texte à modifier n'est pas dans le courriel signé")
    return changed
