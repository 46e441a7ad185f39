"""Destroy what a host holds, so that it must be restored; what was there comes back whatever the restoration did."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from recette.actions.journal import Act, Drivers, Journal
from recette.actions.undoing import undone
from recette.shell import Remote, must

DRIVER = "loss"
ASIDE = ".recette-perdu"
LIMIT_S = 180.0
# Aside is out of reach for the service and for the restoration: as good as gone, and nothing is lost for good. Where
# several paths are lost, one that was moved already is left.
LOSE = "test -e {path} && test ! -e {aside} && mv --no-target-directory -- {path} {aside}"
FIND = "test ! -e {aside} || {{ rm --recursive --force -- {path} && mv --no-target-directory -- {aside} {path}; }}"


class Losses:
    """The verbs that the undo journal may name; each takes the name of a host, and is idempotent."""

    def __init__(self, remote: Remote, journal: Journal) -> None:
        self._remote = remote
        self._journal = journal

    def verbs(self) -> Drivers:
        """For the replay of the journal."""
        return {
            DRIVER: {
                "stop": self.stop,
                "find": self.find,
                "start": self.start,
                "clear": self.clear,
                "forget": self.forget,
            }
        }

    @contextmanager
    def lost(self, host: str, paths: Sequence[str], units: Sequence[str] = ()) -> Iterator[None]:
        """Stop services and lose their files until the block ends; then the files of before serve again.

        Raises Inconclusive where there was nothing to lose.
        """
        acts = [*(_act("stop", host, unit) for unit in units), *(_act("find", host, path) for path in paths)]
        acts += [_act("start", host, unit) for unit in units]
        with undone(self._journal, "données détruites", (host,), acts, self.verbs()):
            for unit in units:
                self.stop(host, unit)
            for path in paths:
                self._must(host, _filled(LOSE, path))
            yield

    @contextmanager
    def scratch(self, host: str, folder: str) -> Iterator[None]:
        """Have a new folder, which only root enters, until the block ends."""
        with undone(self._journal, "dossier d'essai", (host,), [_act("clear", host, folder)], self.verbs()):
            self.clear(host, folder)
            self._must(host, f"mkdir --mode=0700 --parents -- {shlex.quote(folder)}")
            yield

    @contextmanager
    def account(self, host: str, login: str, secret: str) -> Iterator[None]:
        """Have one more account in the directory, made on one of its controllers, until the block ends."""
        with undone(self._journal, "compte d'essai", (host,), [_act("forget", host, login)], self.verbs()):
            # samba-tool asks for the password, twice, where none is given: the list of processes shows none.
            self._must(host, f"samba-tool user create {shlex.quote(login)}", f"{secret}\n{secret}\n")
            yield

    def clear(self, host: str, folder: str) -> None:
        """Remove a folder, if it is there."""
        self._must(host, f"rm --recursive --force -- {shlex.quote(folder)}")

    def forget(self, host: str, login: str) -> None:
        """Remove an account, if it is there."""
        quoted = shlex.quote(login)
        self._must(host, f"! samba-tool user show {quoted} >/dev/null 2>&1 || samba-tool user delete {quoted}")

    def stop(self, host: str, unit: str) -> None:
        """Stop a service, if it runs."""
        self._must(host, f"systemctl stop {shlex.quote(unit)}")

    def find(self, host: str, path: str) -> None:
        """Put back what was lost, in place of what was restored, if that was not done."""
        self._must(host, _filled(FIND, path))

    def start(self, host: str, unit: str) -> None:
        """Start a service, if it does not run."""
        self._must(host, f"systemctl reset-failed {shlex.quote(unit)}; systemctl start {shlex.quote(unit)}")

    def _must(self, host: str, script: str, stdin: str = "") -> None:
        must(self._remote, host, script, stdin, LIMIT_S)


def _filled(script: str, path: str) -> str:
    return script.format(path=shlex.quote(path), aside=shlex.quote(path.rstrip("/") + ASIDE))


def _act(verb: str, *args: str) -> Act:
    return Act(driver=DRIVER, verb=verb, args=args)
