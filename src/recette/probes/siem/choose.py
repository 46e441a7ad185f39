"""Which engine a site has."""

from __future__ import annotations

from recette.errors import Inconclusive
from recette.probes.siem.embedded import Embedded
from recette.probes.siem.model import Siem
from recette.probes.siem.wazuh import Service, Wazuh, over_https
from recette.secrets import Secrets
from recette.shell import Remote
from recette.site import Site

GROUP = "siem"
ENGINE, SERVER, INDEXER, TRUST = "siem_engine", "siem_wazuh_server", "siem_wazuh_indexer", "siem_wazuh_trust"
USERS = {SERVER: "recette", INDEXER: "recette"}
"""Accounts that read, and whose passwords are secrets of the site named after them."""


def siem_of(site: Site, remote: Remote) -> Siem:
    """The engine that the site's variables name. Inconclusive if the site has none, or one that nobody knows."""
    engine = site.variables.get(ENGINE)
    if engine == Embedded.name:
        found = site.members(GROUP)
        if not found:
            raise Inconclusive("Aucun collecteur de journaux à l'inventaire (groupe siem)")
        return Embedded(remote, found[0].name)
    if engine == Wazuh.name:
        missing = [name for name in (SERVER, INDEXER, TRUST) if name not in site.variables]
        if missing:
            raise Inconclusive(f"Wazuh : {', '.join(missing)} absent des variables du site")
        secrets = Secrets.of_site(site.name, site.kind, site.path)
        server, indexer = (
            Service(str(site.variables[name]).rstrip("/"), user, secrets.of(f"siem/{name}"))
            for name, user in USERS.items()
        )
        return Wazuh(server, indexer, over_https(str(site.variables[TRUST])))
    raise Inconclusive(f"Moteur de SIEM inconnu : {engine!r} (variable {ENGINE})")
