"""Derives the TOTP secrets of those who may roam: `lookup('recette_totp', path, buildings=[…]) | from_json`."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from recette.errors import RecetteError
from recette.personnel import accounts, read_personnel
from recette.personnel.accounts import ROAMING_GROUP
from recette.secrets import Secrets

DOCUMENTATION = """
name: recette_totp
short_description: TOTP secrets of those who may roam, derived from the personnel file
description:
  - Gives, as one JSON text, the secret (base32) of each login that belongs to the group of roaming users.
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
    """Asks the same derivation as the recette does, for everybody at once."""

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **options: Any) -> list[str]:
        """Return a JSON text for each file. Raises AnsibleLookupError if one cannot be read."""
        known = variables or {}
        self.set_options(var_options=known, direct=options)
        try:
            secrets = Secrets.of_site(known["site_name"], known["site_kind"], Path(known["inventory_dir"]))
            return [_secrets(Path(term), self.get_option("buildings"), secrets) for term in terms]
        except RecetteError as error:
            raise AnsibleLookupError(str(error)) from error


def _secrets(path: Path, buildings: list[str], secrets: Secrets) -> str:
    today = datetime.now(ZoneInfo("Europe/Paris")).date()
    found = accounts(read_personnel(path, buildings).employees, today)
    return json.dumps({one.login: secrets.totp(one.login) for one in found if ROAMING_GROUP in one.groups})
