"""The line protocols of Dovecot: mailbox commands, and who owns an address."""

from __future__ import annotations

import contextlib
import queue
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from messagerie_copie.journal import Failed

DOVECOT = Path("/run/dovecot")
ANSWER_S = 120.0
GREETING = b"VERSION\tdoveadm-server\t1\t0\n"


class Line:
    """A connection to a socket of Dovecot that speaks in lines."""

    def __init__(self, path: Path, greeting: bytes, last: bytes) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(ANSWER_S)
        self.socket.connect(str(path))
        self.stream = self.socket.makefile("rb")
        self.socket.sendall(greeting)
        while not (line := self.read()).startswith(last):
            pass
        self.greeted = line

    def read(self) -> bytes:
        """Return the next line; raise Failed when there is none."""
        line = self.stream.readline()
        if not line.endswith(b"\n"):
            raise Failed("Dovecot hung up")
        return line

    def alive(self) -> bool:
        """Tell whether an idle connection is still open: Dovecot never speaks first, so anything to read is its end."""
        return not select.select([self.socket], [], [], 0)[0]

    def close(self) -> None:
        """Hang up."""
        self.stream.close()
        self.socket.close()


def field(text: str) -> bytes:
    """Escape a field of Dovecot's line protocols."""
    table = {"\x01": "\x011", "\t": "\x01t", "\r": "\x01r", "\n": "\x01n"}
    return "".join(table.get(character, character) for character in text).encode()


class Doveadm:
    """Mailbox commands, over connections that stay open: a command then costs milliseconds."""

    def __init__(self, at_once: int, path: Path = DOVECOT / "doveadm-server") -> None:
        self._path = path
        self._idle: queue.SimpleQueue[Line] = queue.SimpleQueue()
        self._slots = threading.BoundedSemaphore(at_once)

    def run(self, user: str, *command: str, opened: Callable[[Line], None] = lambda _: None) -> bytes:
        """Return what a command printed for a user; raise Failed when it was refused or interrupted."""
        with self._slots, self._line() as line:
            opened(line)
            line.socket.sendall(b"\t".join([b"", *map(field, (user, *command))]) + b"\n")
            printed, status = line.read(), line.read()
        if not status.startswith(b"+"):
            raise Failed(f"{command[0]} {user}: {status.decode(errors='replace').strip()}")
        return printed.rstrip(b"\n")

    @contextlib.contextmanager
    def _line(self) -> Iterator[Line]:
        line = self._open()
        try:
            yield line
        except BaseException:
            line.close()
            raise
        self._idle.put(line)

    def _open(self) -> Line:
        with contextlib.suppress(queue.Empty):
            while True:
                line = self._idle.get_nowait()
                if line.alive():
                    return line
                line.close()
        return Line(self._path, GREETING, b"+")


class Logins:
    """The login that owns an address, as Dovecot's user database says."""

    LIFE_S = 60.0

    def __init__(self, path: Path = DOVECOT / "auth-userdb") -> None:
        self._path = path
        self._known: dict[str, tuple[float, str]] = {}

    def of(self, address: str) -> str | None:
        """Return the login, None for an address of nobody's; raise Failed when Dovecot cannot tell."""
        found = self._known.get(address)
        if found and found[0] > time.monotonic():
            return found[1]
        line = Line(self._path, b"VERSION\t1\t1\n", b"SPID")
        try:
            line.socket.sendall(b"USER\t1\t" + field(address) + b"\tprotocol=lmtp\n")
            answer = line.read().rstrip(b"\n").split(b"\t")
        finally:
            line.close()
        if answer[0] == b"NOTFOUND":
            return None
        if answer[0] != b"USER":
            raise Failed(f"user {address}: {answer[0].decode(errors='replace')}")
        login = answer[2].decode()
        self._known[address] = (time.monotonic() + self.LIFE_S, login)
        return login
