"""How fast a host gets its data back, beside a bare copy of as many bytes on its own disk."""

from __future__ import annotations

import time
from dataclasses import dataclass

from recette.errors import Inconclusive
from recette.platform import Platform
from recette.shell import must
from recette.site import Host
from recette.trials.backup.markers import beside, digests
from recette.trials.backup.rounds import copied

FOLDER, MEBIBYTES = "/root/recette-volume", 64
# What nothing compresses and nobody has stored before: the worst case of a repository.
FILL = f"head --bytes={MEBIBYTES}M /dev/urandom >{FOLDER}/volume && sync"
BARE = f"cp {FOLDER}/volume {FOLDER}/autre && sync && rm {FOLDER}/autre"
LIMIT_S = 600.0


@dataclass(frozen=True, slots=True)
class Rates:
    """MiB a second, of a copy to the server, of a restoration and of a bare copy; whether the bytes are the same."""

    copied: float
    restored: float
    bare: float
    same: bool


def rates(platform: Platform, host: Host) -> Rates:
    """Copy and restore one big file of a host."""
    with platform.losses.scratch(host.name, FOLDER), beside(platform, host) as folder:
        _timed(platform, host, FILL)
        bare_s = _timed(platform, host, BARE)
        made = copied(platform, [host], ["systeme"])
        done = platform.backups.restore(host, "systeme", beside=folder, inside=[FOLDER])
        if made.failed or not done.done:
            raise Inconclusive(f"{host.name} : {made.failed or done.said}")
        same = digests(platform, host, FOLDER) == digests(platform, host, folder + FOLDER)
    return Rates(MEBIBYTES / made.took_s, MEBIBYTES / done.took_s, MEBIBYTES / max(bare_s, 0.001), same)


def _timed(platform: Platform, host: Host, script: str) -> float:
    start = time.monotonic()
    must(platform.remote, host.name, script, timeout_s=LIMIT_S)
    return time.monotonic() - start
