"""Every TLS service of the mail system: its certificate, the version that it prefers, those that it refuses."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from recette.errors import Inconclusive
from recette.probes.mail import Door
from recette.probes.mail.dialogue import ANCHOR
from recette.probes.tls import Endpoint, Handshake, Version, handshakes
from recette.shell import Remote
from recette.trials.mail.parties import ROAMER, Parties

OLD = (Version.TLS_1_0, Version.TLS_1_1)
WANTED = "TLSv1.3"


@dataclass(frozen=True)
class Secrecy:
    """Handshakes with every service, each from where its clients are."""

    handshakes: tuple[Handshake, ...]

    def best(self) -> list[Handshake]:
        """Those that let both ends choose. Raises Inconclusive if there are none."""
        found = [one for one in self.handshakes if one.asked is Version.BEST]
        if not found:
            raise Inconclusive("Aucun service n'a été appelé")
        return found

    def unproven(self) -> list[str]:
        """Services whose certificate does not prove their name."""
        return [
            f"{one.endpoint} — Obtenu : {one.error} — Attendu : certificat valide" for one in self.best() if one.error
        ]

    def not_preferring(self) -> list[str]:
        """Services that chose another version than the wanted one."""
        return [
            f"{one.endpoint} — Obtenu : {one.version or one.error} — Attendu : {WANTED}"
            for one in self.best()
            if one.version != WANTED
        ]

    def too_old(self) -> list[str]:
        """Services that take an old version. Raises Inconclusive for a failure that the server did not decide."""
        wrong = []
        for one in self.handshakes:
            if one.asked not in OLD or one.refused:
                continue
            if not one.version and "certificate" not in one.error.lower():
                raise Inconclusive(f"{one.endpoint} : {one.asked} n'a pas pu être essayé ({one.error})")
            wrong.append(f"{one.endpoint} — Obtenu : {one.version or one.asked} accepté — Attendu : refusé")
        return wrong


def call_everyone(remote: Remote, parties: Parties) -> Secrecy:
    """From a desk, from the relay, and from the Internet, each at the same time."""
    doors, desk = parties.doors, parties.desk
    inside = [
        *_ends(doors.posting),
        *_ends(doors.submission, starttls=True),
        *_ends(doors.reading),
        *_ends(doors.web),
    ]
    from_relay = [end for door in doors.servers for end in _ends(door, starttls=True)]
    outside = [*_ends(doors.relay, starttls=True), *_ends(doors.web_outside)]
    callers = {desk: inside, parties.relay_host: from_relay, ROAMER: outside}

    def call(host: str) -> Sequence[Handshake]:
        return handshakes(remote, host, callers[host], (Version.BEST, *OLD), ANCHOR)

    with ThreadPoolExecutor(len(callers)) as pool:
        return Secrecy(tuple(one for found in pool.map(call, callers) for one in found))


def _ends(door: Door, *, starttls: bool = False) -> list[Endpoint]:
    return [Endpoint(address, door.port, door.name, starttls) for address in door.addresses]
