"""The account of each employee: login, addresses and groups, derived from the file alone."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from recette.personnel.employees import TRADES, Employee

LONGEST_LOGIN = 20
"""Characters of a sAMAccountName, by Microsoft's limit."""
ROAMING_GROUP = "acces-nomade"
"""Group of those who may open a tunnel from outside."""
ROAMING_TRADES = ("administration", "informatique", "maintenance")
"""Trades that work away from the site: offices, and those who are on call."""
ABROAD_GROUP = "acces-international"
"""Group of those who may call other countries."""
ABROAD_TRADES = ("administration",)
"""Trades that deal with suppliers and customers abroad; the management is of the first."""
FIRST_MATRICULE, FIRST_EXTENSION, LAST_EXTENSION = 100000, 2000, 9999
"""Numbering plan: extensions of employees follow their matricules, so that none is ever given to another one."""
LIGATURES = str.maketrans(
    {"œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE", "ß": "ss", "ø": "o", "Ø": "O", "ð": "d", "þ": "th"}
)


@dataclass(frozen=True, slots=True)
class Account:
    """What the directory holds of an employee. `local_part` is his mail address before the @."""

    matricule: str
    login: str
    local_part: str
    given_name: str
    family_name: str
    building: str
    trade: str
    active: bool
    """False for a leaver, whose account stays, disabled: his login and addresses are never given to another one."""

    @property
    def display_name(self) -> str:
        """First name, then family name, as they are written in the file."""
        return f"{self.given_name} {self.family_name}"

    @property
    def groups(self) -> tuple[str, ...]:
        """Groups of the directory that he belongs to; none for a leaver."""
        if not self.active:
            return ()
        roaming = (ROAMING_GROUP,) if self.trade in ROAMING_TRADES else ()
        abroad = (ABROAD_GROUP,) if self.trade in ABROAD_TRADES else ()
        return (f"batiment-{self.building}", f"metier-{self.trade}", *roaming, *abroad)

    @property
    def extension(self) -> str:
        """Four digits by which he is called inside; empty for a matricule that the numbering plan does not reach."""
        number = FIRST_EXTENSION + int(self.matricule) - FIRST_MATRICULE
        return str(number) if FIRST_EXTENSION <= number <= LAST_EXTENSION else ""

    @property
    def secret(self) -> str:
        """Name of the secret that his initial password is (see recette.secrets)."""
        return f"compte/{self.matricule}"


def accounts(employees: Iterable[Employee], today: date) -> tuple[Account, ...]:
    """The accounts of those whose first day has come, by matricule.

    Homonyms are numbered by matricule, leavers included: since matricules only grow, who joins changes nothing for
    those who were there, as long as the file keeps its leavers.
    """
    logins: set[str] = set()
    local_parts: set[str] = set()
    return tuple(
        Account(
            employee.matricule,
            _free(_login(employee), logins, LONGEST_LOGIN),
            _free(_local_part(employee), local_parts, 64),
            employee.given_name,
            employee.family_name,
            employee.building,
            employee.trade,
            active=not employee.has_left(today),
        )
        for employee in sorted(employees, key=lambda each: each.matricule)
        if employee.has_come(today)
    )


def group_names(buildings: Iterable[str]) -> list[str]:
    """Every group that an account may belong to, whether somebody does or not."""
    trades = [f"metier-{trade}" for trade in TRADES]
    return [*(f"batiment-{building}" for building in buildings), *trades, ROAMING_GROUP, ABROAD_GROUP]


def _login(employee: Employee) -> str:
    return _words(employee.given_name)[0][0] + "".join(_words(employee.family_name))


def _local_part(employee: Employee) -> str:
    return ".".join("-".join(_words(name)) for name in (employee.given_name, employee.family_name))


def _words(name: str) -> list[str]:
    """The words of a name in small ascii letters; an apostrophe joins (D'Arcy is one word), a hyphen or space parts."""
    ascii_name = unicodedata.normalize("NFKD", name.translate(LIGATURES)).encode("ascii", "ignore").decode("ascii")
    return re.findall(r"[a-z]+", ascii_name.replace("'", "").lower())


def _free(base: str, taken: set[str], longest: int) -> str:
    """The base, or the base with the first number from 2 that nobody has; never longer than `longest`."""
    found, number = base[:longest], 1
    while found in taken:
        number += 1
        found = base[: longest - len(str(number))] + str(number)
    taken.add(found)
    return found
