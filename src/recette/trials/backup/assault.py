"""What root on a taken host tries against its copies and those of others, and what ransomware does to its files."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from recette.errors import Inconclusive
from recette.platform import Platform
from recette.probes.agents import source
from recette.probes.backups import Copy, Restored, Verified
from recette.shell import must
from recette.site import Host
from recette.trials.backup.markers import beside, digests
from recette.trials.backup.rounds import require_copied

SETTINGS = "/etc/sauvegarde-client/reglages.json"
LIMIT_S = 120.0
REFUSED = frozenset({401, 403, 405})
OTHER = "mail1"
TRIES = {
    "effacer une copie": ("DELETE", "snapshots", None),
    "réécrire une copie": ("POST", "snapshots", None),
    "effacer des données": ("DELETE", "data", None),
    "réécrire des données": ("POST", "data", None),
    "effacer l'index": ("DELETE", "index", None),
    "effacer la clé du dépôt": ("DELETE", "keys", None),
    "réécrire la configuration du dépôt": ("POST", "config", None),
    "effacer le dépôt entier": ("DELETE", "", None),
    "lire les copies d'un autre hôte": ("GET", "snapshots", OTHER),
    "écrire dans le dépôt d'un autre hôte": ("POST", "config", OTHER),
}
"""Words of the features -> method, folder of the repository, whose repository (the host's own where none)."""
VICTIM, FILES = "/root/recette-rancon", 40
FILL = f"for n in $(seq {FILES}); do head --bytes=20000 /dev/urandom >{VICTIM}/$n; done"
ENCRYPT = (
    f"cd {VICTIM} && for each in *; do openssl enc -aes-256-cbc -pbkdf2 -pass pass:rançon -in $each -out $each.chiffre "
    "&& rm $each; done"
)
LARGEST = (
    "find /srv/sauvegarde/depots/{host}/data -type f -printf '%T@ %s %p\\n' | sort --numeric-sort | tail --lines=1"
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What was tried, what the server answered, and the copies that the host had before and after."""

    words: str
    status: int
    said: str
    before: frozenset[str]
    after: frozenset[str]

    @property
    def refused(self) -> bool:
        return self.status in REFUSED


def attempted(platform: Platform, host: Host, words: str) -> Attempt:
    """Try one attack. Inconclusive if there was nothing to attack; KeyError for words that mean none."""
    method, kind, repository = TRIES[words]
    payload = {"settings": SETTINGS, "tries": [{"method": method, "kind": kind, "repository": repository}]}
    victims = [repository or host.name]
    before = frozenset(copy.id for copy in platform.backups.copies(victims))
    (answer,) = platform.remote.python(host.name, source("backups/assault"), payload, timeout_s=LIMIT_S)
    if answer["status"] == 0 or not before:
        raise Inconclusive(f"{words} : {answer['said'] or 'aucune copie à perdre'}")
    after = frozenset(copy.id for copy in platform.backups.copies(victims))
    return Attempt(words, answer["status"], answer["said"], before, after)


@dataclass(frozen=True, slots=True)
class Ransom:
    """Files before they were encrypted, after, and as an older copy gave them back."""

    before: dict[str, str]
    encrypted: dict[str, str]
    restored: dict[str, str]
    done: Restored


@contextmanager
def ransomed(platform: Platform, host: Host) -> Iterator[Ransom]:
    """Copy files, encrypt them all as ransomware does, have them copied so, and restore the copy from before."""
    with platform.losses.scratch(host.name, VICTIM):
        must(platform.remote, host.name, FILL, timeout_s=LIMIT_S)
        before = digests(platform, host, VICTIM)
        sound = _copied(platform, host)
        must(platform.remote, host.name, ENCRYPT, timeout_s=LIMIT_S)
        _copied(platform, host)
        encrypted = digests(platform, host, VICTIM)
        with beside(platform, host) as folder:
            done = platform.backups.restore(host, "systeme", beside=folder, copy=sound.id, inside=[VICTIM])
            yield Ransom(before, encrypted, digests(platform, host, folder + VICTIM) if done.done else {}, done)


@dataclass(frozen=True, slots=True)
class Altered:
    """What the whole reading said before a byte changed, then, and once it was back."""

    before: Verified
    during: Verified
    after: Verified
    older: Restored
    """The restoration of the copy of before, while the byte was altered."""


def altered(platform: Platform, host: Host) -> Altered:
    """Change one byte of what the last copy added, read everything, restore the copy before it."""
    server = platform.backups.server
    with platform.losses.scratch(host.name, VICTIM):
        older = _copied(platform, host)
        must(platform.remote, host.name, FILL, timeout_s=LIMIT_S)
        _copied(platform, host)
    before = platform.backups.verify(host.name)
    found = platform.remote.run(server.name, LARGEST.format(host=shlex.quote(host.name))).stdout.split()
    if not found:
        raise Inconclusive(f"{server.name} : rien à altérer pour {host.name}")
    with platform.traces.altered(server.name, found[-1]):
        during = platform.backups.verify(host.name)
        with beside(platform, host) as folder:
            done = platform.backups.restore(host, "systeme", beside=folder, copy=older.id)
    return Altered(before, during, platform.backups.verify(host.name), done)


def _copied(platform: Platform, host: Host) -> Copy:
    """Copy the system of a host; the copy that this made."""
    require_copied(platform, [host], ["systeme"])
    found = [copy for copy in platform.backups.copies([host.name]) if copy.set == "systeme"]
    return max(found, key=lambda copy: copy.arrived_s)
