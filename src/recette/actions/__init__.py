"""Break a site on purpose, and repair it whatever happens."""

from recette.actions.catalogue import CATALOGUE, Fault
from recette.actions.faults import Faults, Injection
from recette.actions.journal import Journal, journal_of

__all__ = ["CATALOGUE", "Fault", "Faults", "Injection", "Journal", "journal_of"]
