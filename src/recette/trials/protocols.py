"""What the directory's servers refuse of the protocols, each refusal beside the same demand well made."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from recette.errors import Inconclusive
from recette.probes.directory import (
    ANONYMOUS,
    STRONGER_AUTHENTICATION,
    UNREACHABLE,
    WRONG_CREDENTIALS,
    Answer,
    Directory,
    Login,
    Security,
    searching,
)
from recette.shell import Remote
from recette.site import Host

ROOT_DSE = searching("", "(objectClass=*)", ("defaultNamingContext",), "base")
"""What any server tells anybody: it proves that the server answers in this way."""

BINDS: Mapping[str, Security] = {
    "une identification sans chiffrement": Security.CLEAR,
    "une recherche anonyme sans chiffrement": Security.CLEAR,
    "une recherche anonyme chiffrée": Security.LDAPS,
}
"""Words of the feature -> how the connection is made."""

REFUSED = frozenset({1, STRONGER_AUTHENTICATION, WRONG_CREDENTIALS, 50})
"""Results by which a server refuses to act at all; an object not found is the answer of one that has looked for it."""


@dataclass(frozen=True)
class Protocol:
    """How smbclient is told to speak a protocol and nothing else, and how a server that will not says so."""

    options: tuple[str, ...]
    refusals: tuple[str, ...]


NOT_THIS_WAY = ("NT_STATUS_LOGON_FAILURE", "NT_STATUS_WRONG_PASSWORD", "NT_STATUS_ACCESS_DENIED")
PROTOCOLS: Mapping[str, Protocol] = {
    "SMB 1": Protocol(
        ("--option=client min protocol=NT1", "--option=client max protocol=NT1"), ("No compatible protocol selected",)
    ),
    "NTLM 1": Protocol(("--option=client ntlmv2 auth=no",), NOT_THIS_WAY),
    "LM": Protocol(("--option=client ntlmv2 auth=no", "--option=client lanman auth=yes"), NOT_THIS_WAY),
}
"""Words of the feature -> the protocol."""
NTLM = "--use-kerberos=off"
SAFE = "--option=client min protocol=SMB3"


@dataclass(frozen=True)
class Demand:
    """A demand made to a server, and the same one well made. `said` and `proof` are what the server answered."""

    server: str
    granted: bool
    said: str
    witnessed: bool
    proof: str


def over_ldap(directory: Directory, words: str, person: Login, origin: str) -> list[Demand]:
    """The demand of the feature, made to every server from a host. Inconclusive if a server does not even answer."""
    looked_for = searching(directory.base, f"(userPrincipalName={person.user})", ("mail",))
    security, anonymous = BINDS[words], "anonyme" in words

    def demand(server: Host) -> Demand:
        def talk(login: Login, how: Security, *requests: Mapping[str, object]) -> list[Answer]:
            told = directory.talk(requests, login=login, server=server, origin=origin, security=how)
            return [told.bind, *told.answers]

        _, public = talk(ANONYMOUS, security, ROOT_DSE)
        if not public.granted:
            raise Inconclusive(f"{server.name} ne répond pas par cette voie : {public}")
        bind, *rest = talk(ANONYMOUS if anonymous else person, security, looked_for)
        asked = rest[-1] if anonymous else bind
        if asked.code == UNREACHABLE:
            raise Inconclusive(f"{server.name} a cessé de répondre : {asked}")
        witness = talk(person, Security.LDAPS, looked_for)[-1]
        return Demand(server.name, asked.code not in REFUSED, str(asked), bool(witness.entries), str(witness))

    return [demand(server) for server in directory.servers]


def over_smb(directory: Directory, remote: Remote, words: str, person: Login, origin: str) -> list[Demand]:
    """A session asked of every server in this protocol and no other, from a host."""

    protocol = PROTOCOLS[words]

    def demand(server: Host) -> Demand:
        def session(*options: str) -> tuple[bool, str]:
            return _session(remote, origin, directory.certified_name(server), person, (NTLM, *options))

        granted, said = session(*protocol.options)
        if not granted and not any(refusal in said for refusal in protocol.refusals):
            raise Inconclusive(f"{server.name} : rien ne dit que {words} est refusé ({said})")
        witnessed, proof = session(SAFE)
        return Demand(server.name, granted, said, witnessed, proof)

    return [demand(server) for server in directory.servers]


def unproven(demands: list[Demand]) -> list[str]:
    """Servers that do not serve the same demand well made: their refusals prove nothing."""
    return _lines(demands, lambda one: not one.witnessed, lambda one: f"Obtenu : {one.proof} — Attendu : acceptée")


def granted(demands: list[Demand]) -> list[str]:
    """Servers that granted what they must refuse."""
    return _lines(demands, lambda one: one.granted, lambda one: f"Obtenu : {one.said} — Attendu : un refus")


def _lines(demands: list[Demand], wanted: Callable[[Demand], bool], shown: Callable[[Demand], str]) -> list[str]:
    return [f"{one.server} — {shown(one)}" for one in demands if wanted(one)]


def _session(remote: Remote, origin: str, server: str, person: Login, options: tuple[str, ...]) -> tuple[bool, str]:
    asked = ["smbclient", f"//{server}/IPC$", "--user", person.user, *options, "--command", "quit"]
    # The password goes through stdin: nobody reads it among the processes of the host.
    done = remote.run(
        origin, f"IFS= read -r PASSWD && export PASSWD && {shlex.join(asked)}", stdin=f"{person.password}\n"
    )
    said = " ".join((done.stdout + done.stderr).split())
    return done.rc == 0, said or ("session ouverte" if done.rc == 0 else "aucune réponse")
