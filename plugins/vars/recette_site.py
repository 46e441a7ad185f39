"""Gives each host what the site model says of it, as the variable `site_model`.

A vars plugin runs once in Ansible's own process: a filter would load the model again in each task of each host.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleParserError
from ansible.inventory.host import Host
from ansible.plugins.vars import BaseVarsPlugin

from recette.errors import RecetteError
from recette.policy import variables
from recette.site import Site

DOCUMENTATION = """
name: recette_site
short_description: Facts of a host derived from the site model
description:
  - Reads the site directory given as inventory, with the loader that the whole project uses.
  - "Each host of the site gets C(site_model): its interfaces and routes; a firewall also its rules and its peers."
"""


class VarsModule(BaseVarsPlugin):
    """Looks the entities of an inventory up in the site model that this inventory is."""

    sites: dict[str, Site | None] = {}  # noqa: RUF012 - one cache for all instances
    values: dict[tuple[str, str], dict[str, Any]] = {}  # noqa: RUF012

    def get_vars(self, loader: Any, path: str, entities: Any) -> dict[str, Any]:
        """Return `site_model` for the host asked; nothing for a group, nor outside a site directory."""
        super().get_vars(loader, path, entities)
        found: dict[str, Any] = {}
        for entity in entities if isinstance(entities, list) else [entities]:
            if isinstance(entity, Host):
                found |= self._of(path, str(entity.name))
        return found

    def _of(self, path: str, host: str) -> dict[str, Any]:
        if path not in self.sites:
            self.sites[path] = _load(Path(path))
        site = self.sites[path]
        if site is None or host not in site.hosts:
            return {}
        if (path, host) not in self.values:
            self.values[path, host] = {"site_model": variables(site, site.host(host))}
        return self.values[path, host]


def _load(path: Path) -> Site | None:
    if not (path / "hosts.yml").is_file():
        return None
    try:
        return Site.load(path)
    except RecetteError as error:
        raise AnsibleParserError(str(error)) from error
