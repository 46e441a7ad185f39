"""Numbered files: what a copy held, and what was written after it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from recette.errors import Inconclusive
from recette.platform import Platform
from recette.policy.backing import pushes
from recette.probes.backups import Restored
from recette.shell import must
from recette.site import Host
from recette.trials.backup.rounds import require_copied

SYSTEM = "systeme"
FILE = "/root/recette-marqueur"
BESIDE = "/var/tmp/recette-restauration"  # noqa: S108 - a name that the undo journal must know
BEFORE, AFTER = "marqueur 1 : avant la copie\n", "marqueur 2 : après la copie\n"
EXTRACT = "tar --extract --to-stdout --file={folder}/{set}.tar {file}"


@dataclass
class Marked:
    """A numbered file of a host: what was copied, and what a restoration brought back."""

    host: Host
    restored: Restored | None = None
    content: str = ""


@contextmanager
def marked(platform: Platform, host: Host) -> Iterator[Marked]:
    """A file copied with its first number, then given a second one that no copy holds."""
    with platform.traces.left(host.name, FILE, BEFORE):
        require_copied(platform, [host], [SYSTEM])
        must(platform.remote, host.name, f"cat >{FILE}", AFTER)
        yield Marked(host)


def restored(platform: Platform, mark: Marked) -> None:
    """Destroy the file, restore it alone; on the host that collects for those that are collected."""
    destroyed = platform.remote.run(mark.host.name, f"rm -- {FILE}")
    if destroyed.rc != 0:
        raise Inconclusive(f"{mark.host.name} : rien à détruire ({destroyed.stderr.strip()})")
    if pushes(platform.site, mark.host):
        mark.restored = platform.backups.restore(mark.host, SYSTEM, inside=[FILE])
        mark.content = platform.remote.run(mark.host.name, f"cat {FILE}").stdout
        return
    runner = platform.backups.runner(mark.host)
    with beside(platform, runner) as folder:
        mark.restored = platform.backups.restore(mark.host, SYSTEM, beside=folder)
        command = EXTRACT.format(folder=folder, set=SYSTEM, file=FILE.lstrip("/"))
        mark.content = platform.remote.run(runner.name, command).stdout


@contextmanager
def beside(platform: Platform, host: Host) -> Iterator[str]:
    """A folder to restore into, which goes away."""
    with platform.losses.scratch(host.name, BESIDE):
        yield BESIDE


def digests(platform: Platform, host: Host, folder: str) -> dict[str, str]:
    """Path under a folder -> SHA-256 of its content."""
    quoted = shlex.quote(folder)
    done = platform.remote.run(host.name, f"cd {quoted} && find . -type f -exec sha256sum -- {{}} +")
    if done.rc != 0:
        raise Inconclusive(f"{host.name} : {folder} illisible ({done.stderr.strip()})")
    pairs = (line.split("  ", 1) for line in done.stdout.splitlines())
    return {path: digest for digest, path in pairs}
