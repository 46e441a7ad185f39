"""Derives a secret of the site from its name: `lookup('recette_secret', 'annuaire/administrateur')`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from recette.errors import RecetteError
from recette.secrets import Secrets

DOCUMENTATION = """
name: recette_secret
short_description: Secrets of the site, derived from their names
description:
  - Gives the secret of each name, derived from the root of the site under provision (see recette.secrets).
options:
  _terms:
    description: Names of secrets.
    required: true
"""


class LookupModule(LookupBase):
    """Asks the same derivation as the recette does."""

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **_options: Any) -> list[str]:
        """Return a secret for each name. Raises AnsibleLookupError if the site has no root."""
        known = variables or {}
        try:
            secrets = Secrets.of_site(known["site_name"], known["site_kind"], Path(known["inventory_dir"]))
        except RecetteError as error:
            raise AnsibleLookupError(str(error)) from error
        return [secrets.of(term) for term in terms]
