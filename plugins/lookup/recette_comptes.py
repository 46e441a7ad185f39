"""Derives what the roles need of people: `lookup('recette_comptes', path, buildings=[…], give='totp') | from_json`."""

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
from recette.personnel.accounts import ROAMING_GROUP
from recette.secrets import Secrets

DOCUMENTATION = """
name: recette_comptes
short_description: Accounts of the site and their secrets, derived from the personnel file
description:
  - Reads the file as the recette does (see recette.personnel), and gives one JSON text.
options:
  _terms:
    description: Path of the personnel file.
    required: true
  buildings:
    description: Zones that an employee may work in.
    type: list
    elements: str
    required: true
  give:
    description: >-
      What is wanted: C(accounts) with their initial passwords, the groups, and the lines that were refused; C(totp),
      the secret (base32) of each login that may roam; C(sip), the password of each extension.
    type: str
    choices: [accounts, totp, sip]
    default: accounts
"""


class LookupModule(LookupBase):
    """Asks the same derivation as the recette does, for everybody at once."""

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **options: Any) -> list[str]:
        """Return a JSON text for each file. Raises AnsibleLookupError if one cannot be read."""
        known = variables or {}
        self.set_options(var_options=known, direct=options)
        give = {"accounts": _accounts, "totp": _totp, "sip": _sip}[self.get_option("give")]
        buildings = self.get_option("buildings")
        try:
            secrets = Secrets.of_site(known["site_name"], known["site_kind"], Path(known["inventory_dir"]))
            return [json.dumps(give(Path(term), buildings, secrets)) for term in terms]
        except RecetteError as error:
            raise AnsibleLookupError(str(error)) from error


def _accounts(path: Path, buildings: list[str], secrets: Secrets) -> dict[str, Any]:
    found, refusals = _read(path, buildings)
    return {
        "accounts": [_account(account, secrets) for account in found],
        "groups": group_names(buildings),
        "refusals": refusals,
    }


def _totp(path: Path, buildings: list[str], secrets: Secrets) -> dict[str, str]:
    found, _ = _read(path, buildings)
    return {one.login: secrets.totp(one.login) for one in found if ROAMING_GROUP in one.groups}


def _sip(path: Path, buildings: list[str], secrets: Secrets) -> dict[str, str]:
    found, _ = _read(path, buildings)
    return {one.extension: secrets.sip(one.login) for one in found if one.extension}


def _read(path: Path, buildings: list[str]) -> tuple[tuple[Account, ...], tuple[str, ...]]:
    personnel = read_personnel(path, buildings)
    return accounts(personnel.employees, datetime.now(ZoneInfo("Europe/Paris")).date()), personnel.refusals


def _account(account: Account, secrets: Secrets) -> dict[str, Any]:
    return asdict(account) | {
        "display_name": account.display_name,
        "groups": account.groups,
        "extension": account.extension,
        "password": secrets.of(account.secret),
    }
