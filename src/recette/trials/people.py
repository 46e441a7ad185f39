"""The employees that scenarios play with: taken from the personnel file, always the same ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from recette.errors import Inconclusive
from recette.personnel import Account, accounts, read_personnel
from recette.probes.directory import Login
from recette.secrets import Secrets
from recette.site import Site

PERSONNEL = "personnel.csv"


@dataclass(frozen=True)
class People:
    """The accounts that derive from the personnel file, and their first passwords."""

    accounts: tuple[Account, ...]
    realm: str
    secrets: Secrets

    @classmethod
    def of(cls, site: Site, today: date) -> People:
        """Inconclusive if the file refuses a line: what should be in the directory is then not known."""
        found = read_personnel(site.path / PERSONNEL, tuple(site.zones))
        if found.refusals:
            raise Inconclusive(f"Fichier du personnel refusé : {found.refusals[0]}")
        secrets = Secrets.of_site(site.name, site.kind, site.path)
        return cls(accounts(found.employees, today), str(site.variables["site_realm"]).lower(), secrets)

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

    def password(self, account: Account) -> str:
        return self.secrets.of(account.secret)

    def login(self, account: Account, password: str | None = None) -> Login:
        """Who that employee is for the directory, with the right password unless another one is given."""
        return Login(f"{account.login}@{self.realm}", password or self.password(account))
