"""An employee as human resources know him."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

TRADES = (
    "administration",
    "informatique",
    "laboratoire",
    "logistique",
    "maintenance",
    "production",
    "qualite",
    "securite",
)
"""Trades that the file may name; each one is a group of the directory (metier-…)."""


@dataclass(frozen=True, slots=True)
class Employee:
    """One line of the file. `building` is the name of a zone of the site."""

    matricule: str
    civility: str
    family_name: str
    given_name: str
    building: str
    trade: str
    entry: date
    exit: date | None
    """Last day worked, where it is known."""
    line: int

    def has_left(self, today: date) -> bool:
        """Whether the last day worked is over."""
        return self.exit is not None and self.exit < today

    def has_come(self, today: date) -> bool:
        """Whether the first day has come: nobody has an account before."""
        return self.entry <= today
