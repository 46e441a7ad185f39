"""Log-ons on the workstations: who gets in, with which rights, and from when on no longer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from recette.errors import Inconclusive
from recette.personnel import Account as Person
from recette.probes.directory import Directory, Login
from recette.probes.kerberos import Ticket, ask
from recette.probes.logon import Account, Logon, log_on
from recette.shell import Remote
from recette.site import Host
from recette.trials.people import People

UNAVAILABLE = frozenset({"PAM_AUTHINFO_UNAVAIL", "PAM_SYSTEM_ERR", "PAM_SERVICE_ERR", "PAM_ABORT", "SIGKILL"})
"""Answers of a workstation that could not ask anybody: nobody was refused."""
SERVICE_ACCOUNT = "svc-messagerie"


@dataclass(frozen=True)
class Visitor:
    """Somebody at a keyboard: what he types, and who he is for the personnel file."""

    login: str
    password: str
    person: Person | None = None

    def account(self, *, sudo: bool = True) -> Account:
        return Account(self.login, self.password, sudo)


def employee(people: People, person: Person) -> Visitor:
    """An employee with the right password."""
    return Visitor(person.login, people.password(person), person)


def impostors(directory: Directory, people: People, rank: int) -> dict[str, Visitor]:
    """Words of the feature -> somebody who must not get in."""
    someone, gone = people.one(rank), people.gone[0]
    return {
        "un employé qui se trompe de mot de passe": Visitor(someone.login, "Faux-37-mot", someone),
        "un employé parti, avec son ancien mot de passe": Visitor(gone.login, people.password(gone), gone),
        "un inconnu de l'annuaire": Visitor("inconnu37", "Faux-37-mot"),
        "un compte de service, avec son bon mot de passe": Visitor(
            SERVICE_ACCOUNT, directory.secret(f"annuaire/{SERVICE_ACCOUNT}")
        ),
    }


def open_session(remote: Remote, host: str, visitor: Visitor, *, sudo: bool = True) -> Logon:
    """One log-on. Inconclusive if the workstation does not tell how it went."""
    (logon,) = log_on(remote, host, [visitor.account(sudo=sudo)])
    return logon


def turned_away(remote: Remote, host: str, visitor: Visitor) -> Callable[[], bool]:
    """Tell whether a workstation refuses somebody, asked anew each time; one that cannot ask anybody refuses nobody."""

    def refused() -> bool:
        logon = open_session(remote, host, visitor, sudo=False)
        return not logon.accepted and logon.error not in UNAVAILABLE

    return refused


def let_in(remote: Remote, host: str, visitor: Visitor) -> Callable[[], bool]:
    """Tell whether a workstation opens a session."""
    return lambda: open_session(remote, host, visitor, sudo=False).accepted


def administers(remote: Remote, host: str, visitor: Visitor, *, wanted: bool) -> Callable[[], bool]:
    """Tell whether somebody has, or has not, the rights of an administrator of a workstation once logged on."""
    return lambda: rights(open_session(remote, host, visitor)) is wanted


def rights(logon: Logon) -> bool:
    """Whether sudo was granted. Inconclusive if no session opened: rights were not asked for."""
    if logon.sudo is None:
        raise Inconclusive(f"{logon.user} n'a pas ouvert de session sur {logon.host} : {said(logon)}")
    return logon.sudo.granted


def said(logon: Logon) -> str:
    """How a log-on ended, in French."""
    if logon.accepted:
        return f"session ouverte en {logon.duration_s:.2f} s".replace(".", ",")
    return f"refusé ({logon.phase}, {logon.error})"


def wrong_groups(logon: Logon, person: Person, kinds: Sequence[str] = ("batiment-", "metier-", "acces-")) -> list[str]:
    """Groups of buildings, trades and accesses that the session has and should not, or the reverse."""
    found = {name for name in logon.groups if name.startswith(tuple(kinds))}
    return sorted(found ^ set(person.groups))


def identity(visitor: Visitor, people: People) -> Login:
    """Who somebody is for the directory."""
    return Login(f"{visitor.login}@{people.realm}", visitor.password)


def refuses_ticket(remote: Remote, directory: Directory, server: Host, person: Login) -> Callable[[], bool]:
    """Tell whether a server refuses a ticket to somebody, asked anew each time."""
    return lambda: ask(remote, directory, server, person) is Ticket.REFUSED
