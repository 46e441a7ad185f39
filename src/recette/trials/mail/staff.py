"""Who writes and who reads: employees of the personnel file, at the desk of their building."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from recette.errors import Inconclusive
from recette.personnel import Account
from recette.probes.mail import Box, Writer
from recette.site import Site
from recette.trials.mail.doors import Doors
from recette.trials.people import People


@dataclass(frozen=True)
class Colleague:
    """An employee, his mail address, and the workstation where he sits."""

    account: Account
    address: str
    password: str
    office: str
    doors: Doors

    @property
    def login(self) -> tuple[str, str]:
        return self.account.login, self.password

    @property
    def box(self) -> Box:
        """His mailbox, as his mail program opens it."""
        return Box(self.doors.reading, self.login)

    @property
    def writer(self) -> Writer:
        return Writer(self.address, *self.login)

    def __str__(self) -> str:
        return f"{self.account.display_name} <{self.address}>, à {self.office}"


class Staff:
    """The employees who have a workstation in their building, chosen by rank: always the same ones.

    Ranks count from the end of the file: the directory's trials take theirs at its beginning.
    """

    def __init__(self, site: Site) -> None:
        self.site = site
        self.domain = str(site.variables["site_mail_domain"])
        self._doors = Doors.of(site)

    @cached_property
    def people(self) -> People:
        """Every account, leavers included."""
        return People.of(self.site, datetime.now(UTC).date())

    @cached_property
    def offices(self) -> dict[str, str]:
        """For each building, a workstation of it."""
        return {host.zones[0]: host.name for host in self.site.members("postes")}

    def colleague(self, building: str, rank: int = 0) -> Colleague:
        """Raises Inconclusive if the building has not so many employees, or no workstation."""
        here = [one for one in self.people.active if one.building == building]
        if building not in self.offices or rank >= len(here):
            raise Inconclusive(f"{building} : pas d'employé de rang {rank} devant un poste")
        return self.of(here[-1 - rank])

    def colleagues(self, count: int, *, first_rank: int) -> tuple[Colleague, ...]:
        """As many employees, of each building in turn."""
        buildings = sorted(self.offices)
        return tuple(
            self.colleague(buildings[n % len(buildings)], first_rank + n // len(buildings)) for n in range(count)
        )

    def members(self, group: str) -> tuple[Colleague, ...]:
        """Those whom the personnel file puts into a group of the directory. Raises Inconclusive if there are none."""
        found = tuple(self.of(one) for one in self.people.active if group in one.groups)
        if not found:
            raise Inconclusive(f"Aucun employé n'appartient au groupe {group}")
        return found

    def of(self, account: Account) -> Colleague:
        """The employee of an account; one whose building has no workstation works elsewhere."""
        office = self.offices.get(account.building) or min(self.offices.values())
        address = f"{account.local_part}@{self.domain}"
        return Colleague(account, address, self.people.password(account), office, self._doors)
