"""Names of the site: found by every host at every server of the directory, and asked of nobody outside."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path

from recette.errors import Inconclusive
from recette.policy.resolution import nameservers
from recette.probes.capture import Capture, capture
from recette.probes.directory import Directory
from recette.probes.names import FOUND, Question, Resolution, resolve
from recette.shell import Remote
from recette.site import Host, Site

ANY_DNS = "port 53 or port 853"
FOREIGN = "partenaire.example"
OUTSIDE = f"mx.{FOREIGN}"
"""A name of the Internet, which the operators' resolvers know."""


@dataclass(frozen=True)
class Leak:
    """Queries seen on the accesses to the Internet, counted by what they spoke of. `pieces` are the captures."""

    inner: int
    outer: int
    planted: int
    dropped: int
    pieces: tuple[Path, ...]


def clients(directory: Directory) -> Iterator[Host]:
    """The hosts that may ask the directory for names, its own servers left out."""
    addresses = {server.address for server in directory.servers}
    for host in directory.site.hosts.values():
        if host not in directory.servers and addresses <= set(nameservers(directory.site, host)):
            yield host


def witnesses(directory: Directory) -> dict[str, Host]:
    """A few names that any host needs -> the host that bears each."""
    site = directory.site
    servers = {directory.certified_name(server): server for server in directory.servers}
    return servers | {f"{host.name}.{site.dns}": host for host in site.group("mail")}


def ask_everywhere(directory: Directory, remote: Remote) -> dict[str, tuple[Resolution, ...]]:
    """Every client asks every server for the witnesses. Inconclusive if there is no client."""
    hosts = list(clients(directory))
    if not hosts:
        raise Inconclusive("Aucune machine ne peut demander de nom à l'annuaire")
    asked = _questions(directory, witnesses(directory))
    return resolve(remote, {host.name: asked for host in hosts})


def ask_every_name(directory: Directory, remote: Remote, origin: str) -> dict[str, tuple[Resolution, ...]]:
    """One host asks every server for the name of every host of the site."""
    return resolve(remote, {origin: _questions(directory, known_names(directory.site))})


def ask_outside(directory: Directory, remote: Remote, origin: str) -> dict[str, tuple[Resolution, ...]]:
    """One host asks every server for a name of the Internet."""
    return resolve(remote, {origin: [Question(str(server.address), OUTSIDE) for server in directory.servers]})


def not_found(told: Mapping[str, Sequence[Resolution]]) -> list[str]:
    """One line for each answer without address."""
    return [
        f"{host} demande {answer.question.name} à {answer.question.resolver} — Obtenu : {answer} — Attendu : trouvé"
        for host, answers in told.items()
        for answer in answers
        if not answer.addresses
    ]


def known_names(site: Site) -> dict[str, Host]:
    """Full name of every host of the site -> the host."""
    return {f"{host.name}.{site.dns}": host for host in site.members("site")}


def wrong(told: Mapping[str, Sequence[Resolution]], names: Mapping[str, Host]) -> list[str]:
    """One line for each answer that is not the address of the host, or that does not come from who has authority."""
    lines = []
    for host, answers in told.items():
        for answer in answers:
            bearer = names[answer.question.name]
            said = f"{host} demande {answer.question.name} à {answer.question.resolver} — Obtenu : {answer}"
            own = {str(interface.address) for interface in bearer.interfaces}
            if answer.code != FOUND or str(bearer.address) not in answer.addresses or set(answer.addresses) - own:
                lines.append(f"{said} — Attendu : {bearer.address}")
            elif not answer.authoritative:
                lines.append(f"{said}, sans autorité — Attendu : une réponse qui fait autorité")
    return lines


def watch_for_leaks(directory: Directory, remote: Remote, askers: Sequence[str], bold: str, folder: Path) -> Leak:
    """Names of the site and of the outside are asked of the directory while both accesses are captured.

    `bold` is a host that may ask resolvers outside: it asks one of them, on purpose, for a name of the site, which the
    same capture must see; without that, an empty capture would prove nothing.
    """
    site, mark = directory.site, uuid.uuid4().hex[:8]
    own = [f"absent-{mark}.{site.dns}", f"absent-{mark}.{directory.realm.lower()}", f"{askers[0]}.{site.dns}"]
    asked = [
        Question(str(server.address), name)
        for server in directory.servers
        for name in (*own, f"temoin-{mark}.{FOREIGN}")
    ]
    planted = f"temoin-{mark}.{site.dns}"
    outside = Question(str(nameservers(site, site.host(bold))[0]), planted)
    with ExitStack() as stack:
        running = [stack.enter_context(one) for one in _captures(site, remote, folder)]
        resolve(remote, {**dict.fromkeys(askers, asked), bold: [outside]})
    seen = [bytes(packet).lower() for one in running for packet in one.packets()]
    inner = [packet for packet in seen if any(wire(name) in packet for name in (site.dns, directory.realm))]
    return Leak(
        inner=sum(wire(planted) not in packet for packet in inner),
        outer=sum(wire(f"temoin-{mark}.{FOREIGN}") in packet for packet in seen),
        planted=sum(wire(planted) in packet for packet in inner),
        dropped=sum(one.dropped for one in running),
        pieces=tuple(one.path for one in running),
    )


def wire(name: str) -> bytes:
    """A name as it travels (RFC 1035), in small letters, its root left out."""
    return b"".join(bytes([len(label)]) + label.encode() for label in name.lower().split("."))


def _captures(site: Site, remote: Remote, folder: Path) -> Iterator[AbstractContextManager[Capture]]:
    accesses = [zone.name for zone in site.zones.values() if zone.role == "operateur"]
    for host in site.hosts.values():
        for zone in accesses if host.level == 1 else ():
            yield capture(remote, host.name, zone, folder / f"{host.name}-{zone}.pcap", ANY_DNS)


def _questions(directory: Directory, names: Mapping[str, Host]) -> list[Question]:
    return [Question(str(server.address), name) for server in directory.servers for name in names]
