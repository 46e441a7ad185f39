"""Logs of this host that shrink or go away, other than by a rotation."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Seen:
    """A log as it was at a look: inode and bytes."""

    inode: int
    size: int


COMPRESSED = frozenset({".bz2", ".gz", ".xz", ".zst"})


class Logs:
    """Files that patterns name, looked at again and again."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = patterns
        self._known = self._look()

    def erased(self, since_s: float) -> list[str]:
        """One line for each log that lost what it held; `since_s` is the last look, by the clock of files.

        What a rotation takes (by renaming, by compressing, or by a copy before the log is emptied) stands beside it, in
        a file of a like name that is not older than the last look.
        """
        before, self._known = self._known, self._look()
        return [
            f"log act={act} bytes={seen.size} path={path}"
            for path, seen in before.items()
            if (act := lost(seen, self._known.get(path))) and not rotated(path, seen, since_s)
        ]

    def _look(self) -> dict[str, Seen]:
        root = Path("/")
        return dict(_seen(path for pattern in self._patterns for path in root.glob(pattern.lstrip("/"))))


def lost(before: Seen, now: Seen | None) -> str:
    """What happened to a log; nothing if it still holds all that it did."""
    if not before.size:
        return ""
    if now is None:
        return "deleted"
    if now.inode != before.inode:
        return "replaced"
    return "truncated" if now.size < before.size else ""


def rotated(path: str, before: Seen, since_s: float) -> bool:
    """Whether what a log held stands beside it under a name that begins alike (access.log.1, system@….journal).

    The same file, one that is as long, or a compressed one; changed since an instant.
    """
    folder, name = path.rsplit("/", 1)
    start = name.split(".", 1)[0]
    try:
        entries = list(os.scandir(folder))
    except FileNotFoundError:
        return False
    others = (Path(entry.path) for entry in entries if entry.name != name and entry.name.startswith(start))
    return any(_holds(other, before, since_s) for other in others)


def _holds(other: Path, before: Seen, since_s: float) -> bool:
    try:
        found = other.lstat()
    except FileNotFoundError:
        return False
    whole = found.st_ino == before.inode or found.st_size >= before.size
    return found.st_ctime >= since_s and (whole or (other.suffix in COMPRESSED and found.st_size > 0))


def _seen(paths: Iterable[Path]) -> Iterator[tuple[str, Seen]]:
    for path in paths:
        try:
            found = path.lstat()
        except FileNotFoundError:
            continue
        yield str(path), Seen(found.st_ino, found.st_size)
