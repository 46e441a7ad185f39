"""What the server forgets, and when it refuses to: on repositories of a trial, by the server's own program."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from recette.errors import Inconclusive
from recette.platform import Platform
from recette.probes.backups import Copy
from recette.probes.backups.model import copies
from recette.probes.backups.store import SETTINGS

ROOT = "/srv/sauvegarde/recette-essai"
TRIAL = f"{ROOT}/reglages.json"
KEY, HOST = "cle-d-essai", "essai"
LIMIT_S = 600.0
DAYS, MONTHS = 40, 14
"""A copy each day of the last ones, and one each month before: more than retention keeps of each kind."""
ACCOUNT = "restic-rest-server"
# Written by who serves the repositories; the file of each copy gets the time that the copy claims, as on its day.
MAKE = """set -eu
export RESTIC_PASSWORD={key} RESTIC_REPOSITORY={root}/depots/{host} RESTIC_CACHE_DIR={root}/cache
mkdir --parents {root}/depots {root}/cache {root}/etat/cache
echo essai >{root}/fichier
restic --quiet init
xargs --delimiter='\\n' --max-procs=4 --max-args=1 sh -euc '
    told=$(restic --json backup --host {host} --tag systeme --time "$0" --no-scan {root}/fichier)
    id=$(printf %s "$told" | sed -n "s/.*\\"snapshot_id\\":\\"\\([0-9a-f]*\\)\\".*/\\1/p")
    touch --no-create --date="$0" {root}/depots/{host}/snapshots/"$id"
    test -f {root}/depots/{host}/snapshots/"$id"
'
chown --recursive {account}: {root}/depots {root}/etat/cache
"""


@dataclass(frozen=True, slots=True)
class Pruned:
    """Copies before and after the server's program worked on them, and what it said."""

    before: tuple[Copy, ...]
    after: tuple[Copy, ...]
    rc: int
    said: str

    def kept(self, unit: str) -> int:
        """How many days, ISO weeks or months have a copy left."""
        forms = {"jours": "%Y-%m-%d", "semaines": "%G-%V", "mois": "%Y-%m"}
        return len({datetime.fromtimestamp(copy.claimed_s, UTC).strftime(forms[unit]) for copy in self.after})


def days(now: datetime) -> list[datetime]:
    """When the copies of the trial were made, oldest first: at noon, so that no zone moves one to another day."""
    noon = now.replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)
    recent = [noon - timedelta(days=each) for each in range(DAYS)]
    older = [recent[-1] - timedelta(days=30 * each) for each in range(1, MONTHS)]
    return sorted([*recent, *older])


@contextmanager
def aged(platform: Platform, moments: list[datetime]) -> Iterator[None]:
    """A repository of the trial on the server of the copies, with a copy of each of these moments."""
    server = platform.backups.server.name
    with platform.losses.scratch(server, ROOT):
        platform.remote.run(server, f"chmod 0711 {ROOT}")
        script = MAKE.format(key=KEY, root=ROOT, host=HOST, account=ACCOUNT)
        written = "".join(f"{moment:%Y-%m-%d %H:%M:%S}\n" for moment in moments)
        made = platform.remote.run(server, f"TZ=UTC /bin/sh -c {shlex.quote(script)}", stdin=written, timeout_s=LIMIT_S)
        if made.rc != 0:
            raise Inconclusive(f"{server} : copies d'essai impossibles ({made.stderr.strip()[-200:]})")
        done = platform.remote.run(server, f"cat >{TRIAL}", stdin=json.dumps(_settings(platform, server)))
        if done.rc != 0:
            raise Inconclusive(f"{server} : {done.stderr.strip()}")
        yield


def _settings(platform: Platform, server: str) -> dict[str, Any]:
    """The settings of the server, with the repository of the trial alone."""
    told = platform.remote.run(server, f"cat {SETTINGS}")
    if told.rc != 0:
        raise Inconclusive(f"{server} : {told.stderr.strip()}")
    one = {"name": HOST, "access": "", "key": KEY, "sets": [{"name": "systeme", "rpo_minutes": 1440}]}
    own = {"root": ROOT, "state": f"{ROOT}/etat", "run": f"{ROOT}/etat", "repositories": [one]}
    found: dict[str, Any] = json.loads(told.stdout) | own | {"far_url": "", "recipient": ""}
    return found


def pruned(platform: Platform, *, clock: str = "") -> Pruned:
    """Have the server's program prune the repository of the trial, its clock moved (a shift of faketime)."""
    server = platform.backups.server.name
    before = _listed(platform)
    # The times of files stay those of their day: a clock that jumps does not move them.
    moved = f"NO_FAKE_STAT=1 faketime -f {shlex.quote(clock)} " if clock else ""
    done = platform.remote.run(
        server, f"SAUVEGARDE_REGLAGES={TRIAL} {moved}sauvegarde retention {HOST}", timeout_s=LIMIT_S
    )
    return Pruned(before, _listed(platform), done.rc, done.stderr.strip())


def _listed(platform: Platform) -> tuple[Copy, ...]:
    folder = f"{ROOT}/depots/{HOST}"
    listing = f"RESTIC_PASSWORD={KEY} restic --repo {folder} --no-lock --no-cache --json snapshots"
    done = platform.remote.run(platform.backups.server.name, listing, timeout_s=LIMIT_S)
    if done.rc != 0:
        raise Inconclusive(f"Copies d'essai illisibles : {done.stderr.strip()}")
    arrivals = platform.remote.run(platform.backups.server.name, f"stat --format='%n %Y' {folder}/snapshots/*")
    known = {line.rsplit("/", 1)[-1].split()[0]: float(line.split()[-1]) for line in arrivals.stdout.splitlines()}
    told = json.loads(done.stdout)
    return copies({**each, "depot": HOST, "arrived": known[each["id"]]} for each in told)


def lost(pruning: Pruned) -> list[str]:
    """Copies that are gone."""
    left = Counter(copy.id for copy in pruning.after)
    return [copy.id for copy in pruning.before if copy.id not in left]
