"""Passwords that the directory must refuse, and the accounts that it must lock."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from recette.actions.accounts import Accounts
from recette.personnel import Account
from recette.probes.directory import WRONG_CREDENTIALS, Answer, Directory, Login
from recette.site import Host

CONSTRAINT = 19
"""Result of LDAP for a value that a rule forbids (RFC 4511)."""
WRONG = "Faux-37-mot"
WEAK = {"trop court": "Ab-37-zx", "trop simple": "ancrebleueancre"}
"""Words of the feature -> a password that has this defect and no other."""
REASONS = {"trop court": "too short", "trop simple": "complexity", "déjà utilisé": "already used"}
"""Words of the feature -> what the directory says of that defect."""


@dataclass(frozen=True)
class Choice:
    """A password chosen by an employee, and what the directory said of it."""

    account: Account
    defect: str
    answer: Answer

    @property
    def refused_for_its_defect(self) -> bool:
        return self.answer.code == CONSTRAINT and REASONS[self.defect] in self.answer.message


def choose(accounts: Accounts, server: Host, account: Account, present: str, defect: str) -> Choice:
    """The employee changes the present password for one with this defect. KeyError for an unknown defect."""
    new = present if defect == "déjà utilisé" else WEAK[defect]
    return Choice(account, defect, accounts.change_password(server.name, account.login, present, new))


def strong() -> str:
    """A password that no rule refuses, another one each time: the directory remembers those of former runs."""
    return f"Ancre-{secrets.token_hex(4)}-Bleue"


def guess(directory: Directory, server: Host, person: Login, tries: int) -> list[Answer]:
    """So many wrong passwords, one after the other, on one server."""
    wrong = Login(person.user, WRONG)
    return [directory.talk(login=wrong, server=server).bind for _ in range(tries)]


def refused(answer: Answer) -> bool:
    """Whether the server refused these credentials, rather than the connection."""
    return answer.code == WRONG_CREDENTIALS


def refuses(directory: Directory, server: Host, person: Login) -> Callable[[], bool]:
    """Tell whether a server refuses these credentials, asked anew each time."""
    return lambda: refused(directory.talk(login=person, server=server).bind)
