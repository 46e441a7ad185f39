"""Watches this host, and tells the journal what it sees: files, logs, ports, refusals, viruses, and the time it is.

    agent.py SETTINGS

SETTINGS is JSON, written by role journaux. Each kind has an identifier of its own (integrite, effacement, ecoute,
pare-feu, antivirus, horloge), and one line for each fact.
"""

from __future__ import annotations

import json
import os
import select
import socket
import struct
import sys
import time
from pathlib import Path
from typing import Any

from ecoutes import Ports, open_ports
from effacements import Logs
from fichiers import Tree, described, owner
from refus import Refusals

PORTS_EVERY_S, ROOTS_EVERY_S, CLOCK_EVERY_S, TICK_S = 2.0, 2.0, 2.0, 0.2
CHUNK, SCANNED = 64 * 1024, 25 * 1024 * 1024
"""Bytes sent to the scanner at once, and of the largest file that is sent."""
SCAN_LIMIT_S = 30.0
CLOCK_GRAIN_S = 0.1
"""The kernel dates files by its last tick."""
PRIORITY = 8 * 10 + 5
"""authpriv.notice"""


class Journal:
    """The system journal, by its own socket."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.connect("/dev/log")

    def tell(self, identifier: str, text: str) -> None:
        """One line, on which a name cannot begin another."""
        line = "".join(each if each.isprintable() else "?" for each in text)
        self._socket.send(f"<{PRIORITY}>{identifier}[{os.getpid()}]: {line}".encode(errors="replace"))


def scanned(path: str, scanner: str) -> str:
    """Name of the virus that the scanner finds in a file; nothing if none, or if the file went away.

    Raises OSError if the scanner cannot be asked; that its door is missing is no missing file.
    """
    try:
        stream = Path(path).open("rb")  # noqa: SIM115 - closed below, and what is opened there may be missing as well
    except FileNotFoundError:
        return ""
    with stream, socket.socket(socket.AF_UNIX) as door:
        door.settimeout(SCAN_LIMIT_S)
        door.connect(scanner)
        door.sendall(b"zINSTREAM\0")
        left = SCANNED
        while left and (data := stream.read(min(CHUNK, left))):
            door.sendall(struct.pack("!I", len(data)) + data)
            left -= len(data)
        door.sendall(struct.pack("!I", 0))
        said = b"".join(iter(lambda: door.recv(4096), b"")).rstrip(b"\0").decode(errors="replace")
    if said.endswith(" FOUND"):
        return said.removeprefix("stream: ").removesuffix(" FOUND")
    if said != "stream: OK":
        raise OSError(f"the scanner answers {said!r}")
    return ""


class Watcher:
    """Everything that is watched, looked at in turn by one thread."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._journal = Journal()
        self._scanner = str(settings["scanner"])
        self._files = Tree(settings["watched"], settings["ignored"])
        self._scanned = Tree(settings["scanned"])
        self._ports = Ports(settings["expected_ports"], Path(settings["learnt_ports"]))
        self._logs, self._logs_seen_s = Logs(settings["logs"]), time.time()
        log = settings["firewall_log"]
        self._refusals = Refusals(Path(log), settings["firewall_lines"]) if log else None

    def run(self) -> None:
        """For ever."""
        ports_s = roots_s = clock_s = 0.0
        while True:
            busy = self._refusals or self._files.busy or self._scanned.busy
            wait_s = TICK_S if busy else min(PORTS_EVERY_S, ROOTS_EVERY_S, CLOCK_EVERY_S)
            select.select([self._files.descriptor, self._scanned.descriptor], [], [], wait_s)
            now_s = time.monotonic()
            self._look_at_files(now_s)
            if self._refusals:
                for line in self._refusals.read(now_s):
                    self._journal.tell("pare-feu", line)
            if now_s - ports_s >= PORTS_EVERY_S:
                ports_s = now_s
                for line in self._ports.new(open_ports()):
                    self._journal.tell("ecoute", line)
            if now_s - roots_s >= ROOTS_EVERY_S:
                roots_s = now_s
                self._files.look_for_roots(now_s)
                self._scanned.look_for_roots(now_s)
                self._look_at_logs()
            if now_s - clock_s >= CLOCK_EVERY_S:
                clock_s = now_s
                self._journal.tell("horloge", f"clock now={time.time():.0f}")

    def _look_at_logs(self) -> None:
        since_s, self._logs_seen_s = self._logs_seen_s, time.time()
        for line in self._logs.erased(since_s - CLOCK_GRAIN_S):
            self._journal.tell("effacement", line)

    def _look_at_files(self, now_s: float) -> None:
        for tree in (self._files, self._scanned):
            if not tree.read(now_s):
                self._journal.tell("integrite", "overflow: changes of files were lost")
        for path, change in self._files.settled(now_s):
            self._journal.tell("integrite", described(path, change))
        for path, _ in self._scanned.settled(now_s):
            self._scan(path)

    def _scan(self, path: str) -> None:
        if not Path(path).is_file() or Path(path).is_symlink():
            return
        try:
            virus = scanned(path, self._scanner)
        except OSError as error:
            self._journal.tell("antivirus", f"unscanned error={type(error).__name__} path={path}")
            return
        if virus:
            self._journal.tell("antivirus", f"found virus={virus} owner={_owner(path)} path={path}")


def _owner(path: str) -> str:
    try:
        return owner(os.lstat(path).st_uid)
    except FileNotFoundError:
        return "-"


def ready() -> None:
    """Tell systemd that everything is watched."""
    address = os.environ.get("NOTIFY_SOCKET")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.sendto(b"READY=1", address.replace("@", "\0", 1) if address.startswith("@") else address)


def main() -> None:
    """Read the settings, watch."""
    watcher = Watcher(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    ready()
    watcher.run()


if __name__ == "__main__":
    main()
