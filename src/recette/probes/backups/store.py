"""The server of the copies, as an administrator asks it, and the restorations that a host makes."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Collection
from typing import Any

from recette.errors import Inconclusive
from recette.policy.backing import COLLECTORS, SERVERS, pushes
from recette.probes.agents import source
from recette.probes.backups.model import Copy, Restored, Verified, copies
from recette.shell import Remote
from recette.site import Host, Site

SETTINGS = "/etc/sauvegarde/reglages.json"
LIST_LIMIT_S, READ_LIMIT_S, RESTORE_LIMIT_S = 180.0, 900.0, 900.0
SOUND, FAULTY = 0, 1
STATE = "cat /run/sauvegarde/etat.json"
TOLD_EVERY_S = 180.0
"""The server tells its state each quarter of a minute, once it has opened every repository that has changed."""


class Backups:
    """The copies of a site."""

    def __init__(self, site: Site, remote: Remote) -> None:
        self.site = site
        self._remote = remote

    @property
    def server(self) -> Host:
        """Raises Inconclusive if the site has no server of copies."""
        return self._one(SERVERS)

    def runner(self, host: Host) -> Host:
        """Who copies a host: itself, or the one that collects it."""
        return host if pushes(self.site, host) else self._one(COLLECTORS)

    def copies(self, hosts: Collection[str] = ()) -> tuple[Copy, ...]:
        """Every copy of these hosts, or of all. Inconclusive if a repository cannot be read."""
        payload = {"settings": SETTINGS, "wanted": list(hosts), "restic": "restic"}
        answer = self._remote.python(self.server.name, source("backups/copies"), payload, timeout_s=LIST_LIMIT_S)
        if answer["unread"]:
            told = " ; ".join(f"{name} : {why}" for name, why in answer["unread"].items())
            raise Inconclusive(f"Dépôts illisibles : {told}")
        return copies(answer["copies"])

    def state(self) -> dict[str, Any]:
        """What the server tells the supervision. Inconclusive if it has told nothing for three minutes."""
        done = self._remote.run(self.server.name, STATE, timeout_s=LIST_LIMIT_S)
        if done.rc != 0:
            raise Inconclusive(f"{self.server.name} : état illisible ({done.stderr.strip()})")
        found: dict[str, Any] = json.loads(done.stdout)
        age_s = time.time() - found["instant"]
        if age_s > TOLD_EVERY_S:
            raise Inconclusive(f"{self.server.name} : état vieux de {age_s:.0f} s")
        return found

    def verify(self, host: str) -> Verified:
        """Read every byte of a host's copies."""
        start = time.monotonic()
        command = f"sauvegarde verification --tout {shlex.quote(host)}"
        done = self._remote.run(self.server.name, command, timeout_s=READ_LIMIT_S)
        if done.rc not in (SOUND, FAULTY):
            raise Inconclusive(f"{self.server.name} : vérification impossible ({done.stderr.strip()})")
        return Verified(host, done.rc == SOUND, done.stderr.strip(), time.monotonic() - start)

    def restore(
        self, host: Host, data_set: str, *, beside: str = "", copy: str = "latest", inside: Collection[str] = ()
    ) -> Restored:
        """Restore a data set where it was, or under a folder of the host that copies it."""
        runner = self.runner(host)
        named = data_set if runner == host else f"{host.name}/{data_set}"
        where = ["--vers", beside] if beside else ["--en-place"]
        words = [named, *where, "--copie", copy]
        return self._restored(runner, [*words, *(word for path in inside for word in ("--chemin", path))])

    def _restored(self, runner: Host, words: list[str]) -> Restored:
        start = time.monotonic()
        command = shlex.join(["sauvegarde-client", "restaure", *words])
        done = self._remote.run(runner.name, command, timeout_s=RESTORE_LIMIT_S)
        return Restored(done.rc == 0, done.stderr.strip(), time.monotonic() - start)

    def _one(self, group: str) -> Host:
        found = [host for host in self.site.hosts.values() if group in host.groups]
        if not found:
            raise Inconclusive(f"Aucun hôte du groupe {group} à l'inventaire")
        return found[0]
