"""The daily work: prune, verify, copy far away. One repository that fails does not keep the others from their turn."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from sauvegarde import restic, retention
from sauvegarde.reglages import Repository, Settings

WEEK = 7


class Journal:
    """What was done last for each repository, kept in one file for each kind of work."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.told: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    def write(self, name: str, **facts: Any) -> None:
        """Replace what is known of a repository, at once."""
        self.told[name] = facts
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_suffix(".new")
        draft.write_text(json.dumps(self.told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        draft.rename(self.path)


def journal(settings: Settings, work: str) -> Journal:
    return Journal(settings.state / f"{work}.json")


def prune(settings: Settings, wanted: list[str]) -> list[str]:
    """Prune the repositories; return those that were refused, and why."""
    book = journal(settings, "retention")
    # Asked of every repository before any is pruned: the newest copy anywhere tells whether our clock can be right.
    arrivals = [_newest(settings.folder / each.name / "snapshots") for each in settings.kept]
    newest = max(arrivals, default=0.0)

    def one(repository: Repository) -> None:
        known = book.told.get(repository.name, {})
        last = retention.Last(known["at"], known["kept"]) if "kept" in known else None
        done = retention.prune(settings, repository, time.time(), last, newest)
        if isinstance(done, str):
            book.write(repository.name, **(asdict(last) if last else {}), refused=done)
            raise restic.Failed(done)
        book.write(repository.name, **asdict(done))

    return _each(settings, wanted, one)


def verify(settings: Settings, wanted: list[str], *, everything: bool = False) -> list[str]:
    """Read a seventh of each repository, by the day of the week, or all of it; return what was found wrong."""
    book = journal(settings, "verification")
    part = "--read-data" if everything else f"--read-data-subset={datetime.now().astimezone().weekday() + 1}/{WEEK}"

    def one(repository: Repository) -> None:
        start = time.time()
        words = [*restic.near(settings, repository), "--retry-lock", restic.LOCK_WAIT, "check", part]
        try:
            restic.run(settings, words, restic.secrets(repository))
        except restic.Failed as error:
            book.write(repository.name, at=start, ok=False, detail=str(error))
            raise
        # What a partial reading did not look at is not forgiven.
        if everything or book.told.get(repository.name, {}).get("ok", True):
            book.write(repository.name, at=start, ok=True, detail=part)

    return _each(settings, wanted, one)


def send_far(settings: Settings, wanted: list[str]) -> list[str]:
    """Add to the far copy what it lacks; return what could not be sent."""
    if not settings.far_url:
        return []
    book = journal(settings, "hors-site")

    def one(repository: Repository) -> None:
        start = time.time()
        source = ["--from-repo", str(settings.folder / repository.name)]
        environment = {**restic.secrets(repository, distant=True), "RESTIC_FROM_PASSWORD": repository.key}
        target = restic.far(settings, repository)
        try:
            if not _far_exists(settings, repository):
                restic.run(settings, [*target, "init", *source, "--copy-chunker-params"], environment)
            restic.run(settings, [*target, "--retry-lock", restic.LOCK_WAIT, "copy", *source], environment)
        except restic.Failed as error:
            known = book.told.get(repository.name, {})
            book.write(repository.name, at=known.get("at"), ok=False, detail=str(error))
            raise
        book.write(repository.name, at=start, ok=True, detail="")

    return _each(settings, wanted, one)


def fetch_back(settings: Settings, wanted: list[str]) -> list[str]:
    """Fill the repositories of a new server from the far copy; return what could not be fetched.

    A copy then arrives long after it was made: its file is given the time that it claims, as the far copy kept it.
    """

    def one(repository: Repository) -> None:
        source = ["--from-repo", restic.far(settings, repository)[1]]
        environment = {
            "RESTIC_PASSWORD": repository.key,
            "RESTIC_FROM_PASSWORD": repository.far_key,
            "RESTIC_REST_USERNAME": repository.name,
            "RESTIC_REST_PASSWORD": repository.far_access,
        }
        restic.run(settings, [*restic.near(settings, repository), "copy", *source], environment)
        for each in restic.snapshots(settings, repository):
            os.utime(settings.folder / repository.name / "snapshots" / each.id, (each.claimed, each.claimed))

    return _each(settings, wanted, one)


def _far_exists(settings: Settings, repository: Repository) -> bool:
    """Whether the far repository is there; only its absence is a no."""
    try:
        words = [*restic.far(settings, repository), "--no-lock", "cat", "config"]
        restic.run(settings, words, restic.secrets(repository, distant=True))
    except restic.Absent:
        return False
    return True


def _each(settings: Settings, wanted: list[str], work: Callable[[Repository], None]) -> list[str]:
    unknown = set(wanted) - {each.name for each in settings.kept}
    if unknown:
        raise SystemExit(f"no such repository: {', '.join(sorted(unknown))}")
    failed = []
    for repository in settings.kept:
        if wanted and repository.name not in wanted:
            continue
        try:
            work(repository)
        except restic.Failed as error:
            failed.append(f"{repository.name} : {error}")
    return failed


def _newest(folder: Path) -> float:
    return max((each.stat().st_mtime for each in folder.iterdir()), default=0.0) if folder.is_dir() else 0.0
