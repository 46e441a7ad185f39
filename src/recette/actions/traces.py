"""What a trial leaves on a host on purpose, and takes away: files, packages, altered archives, units that misbehave."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager

from recette.actions.journal import Act, Drivers, Journal
from recette.actions.undoing import undone
from recette.errors import Inconclusive
from recette.shell import Remote, must

DRIVER = "traces"
SAVED = ".recette-avant"
WRITE = "mkdir --parents -- {folder} && cat >{path}"
ALTER = (
    "cp --preserve -- {path} {saved} && "
    "printf '\\377' | dd of={path} bs=1 seek=$(($(stat --format=%s {path}) / 2)) conv=notrunc status=none"
)
RESTORE = "test ! -e {saved} || mv -- {saved} {path}"
# Kept in another folder: beside the log it would look like a rotation.
ASIDE = "/var/tmp/recette-journal"  # noqa: S108 - a name that the undo journal must know
EMPTY = "test -s {path} && cp --preserve -- {path} {aside} && : >{path}"
# The log is held open by who writes it: what it lost goes where the last rotation would have put it.
KEEP = "test ! -e {aside} || {{ cat -- {aside} >>{path}.1 && rm -- {aside}; }}"
# Lost with a restart of the machine, and no file that anybody watches.
OVERRIDE = (
    "mkdir --parents -- {folder} && cat >{folder}/recette.conf && systemctl daemon-reload && systemctl restart {unit}"
)
CONFORM = (
    "test ! -e {folder}/recette.conf || {{ rm -r -- {folder} && systemctl daemon-reload && systemctl restart {unit}; }}"
)


class Traces:
    """The verbs that the undo journal may name; each takes the name of a host, and is idempotent."""

    def __init__(self, remote: Remote, journal: Journal) -> None:
        self._remote = remote
        self._journal = journal

    def verbs(self) -> Drivers:
        """For the replay of the journal."""
        return {
            DRIVER: {
                "remove": self.remove,
                "restore": self.restore,
                "keep": self.keep,
                "conform": self.conform,
                "purge": self.purge,
                "stop": self.stop,
            }
        }

    @contextmanager
    def left(self, host: str, path: str, content: str) -> Iterator[None]:
        """Write a file that was not there; it goes away with the block. Inconclusive if it was there, or cannot be."""
        if self._remote.run(host, f"test ! -e {shlex.quote(path)}").rc != 0:
            raise Inconclusive(f"{host} : {path} existe déjà")
        with undone(self._journal, "fichier déposé", (host,), [_act("remove", host, path)], self.verbs()):
            folder = path.rsplit("/", 1)[0]
            self._must(host, WRITE.format(folder=shlex.quote(folder), path=shlex.quote(path)), content)
            yield

    @contextmanager
    def altered(self, host: str, path: str) -> Iterator[None]:
        """Change one byte of a file; the file of before comes back with the end of the block."""
        quoted = {"path": shlex.quote(path), "saved": shlex.quote(path + SAVED)}
        with undone(self._journal, "archive altérée", (host,), [_act("restore", host, path)], self.verbs()):
            self._must(host, ALTER.format(**quoted))
            yield

    @contextmanager
    def emptied(self, host: str, path: str) -> Iterator[None]:
        """Empty a log; with the end of the block its lines are kept in `path`.1. Inconclusive if it held nothing."""
        with undone(self._journal, "journal vidé", (host,), [_act("keep", host, path)], self.verbs()):
            self._must(host, EMPTY.format(path=shlex.quote(path), aside=ASIDE))
            yield

    @contextmanager
    def overridden(self, host: str, unit: str, settings: str) -> Iterator[None]:
        """Run a unit with other settings (a drop-in) until the block ends."""
        with undone(self._journal, "unité modifiée", (host,), [_act("conform", host, unit)], self.verbs()):
            self._must(host, OVERRIDE.format(**_unit(unit)), settings)
            yield

    @contextmanager
    def installed(self, host: str, package: str, script: str) -> Iterator[None]:
        """Install a package by a script; it is purged with the end of the block."""
        with undone(self._journal, "paquet installé", (host,), [_act("purge", host, package)], self.verbs()):
            self._must(host, script)
            yield

    @contextmanager
    def running(self, host: str, unit: str, command: str) -> Iterator[None]:
        """Run a command as a transient unit until the block ends."""
        with undone(self._journal, "service éphémère", (host,), [_act("stop", host, unit)], self.verbs()):
            self._must(host, f"systemd-run --quiet --collect --unit={shlex.quote(unit)} {command}")
            yield

    def remove(self, host: str, path: str) -> None:
        """Remove a file, if it is there."""
        self._must(host, f"rm --force -- {shlex.quote(path)}")

    def restore(self, host: str, path: str) -> None:
        """Put back the file of before, if one was saved."""
        self._must(host, RESTORE.format(path=shlex.quote(path), saved=shlex.quote(path + SAVED)))

    def keep(self, host: str, path: str) -> None:
        """Put what an emptied log held beside it, if that was not done."""
        self._must(host, KEEP.format(path=shlex.quote(path), aside=ASIDE))

    def conform(self, host: str, unit: str) -> None:
        """Run a unit as its role wants it, if it was given other settings."""
        self._must(host, CONFORM.format(**_unit(unit)))

    def purge(self, host: str, package: str) -> None:
        """Remove a package and its settings, if it is installed."""
        quoted = shlex.quote(package)
        self._must(host, f"! dpkg-query --show {quoted} >/dev/null 2>&1 || dpkg --purge {quoted}")

    def stop(self, host: str, unit: str) -> None:
        """Stop a transient unit, if it runs."""
        quoted = shlex.quote(unit)
        self._must(host, f"! systemctl is-active --quiet {quoted} || systemctl stop {quoted}")

    def _must(self, host: str, script: str, stdin: str = "") -> None:
        must(self._remote, host, script, stdin)


def _unit(unit: str) -> dict[str, str]:
    return {"unit": shlex.quote(unit), "folder": shlex.quote(f"/run/systemd/system/{unit}.d")}


def _act(verb: str, *args: str) -> Act:
    return Act(driver=DRIVER, verb=verb, args=args)
