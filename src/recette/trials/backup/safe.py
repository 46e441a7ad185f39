"""What the safe of the client opens, and what the server says of its own state: a full disk, a late copy."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from recette.age import identity
from recette.errors import Inconclusive
from recette.platform import Platform
from recette.probes.backups.store import SETTINGS
from recette.secrets import Secrets
from recette.site import Host

SEALED, SAFE = "/srv/sauvegarde/scelle/cles.age", "sauvegarde/coffre"
LIMIT_S, PATIENCE_S = 300.0, 45
UNIT = "sauvegarde-depot.service"
WATCH = "sauvegarde-veille.service"
TOLD = "timeout 120 sh -c 'until grep --quiet . /run/sauvegarde/place; do sleep 1; done'; cat /run/sauvegarde/place"
TRIAL = "/etc/sauvegarde/recette-reglages.json"
"""In a folder that only root enters: it holds the keys."""


@dataclass(frozen=True, slots=True)
class Opened:
    """Hosts whose keys the sealed file holds, those that are missing, and whether a key of it opens a repository."""

    hosts: frozenset[str]
    missing: tuple[str, ...]
    opens: bool
    said: str
    blind: bool
    """Without what the safe holds, the file does not open."""


def opened(platform: Platform, host: str) -> Opened:
    """Open the sealed keys with what the safe of the twin holds, then a repository with the key found there."""
    if platform.site.kind != "twin":
        raise Inconclusive("Le coffre d'un site réel est fermé : la clé scellée s'ouvre à la main, devant témoin")
    server = platform.backups.server.name
    secret = Secrets.of_site(platform.site.name, platform.site.kind, platform.site.path).safe(SAFE)
    command = f"age --decrypt --identity - {SEALED}"
    done = platform.remote.run(server, command, stdin=identity(secret) + "\n")
    if done.rc != 0:
        return Opened(frozenset(), (), opens=False, said=done.stderr.strip(), blind=True)
    keys = {each["name"]: each["key"] for each in json.loads(done.stdout)}
    wanted = {each.name for each in platform.site.members("site")}
    listing = f"read -r RESTIC_PASSWORD; export RESTIC_PASSWORD; restic --repo /srv/sauvegarde/depots/{host} --no-lock "
    tried = platform.remote.run(server, f"{listing} --no-cache cat config", stdin=keys.get(host, "") + "\n")
    other = identity(Secrets(b"another safe").safe(SAFE))
    blind = platform.remote.run(server, command, stdin=other + "\n").rc != 0
    return Opened(frozenset(keys), tuple(sorted(wanted - set(keys))), tried.rc == 0, tried.stderr.strip(), blind)


@dataclass(frozen=True, slots=True)
class Full:
    """What happens once the reserve of the disk is reached: the copy that is refused, and the older ones."""

    refused: bool
    said: str
    told: tuple[str, ...]
    older: int
    readable: bool


@contextmanager
def full(platform: Platform, host: Host) -> Iterator[Full]:
    """Let clients write nothing more, as on a disk that only has its reserve left, and have a host copy."""
    server = platform.backups.server.name
    reserve = "[Service]\nEnvironment=SAUVEGARDE_RESERVE_MIO=999999999\n"
    with (
        platform.traces.overridden(server, UNIT, reserve),
        platform.traces.overridden(server, WATCH, reserve),
        platform.traces.left(host.name, "/root/recette-volume", "0123456789abcdef" * 4096),
    ):
        before = _systems(platform, host)
        # restic would go on trying for a quarter of an hour, in case there is room again.
        command = f"timeout {PATIENCE_S} sauvegarde-client copie systeme"
        done = platform.remote.run(host.name, command, timeout_s=LIMIT_S)
        told = platform.remote.run(server, TOLD, timeout_s=LIMIT_S)
        older = _systems(platform, host)
        readable = platform.backups.verify(host.name).sound
        refused = done.rc != 0 and older == before
        yield Full(refused, done.stderr.strip(), tuple(told.stdout.splitlines()), len(older), readable)


def _systems(platform: Platform, host: Host) -> set[str]:
    return {copy.id for copy in platform.backups.copies([host.name]) if copy.set == "systeme"}


@contextmanager
def overdue(platform: Platform, host: str, data_set: str) -> Iterator[float]:
    """Let the server believe that a data set must be younger than its copies are; since when (monotonic clock)."""
    server = platform.backups.server.name
    told = json.loads(platform.remote.run(server, f"cat {SETTINGS}").stdout)
    for each in told["repositories"]:
        if each["name"] == host:
            each["sets"] = [{**one, "rpo_minutes": 0} if one["name"] == data_set else one for one in each["sets"]]
    environment = f"[Service]\nEnvironment=SAUVEGARDE_REGLAGES={TRIAL}\n"
    with platform.traces.left(server, TRIAL, json.dumps(told)):
        since_s = time.monotonic()
        with platform.traces.overridden(server, WATCH, environment):
            yield since_s
