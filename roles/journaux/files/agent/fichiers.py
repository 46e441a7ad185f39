"""Files that change below some folders, as the kernel tells it (inotify)."""

from __future__ import annotations

import ctypes
import fcntl
import fnmatch
import hashlib
import os
import pwd
import struct
import time
from dataclasses import dataclass, field
from pathlib import Path

CLOSE_WRITE, ATTRIB, MOVED_FROM, MOVED_TO, CREATE, DELETE = 0x8, 0x4, 0x40, 0x80, 0x100, 0x200
OVERFLOW, IGNORED, IS_FOLDER = 0x4000, 0x8000, 0x40000000
ONLY_FOLDERS, NO_LINKS = 0x01000000, 0x02000000
WANTED = CLOSE_WRITE | ATTRIB | MOVED_FROM | MOVED_TO | CREATE | DELETE | ONLY_FOLDERS | NO_LINKS
EVENT = struct.Struct("iIII")
BUFFER = 256 * 1024
SETTLE_S = 0.2
"""One act of a program makes several events: a file is told of once it has been left alone for that long."""
DIGESTED = 64 * 1024 * 1024
"""Bytes of the largest file that is digested."""
PACKAGE_LOCKS = ("/var/lib/dpkg/lock", "/var/lib/dpkg/lock-frontend")
PACKAGE_STATUS = "/var/lib/dpkg/status"
"""What the package manager writes last, before it lets go of its locks."""
RELEASED_S = 2.0
"""For that long after it, a change is still its own: a host that is busy hears of changes late."""


@dataclass
class Change:
    """What is known of a file that is changing; `due_s` on the monotonic clock, `by` who holds the package manager."""

    due_s: float
    by: str
    masks: int = 0


@dataclass
class Tree:
    """Folders and all below them. `roots` may appear later."""

    roots: list[str]
    ignored: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self.descriptor = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self.descriptor < 0:
            raise OSError(ctypes.get_errno(), "inotify_init1")
        self._folders: dict[int, str] = {}
        self._present: dict[str, int] = {}
        self._pending: dict[str, Change] = {}
        self.look_for_roots(now_s=0.0, begin=True)

    def look_for_roots(self, now_s: float, *, begin: bool = False) -> None:
        """Watch the roots that have appeared; what they hold is new unless the program begins."""
        for root in self.roots:
            # Another folder may stand there under the same name.
            inode = Path(root).stat().st_ino if Path(root).is_dir() else 0
            if inode and inode != self._present.get(root):
                self._add(root, None if begin else now_s)
            self._present[root] = inode

    def read(self, now_s: float) -> bool:
        """Take in what the kernel has to tell; False when it told that it had lost some."""
        whole = True
        while True:
            try:
                data = os.read(self.descriptor, BUFFER)
            except BlockingIOError:
                return whole
            place = 0
            while place < len(data):
                watch, mask, _, length = EVENT.unpack_from(data, place)
                name = data[place + EVENT.size : place + EVENT.size + length].rstrip(b"\0")
                place += EVENT.size + length
                whole = whole and not mask & OVERFLOW
                self._take(watch, mask, os.fsdecode(name), now_s)

    def settled(self, now_s: float) -> list[tuple[str, Change]]:
        """The files that have been left alone since they changed."""
        found = [(path, change) for path, change in self._pending.items() if change.due_s <= now_s]
        for path, _ in found:
            del self._pending[path]
        return found

    @property
    def busy(self) -> bool:
        return bool(self._pending)

    def _take(self, watch: int, mask: int, name: str, now_s: float) -> None:
        if mask & IGNORED:
            # A root that is made again may get the same inode.
            self._present.pop(self._folders.pop(watch, ""), None)
            return
        folder = self._folders.get(watch)
        if folder is None or not name:
            return
        path = f"{folder}/{name}"
        if mask & IS_FOLDER:
            if mask & (CREATE | MOVED_TO) and not self._is_ignored(path):
                self._add(path, now_s)
            return
        self._note(path, mask, now_s)

    def _note(self, path: str, mask: int, now_s: float) -> None:
        if self._is_ignored(path):
            return
        change = self._pending.setdefault(path, Change(0.0, holder()))
        change.due_s, change.masks = now_s + SETTLE_S, change.masks | mask

    def _add(self, top: str, now_s: float | None) -> None:
        """Watch a folder and all below; with an instant, tell of the files that it already holds.

        Each folder is watched before it is listed: what is made meanwhile is seen twice rather than never.
        """
        watch = self._libc.inotify_add_watch(self.descriptor, os.fsencode(top), WANTED)
        if watch < 0:
            if Path(top).is_dir():
                raise OSError(ctypes.get_errno(), f"inotify_add_watch {top}")
            return
        self._folders[watch] = top
        try:
            entries = list(os.scandir(top))
        except FileNotFoundError:
            return
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if not self._is_ignored(entry.path):
                    self._add(entry.path, now_s)
            elif now_s is not None:
                self._note(entry.path, CLOSE_WRITE, now_s)

    def _is_ignored(self, path: str) -> bool:
        name = path.rsplit("/", 1)[-1]
        return any(fnmatch.fnmatch(path if "/" in pattern else name, pattern) for pattern in self.ignored)


def holder() -> str:
    """`dpkg` while the package manager holds its locks or has just ended, else `-`."""
    for lock in PACKAGE_LOCKS:
        try:
            with open(lock, "rb") as stream:  # noqa: PTH123 - of a descriptor, which is what is asked about
                asked = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
                kind = struct.unpack("hhqqi4x", fcntl.fcntl(stream, fcntl.F_GETLK, asked))[0]
        except FileNotFoundError:
            continue
        if kind != fcntl.F_UNLCK:
            return "dpkg"
    try:
        ended_s = Path(PACKAGE_STATUS).stat().st_mtime
    except FileNotFoundError:
        return "-"
    return "dpkg" if 0 <= time.time() - ended_s < RELEASED_S else "-"


def described(path: str, change: Change) -> str:
    """What became of a file: act, owner, mode, digest; the path comes last, for it may hold anything."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return f"file act=deleted by={change.by} owner=- mode=- sha256=- path={path}"
    act = "modified" if change.masks & (CLOSE_WRITE | MOVED_TO | CREATE) else "attributes"
    regular = Path(path).is_file() and not Path(path).is_symlink()
    digest = sha256(path) if regular and found.st_size <= DIGESTED else "-"
    mode = f"{found.st_mode & 0o7777:04o}"
    return f"file act={act} by={change.by} owner={owner(found.st_uid)} mode={mode} sha256={digest} path={path}"


def owner(number: int) -> str:
    """Name of a user of this host, or its number."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def sha256(path: str) -> str:
    """Digest of a file; `-` when it went away meanwhile."""
    try:
        with Path(path).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError:
        return "-"
