"""Fills a mailbox over IMAPS until the server says that it is full, and prints how, as JSON.

Payload: {"address", "port", "name", "ca", "login": [user, password], "folder", "identifier", "call_s"}. One message is
stored, then copied, which costs a server no room: twice as many each time, then one by one, then smaller and smaller.

Answer: {"refusal": what the server said at the last message too many, "messages", "bytes"}.
"""

from __future__ import annotations

import imaplib
import json
import ssl
import sys
from typing import Any

SIZES = (16 << 20, 1 << 20, 1 << 16, 1 << 12, 1 << 10)
MOST = 1 << 36


class Named(imaplib.IMAP4_SSL):
    """Its certificate is checked against a name, not an address."""

    def __init__(self, wish: dict[str, Any]) -> None:
        self.wish = wish
        context = ssl.create_default_context(cafile=wish["ca"])
        super().__init__(wish["address"], wish["port"], ssl_context=context, timeout=wish["call_s"])

    def _create_socket(self, timeout: float | None) -> Any:
        plain = imaplib.IMAP4._create_socket(self, timeout)  # type: ignore[attr-defined] # noqa: SLF001 - its own hook
        return self.ssl_context.wrap_socket(plain, server_hostname=self.wish["name"])


class Filling:
    """What was stored so far."""

    def __init__(self, wish: dict[str, Any]) -> None:
        self.folder, self.identifier = wish["folder"], wish["identifier"]
        self.link = Named(wish)
        self.link.login(*wish["login"])
        self.link.create(self.folder)
        self.link.select(self.folder)
        self.messages = self.bytes = 0
        self.refusal = ""

    def fill(self) -> None:
        for size in SIZES:
            uids = self.store(size)
            while uids and self.bytes < MOST:
                copied = self.copy(uids, size)
                if not copied and len(uids) == 1:
                    break
                uids = uids + copied if copied else uids[:1]

    def store(self, size: int) -> list[str]:
        head = f"Subject: remplissage\r\nMessage-ID: {self.identifier}\r\n\r\n".encode()
        line = b"x" * 76 + b"\r\n"
        kind, told = self.link.append(self.folder, "", "", head + line * (size // len(line)))
        if not self.accepted(kind, told):
            return []
        self.messages, self.bytes = self.messages + 1, self.bytes + size
        self.link.select(self.folder)
        _, found = self.link.uid("SEARCH", "ALL")
        return [found[0].split()[-1].decode()]

    def copy(self, uids: list[str], size: int) -> list[str]:
        """The identifiers of the copies, none if the server refused them all."""
        _, before = self.link.uid("SEARCH", "ALL")
        kind, told = self.link.uid("COPY", ",".join(uids), self.folder)
        if not self.accepted(kind, told):
            return []
        self.messages, self.bytes = self.messages + len(uids), self.bytes + size * len(uids)
        self.link.select(self.folder)
        _, after = self.link.uid("SEARCH", "ALL")
        return [uid.decode() for uid in sorted(set(after[0].split()) - set(before[0].split()))]

    def accepted(self, kind: str, told: list[Any]) -> bool:
        if kind == "OK":
            return True
        self.refusal = b" ".join(part for part in told if isinstance(part, bytes)).decode("utf-8", "replace")
        return False


def main() -> None:
    filling = Filling(json.loads(sys.stdin.buffer.readline()))
    filling.fill()
    filling.link.logout()
    sys.stdout.write(json.dumps({"refusal": filling.refusal, "messages": filling.messages, "bytes": filling.bytes}))


if __name__ == "__main__":
    main()
