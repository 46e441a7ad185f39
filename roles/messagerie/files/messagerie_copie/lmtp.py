"""The LMTP that Postfix speaks."""

from __future__ import annotations

import socket
import socketserver
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from messagerie_copie.deliveries import Deliveries

MAX_DELIVERIES = 64
"""Recipients served at once."""
MAX_MESSAGE = 1 << 28


class Lmtp(socketserver.StreamRequestHandler):
    """The LMTP that Postfix speaks (RFC 2033), as far as Postfix uses it."""

    server: Listener

    def handle(self) -> None:
        """Answer until Postfix leaves."""
        self._reset()
        self._say(220, "messagerie-copie LMTP")
        while line := self.rfile.readline(4096):
            verb, _, rest = line.decode(errors="replace").strip().partition(" ")
            if verb.upper() == "QUIT":
                self._say(221, "2.0.0 bye")
                return
            self._obey(verb.upper(), rest)

    def _obey(self, verb: str, rest: str) -> None:
        match verb:
            case "LHLO":
                self.wfile.write(b"250-messagerie-copie\r\n250-8BITMIME\r\n250 PIPELINING\r\n")
            case "MAIL":
                self._reset(path(rest))
                self._say(250, "2.1.0 ok")
            case "RCPT":
                self._recipients.append(path(rest))
                self._say(250, "2.1.5 ok")
            case "DATA":
                self._say(354, "go ahead")
                self._deliver(self._message())
            case "RSET" | "NOOP":
                self._reset()
                self._say(250, "2.0.0 ok")
            case _:
                self._say(500, "5.5.1 not understood")

    def _deliver(self, message: bytes) -> None:
        """One answer for each recipient, in their order."""
        for answer in self.server.each(self._sender, self._recipients, message):
            self._say(*answer)
        self._reset()

    def _message(self) -> bytes:
        lines = []
        while (line := self.rfile.readline(MAX_MESSAGE)) != b".\r\n":
            if not line.endswith(b"\n"):
                raise ConnectionError("Postfix hung up in a message")
            lines.append(line.removeprefix(b"."))
        return b"".join(lines)

    def _reset(self, sender: str = "") -> None:
        self._sender, self._recipients = sender, list[str]()

    def _say(self, code: int, text: str) -> None:
        self.wfile.write(f"{code} {text}\r\n".encode())


def path(argument: str) -> str:
    """The address in `FROM:<address> OPTIONS`."""
    return argument.partition("<")[2].partition(">")[0]


class Listener(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Serves LMTP on the socket that systemd opened; a message to several mailboxes goes to them side by side."""

    daemon_threads = True

    def __init__(self, opened: socket.socket, deliveries: Deliveries) -> None:
        socketserver.BaseServer.__init__(self, opened.getsockname(), Lmtp)
        self.socket = opened
        self._deliveries = deliveries
        self._pool = ThreadPoolExecutor(MAX_DELIVERIES)

    def get_request(self) -> tuple[socket.socket, str]:
        return self.socket.accept()[0], "postfix"

    def each(self, sender: str, recipients: list[str], message: bytes) -> Iterator[tuple[int, str]]:
        """The answer of each recipient."""
        return self._pool.map(lambda recipient: self._deliveries.deliver(sender, recipient, message), recipients)
