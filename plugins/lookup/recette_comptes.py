"""Derives the accounts of a site from its personnel file: `lookup('recette_comptes', path, buildings=[…])`."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from recette.errors import RecetteError
from recette.personnel import Account, accounts, group_names, read_personnel
from recette.secrets import Secrets

DOCUMENTATION = """
name: recette_comptes
short_description: Accounts of the directory, derived from the personnel file
description:
  - Reads the file as the recette does (see recette.personnel), and gives, as one JSON text, the accounts with their
    initial passwords, the groups, and the lines that were refused.
options:
  _terms:
    description: Path of the personnel file.
    required: true
  buildings:
    description: Zones that an employee may work in.
    type: list
    elements: str
    required: true
"""


class LookupModule(LookupBase):
    """Asks the same derivation as the recette does."""

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **options: Any) -> list[str]:
        """Return a JSON text for each file. Raises AnsibleLookupError if one cannot be read."""
        known = variables or {}
        self.set_options(var_options=known, direct=options)
        try:
            secrets = Secrets.of_site(known["site_name"], known["site_kind"], Path(known["inventory_dir"]))
            return [_people(Path(term), self.get_option("buildings"), secrets) for term in terms]
        except RecetteError as error:
            raise AnsibleLookupError(str(error)) from error


def _people(path: Path, buildings: list[str], secrets: Secrets) -> str:
    personnel = read_personnel(path, buildings)
    today = datetime.now(ZoneInfo("Europe/Paris")).date()
    found = accounts(personnel.employees, today)
    return json.dumps(
        {
            "accounts": [_account(account, secrets) for account in found],
            "groups": group_names(buildings),
            "refusals": personnel.refusals,
        }
    )


def _account(account: Account, secrets: Secrets) -> dict[str, Any]:
    return asdict(account) | {
        "display_name": account.display_name,
        "groups": account.groups,
        "password": secrets.of(account.secret),
    }
