"""Gives what is sealed to a safe of the site: `lookup('recette_coffre', 'sauvegarde/coffre')`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from recette.age import identity, recipient
from recette.errors import RecetteError
from recette.secrets import Secrets

DOCUMENTATION = """
name: recette_coffre
short_description: Public half of what the safe of a twin holds
description:
  - Gives the age recipient of each name, derived from the root of the site under provision (see recette.secrets).
  - Of a twin only; a real site draws its identity with C(age-keygen), locks it away, and writes the recipient down.
options:
  _terms:
    description: Names of safes.
    required: true
  half:
    description: Which half is given; the private one is what only the safe holds, for trials.
    type: str
    choices: [public, private]
    default: public
"""


class LookupModule(LookupBase):
    """Asks the same derivation as the recette does."""

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **options: Any) -> list[str]:
        """Return a recipient (or the identity) for each name. Raises AnsibleLookupError on a real site."""
        known = variables or {}
        if known["site_kind"] != "twin":
            raise AnsibleLookupError("the safe of a real site is not derived: write its age recipient in the inventory")
        try:
            secrets = Secrets.of_site(known["site_name"], known["site_kind"], Path(known["inventory_dir"]))
        except RecetteError as error:
            raise AnsibleLookupError(str(error)) from error
        half = identity if options.get("half") == "private" else recipient
        return [half(secrets.safe(term)) for term in terms]
