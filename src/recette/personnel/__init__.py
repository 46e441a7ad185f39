"""The people of a site: the file that human resources export, and the accounts that derive from it."""

from recette.personnel.accounts import Account, accounts, group_names
from recette.personnel.employees import TRADES, Employee
from recette.personnel.reader import COLUMNS, Personnel, read_personnel

__all__ = ["COLUMNS", "TRADES", "Account", "Employee", "Personnel", "accounts", "group_names", "read_personnel"]
