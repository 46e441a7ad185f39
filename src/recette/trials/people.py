"""The employees that scenarios play with: taken from the personnel file, always the same ones."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from recette.errors import Inconclusive
from recette.personnel import Account, accounts, read_personnel
from recette.policy.buildings import buildings
from recette.probes.directory import Login
from recette.secrets import Secrets
from recette.site import Site

PERSONNEL = "personnel.csv"


@dataclass(frozen=True)
class People:
    """The accounts that derive from a personnel file on a given day, and their first passwords."""

    accounts: tuple[Account, ...]
    refusals: tuple[str, ...]
    today: date
    realm: str
    secrets: Secrets

    @classmethod
    def of(cls, site: Site, today: date) -> People:
        """Those of the site. Inconclusive if its file has a refused line: there is nothing sure to compare with."""
        people = cls.read(site, site.path / PERSONNEL, today)
        if people.refusals:
            raise Inconclusive(f"Fichier du personnel refusé : {people.refusals[0]}")
        return people

    @classmethod
    def now(cls, site: Site) -> People:
        """Those of the site today, by its own time zone. Raises what `of` raises."""
        return cls.of(site, datetime.now(ZoneInfo("Europe/Paris")).date())

    @classmethod
    def read(cls, site: Site, file: Path, today: date) -> People:
        """Those of any file."""
        found = read_personnel(file, buildings(site))
        secrets = Secrets.of_site(site.name, site.kind, site.path)
        realm = str(site.variables["site_realm"]).lower()
        return cls(accounts(found.employees, today), found.refusals, today, realm, secrets)

    @property
    def active(self) -> tuple[Account, ...]:
        return tuple(one for one in self.accounts if one.active)

    @property
    def gone(self) -> tuple[Account, ...]:
        return tuple(one for one in self.accounts if not one.active)

    def one(self, rank: int = 0, *, building: str | None = None, trade: str | None = None) -> Account:
        """The employee of this rank, by matricule, among those of a building or of a trade.

        Each scenario takes a rank of its own: what it does to an account must not be felt by another.
        """
        fitting = [one for one in self.active if building in (None, one.building) and trade in (None, one.trade)]
        if len(fitting) <= rank:
            raise Inconclusive(f"Fichier du personnel : moins de {rank + 1} employés de {building or trade}")
        return fitting[rank]

    def numbered(self, matricules: Collection[str]) -> tuple[Account, ...]:
        """The employees who have these numbers."""
        return tuple(one for one in self.accounts if one.matricule in matricules)

    def password(self, account: Account) -> str:
        return self.secrets.of(account.secret)

    def login(self, account: Account, password: str | None = None) -> Login:
        """Who that employee is for the directory, with the right password unless another one is given."""
        return Login(f"{account.login}@{self.realm}", password or self.password(account))
