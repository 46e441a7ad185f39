"""What the directory answers, asked over LDAP from a host of the site."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from recette.errors import Inconclusive
from recette.probes.agents import source
from recette.secrets import Secrets
from recette.shell import Remote
from recette.site import Host, Site

LIMIT_S = 60.0
TRUST_ANCHOR = "/etc/site-pki/ca.pem"
GROUP, ADMINISTRATION = "annuaire", "bastion"
"""Ansible group of the directory's servers; host from which it is administered."""
ADMINISTRATOR = "Administrator"
ALL_USERS = "(&(objectCategory=person)(objectClass=user))"
SUCCESS, WRONG_CREDENTIALS, STRONGER_AUTHENTICATION, UNREACHABLE = 0, 49, 8, -1
"""Result codes of LDAP (RFC 4511), and that of the agent for a connection refused."""
DISABLED = 0x2
"""Bit of userAccountControl."""


class Security(StrEnum):
    """How the connection is protected."""

    LDAPS = "ldaps"
    CLEAR = "clear"

    @property
    def port(self) -> int:
        return 636 if self is Security.LDAPS else 389


@dataclass(frozen=True, slots=True)
class Login:
    """Who asks."""

    user: str
    password: str


ANONYMOUS = Login("", "")


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the directory; names of attributes as the directory writes them."""

    dn: str
    attributes: Mapping[str, tuple[str, ...]]

    def all(self, name: str) -> tuple[str, ...]:
        return self.attributes.get(name, ())

    def first(self, name: str) -> str:
        """The value, or "" when there is none."""
        return next(iter(self.all(name)), "")

    def number(self, name: str) -> int:
        """The value as a number, 0 when there is none."""
        return int(self.first(name) or 0)

    @property
    def disabled(self) -> bool:
        return bool(self.number("userAccountControl") & DISABLED)


@dataclass(frozen=True, slots=True)
class Answer:
    """What an operation gave: code and name of the result, what the server said of it."""

    code: int
    name: str
    message: str
    entries: tuple[Entry, ...]

    @property
    def granted(self) -> bool:
        return self.code == SUCCESS

    def __str__(self) -> str:
        return f"{self.name} ({self.code}{', ' + self.message if self.message else ''})"


@dataclass(frozen=True, slots=True)
class Conversation:
    """One connection: the answer to the bind, then one answer for each request."""

    bind: Answer
    answers: tuple[Answer, ...]

    def only(self) -> Answer:
        """The answer to the one request, or to the bind when it was refused."""
        return self.answers[0] if self.answers else self.bind


class Directory:
    """The directory of a site, and the way to it from any of its hosts."""

    def __init__(self, site: Site, remote: Remote) -> None:
        self.site = site
        self.servers: tuple[Host, ...] = tuple(host for host in site.hosts.values() if GROUP in host.groups)
        self._remote = remote
        self.realm = str(site.variables.get("site_realm", ""))
        self.domain = ",".join(f"DC={part}" for part in self.realm.lower().split("."))
        self.base = f"OU={site.variables.get('site_netbios', '')},{self.domain}"

    @property
    def administrator(self) -> Login:
        return Login(f"{ADMINISTRATOR}@{self.realm.lower()}", self.secret("annuaire/administrateur"))

    def secret(self, name: str) -> str:
        return Secrets.of_site(self.site.name, self.site.kind, self.site.path).of(name)

    def certified_name(self, server: Host) -> str:
        """The name that the certificate of a server must bear."""
        return f"{server.name}.{self.realm.lower()}"

    def talk(
        self,
        requests: Sequence[Mapping[str, Any]] = (),
        *,
        login: Login | None = None,
        server: Host | None = None,
        origin: str = ADMINISTRATION,
        security: Security = Security.LDAPS,
    ) -> Conversation:
        """Bind, then make requests on the same connection, as the administrator of the bastion unless told otherwise.

        Inconclusive if the host of origin cannot be asked.
        """
        server = server or self.servers[0]
        login = login or self.administrator
        payload = {
            "address": str(server.address),
            "port": security.port,
            "security": security.value,
            "name": self.certified_name(server) if security is Security.LDAPS else "",
            "ca": TRUST_ANCHOR,
            "user": login.user,
            "password": login.password,
            "requests": list(requests),
        }
        told = self._remote.python(origin, source("directory"), payload, timeout_s=LIMIT_S)
        return Conversation(_answer(told["bind"]), tuple(map(_answer, told["answers"])))

    def search(
        self, filter_: str, attributes: Sequence[str], *, base: str | None = None, server: Host | None = None
    ) -> tuple[Entry, ...]:
        """Entries below `base` (the whole domain by default), as the administrator sees them.

        Inconclusive if the directory does not answer: no entry would then mean nothing.
        """
        found = self.talk([searching(base or self.domain, filter_, attributes)], server=server).only()
        if not found.granted:
            raise Inconclusive(f"L'annuaire n'a pas répondu à « {filter_} » : {found}")
        return found.entries

    def account(self, login: str, attributes: Sequence[str] = ("userAccountControl",), **where: Any) -> Entry:
        """The account of a person; Inconclusive if there is none."""
        found = self.search(f"(sAMAccountName={login})", attributes, **where)
        if len(found) != 1:
            raise Inconclusive(f"Compte {login} : {len(found)} entrées dans l'annuaire, une attendue")
        return found[0]


def searching(base: str, filter_: str, attributes: Sequence[str], scope: str = "tree") -> dict[str, Any]:
    """A search, as a request."""
    return {"do": "search", "base": base, "filter": filter_, "attributes": list(attributes), "scope": scope}


def _answer(told: Mapping[str, Any]) -> Answer:
    entries = tuple(
        Entry(one["dn"], {name: tuple(values) for name, values in one.items() if name != "dn"})
        for one in told["entries"]
    )
    return Answer(told["code"], told["name"], told["message"], entries)
