"""Fills templates in as `ansible.builtin.template` does, at a fraction of the cost: `lookup('recette_gabarit', file)`.

Ansible's own copies every variable of the host in depth for each template, the model of the whole site included, only
to add a few names at the outermost level (decision 0036).
"""

from __future__ import annotations

from typing import Any

from ansible.plugins.loader import lookup_loader
from ansible.plugins.lookup import LookupBase

DOCUMENTATION = """
name: recette_gabarit
short_description: Contents of a template, filled in
description:
  - Takes what C(ansible.builtin.template) takes, and gives the same; variables are not copied in depth.
options:
  _terms:
    description: Templates to fill in.
    required: true
"""


class LookupModule(LookupBase):
    """Asks Ansible's own lookup, with variables whose deep copy is a shallow one."""

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **options: Any) -> list[str]:
        """Return the content of each template. Raises AnsibleError if one is not found."""
        own = lookup_loader.get("ansible.builtin.template", loader=self._loader, templar=self._templar)
        filled: list[str] = own.run(terms, _Shallow(variables or {}), **options)
        return filled


class _Shallow(dict[str, Any]):
    def __deepcopy__(self, memo: dict[int, Any]) -> dict[str, Any]:
        return dict(self)
