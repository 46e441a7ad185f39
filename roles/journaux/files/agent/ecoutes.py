"""TCP ports that this host listens on, for others than itself."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

LISTENING = "0A"
LOOPBACK = ("0100007F", "0" * 24 + "01000000", "0000000000000000FFFF00000100007F")
MOST = 20
"""Ports told of one by one at a time."""


class Ports:
    """Knows the ports that are expected, and those that were open when it looked for the first time."""

    def __init__(self, expected: Iterable[int], memory: Path) -> None:
        if not memory.exists():
            memory.write_text(json.dumps(sorted(set(open_ports()))), encoding="ascii")
        learnt = json.loads(memory.read_text(encoding="ascii"))
        self._known = {*expected, *learnt}
        self._told: set[int] = set()

    def new(self, found: dict[int, str]) -> list[str]:
        """One line for each port that is open and should not be; again only once it was closed in between."""
        strange = {port: inode for port, inode in found.items() if port not in self._known}
        fresh = sorted(strange.keys() - self._told)
        self._told = set(strange)
        holders = processes() if fresh else {}
        lines = [line(port, holders.get(strange[port])) for port in fresh[:MOST]]
        more = len(fresh) - len(lines)
        return [*lines, *([f"listening protocol=tcp others={more}"] if more else [])]


def open_ports() -> dict[int, str]:
    """Each port, and the inode of a socket that listens on it."""
    return dict(
        found for table in ("/proc/net/tcp", "/proc/net/tcp6") if Path(table).exists() for found in _listed(table)
    )


def line(port: int, process: Path | None) -> str:
    """What listens on a port, by the folder of its process in /proc; None when nobody knows."""
    name, user = "-", "-"
    if process:
        try:
            name = (process / "comm").read_text(encoding="utf-8", errors="replace").strip().replace(" ", "_")
            user = str(process.stat().st_uid)
        except (FileNotFoundError, ProcessLookupError):  # it is over
            name, user = "-", "-"
    return f"listening protocol=tcp port={port} user={user} program={name}"


def processes() -> dict[str, Path]:
    """Each socket that is open, by its inode, and the folder in /proc of a process that holds it."""
    return {inode: process for process in Path("/proc").glob("[0-9]*") for inode in _sockets(process)}


def _sockets(process: Path) -> Iterator[str]:
    """Inodes of what a process holds; nothing of one that is over, or may not be looked into."""
    gone = (FileNotFoundError, ProcessLookupError, PermissionError)
    try:
        opened = list((process / "fd").iterdir())
    except gone:
        return
    for each in opened:
        try:
            target = str(each.readlink())
        except gone:
            continue
        if target.startswith("socket:["):
            yield target[8:-1]


def _listed(table: str) -> Iterator[tuple[int, str]]:
    for row in Path(table).read_text(encoding="ascii").splitlines()[1:]:
        fields = row.split()
        address, port = fields[1].split(":")
        if fields[3] == LISTENING and address not in LOOPBACK and not address.endswith("7F"):
            yield int(port, 16), fields[9]
