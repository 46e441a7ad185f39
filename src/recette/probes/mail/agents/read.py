"""Reads mailboxes over IMAPS as a mail program does, several at once, and prints what was found, as JSON.

Payload: {"boxes": [{"addresses": [...], "port", "name", "ca", "login": [user, password], "await": [message id, ...],
"prefix", "fetch": bool, "remove": bool, "limit_s", "call_s"}]}. Every folder is read until each awaited message is
there, or `limit_s` is over. `fetch` brings the awaited messages back whole; `remove` deletes, at the end, those whose
identifier begins with the prefix.

Answer, for each: {"address", "error", "messages": [[message id, folder, seen_s, base64 | null], ...], "open_s"}:
one row for each message of the mailbox whose identifier begins with the prefix or is awaited, twice if it is there
twice; `seen_s` by the monotonic clock. `error` tells why the mailbox could not be opened; `open_s` when it was.
"""

from __future__ import annotations

import base64
import imaplib
import json
import re
import ssl
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

POLL_S = 0.1
ID = re.compile(rb"message-id:\s*(<[^>]*>)", re.IGNORECASE)
UID = re.compile(rb"UID (\d+)")
FOLDER = re.compile(rb'"(?:[^"\\]|\\.)*"$|\S+$')
HEADER = "(UID BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])"
MAX_BOXES = 12


class Box:
    """One mailbox, open; `known` holds what was seen in each folder."""

    def __init__(self, wish: dict[str, Any], address: str) -> None:
        self.wish = wish
        self.link = Named(wish, address)
        try:
            self.link.login(*wish["login"])
        except imaplib.IMAP4.error:
            self.link.shutdown()
            raise
        self.known: dict[tuple[str, int], tuple[str, float]] = {}
        self.next: dict[str, int] = {}

    def folders(self) -> list[str]:
        _, lines = self.link.list()
        return [found[0].decode() for line in lines if isinstance(line, bytes) and (found := FOLDER.search(line))]

    def look(self) -> None:
        """Note every message not seen yet."""
        for folder in self.folders():
            self.link.select(folder, readonly=True)
            _, rows = self.link.uid("FETCH", f"{self.next.get(folder, 1)}:*", HEADER)
            now = time.monotonic()
            for row in rows:
                if isinstance(row, tuple) and (uid := UID.search(row[0])) and (found := ID.search(row[1])):
                    self.known.setdefault((folder, int(uid[1])), (found[1].decode(), now))
                    self.next[folder] = max(self.next.get(folder, 1), int(uid[1]) + 1)

    def missing(self) -> set[str]:
        return set(self.wish["await"]) - {identifier for identifier, _ in self.known.values()}

    def kept(self, identifier: str) -> bool:
        return identifier in self.wish["await"] or identifier.startswith(self.wish["prefix"])

    def rows(self) -> list[tuple[str, str, float, str | None]]:
        return [
            (identifier, folder, seen_s, self.whole(folder, uid) if self.wanted(identifier) else None)
            for (folder, uid), (identifier, seen_s) in self.known.items()
            if self.kept(identifier)
        ]

    def wanted(self, identifier: str) -> bool:
        return self.wish["fetch"] and identifier in self.wish["await"]

    def whole(self, folder: str, uid: int) -> str:
        self.link.select(folder, readonly=True)
        _, rows = self.link.uid("FETCH", str(uid), "(BODY.PEEK[])")
        return base64.b64encode(next(row[1] for row in rows if isinstance(row, tuple))).decode()

    def remove(self) -> None:
        """Delete for good what begins with the prefix."""
        doomed: dict[str, list[str]] = {}
        for (folder, uid), (identifier, _) in self.known.items():
            if identifier.startswith(self.wish["prefix"]):
                doomed.setdefault(folder, []).append(str(uid))
        for folder, uids in doomed.items():
            self.link.select(folder)
            self.link.uid("STORE", ",".join(uids), "+FLAGS.SILENT", r"(\Deleted)")
            self.link.expunge()


class Named(imaplib.IMAP4_SSL):
    """Its certificate is checked against a name, not an address."""

    def __init__(self, wish: dict[str, Any], address: str) -> None:
        self.wish = wish
        context = ssl.create_default_context(cafile=wish["ca"])
        super().__init__(address, wish["port"], ssl_context=context, timeout=wish["call_s"])

    def _create_socket(self, timeout: float | None) -> Any:
        plain = imaplib.IMAP4._create_socket(self, timeout)  # type: ignore[attr-defined] # noqa: SLF001 - its own hook
        return self.ssl_context.wrap_socket(plain, server_hostname=self.wish["name"])


def read(wish: dict[str, Any]) -> dict[str, Any]:
    """Try the addresses in their order until one has served the whole reading, or the limit is over."""
    deadline = time.monotonic() + wish["limit_s"]
    told: dict[str, Any] = {"address": None, "error": None, "messages": [], "open_s": None}
    while True:
        for address in wish["addresses"]:
            try:
                return told | {"address": address, "error": None} | read_at(wish, address, deadline)
            except (OSError, imaplib.IMAP4.error) as error:
                told["error"] = f"{type(error).__name__}: {error}"
        if time.monotonic() >= deadline:
            return told
        time.sleep(POLL_S)


def read_at(wish: dict[str, Any], address: str, deadline: float) -> dict[str, Any]:
    box = Box(wish, address)
    open_s = time.monotonic()
    try:
        box.look()
        while box.missing() and time.monotonic() < deadline:
            time.sleep(POLL_S)
            box.look()
        rows = box.rows()
        if wish["remove"]:
            box.remove()
    finally:
        box.link.shutdown()
    return {"messages": rows, "open_s": open_s}


def main() -> None:
    boxes = json.loads(sys.stdin.buffer.readline())["boxes"]
    with ThreadPoolExecutor(min(MAX_BOXES, len(boxes))) as pool:
        sys.stdout.write(json.dumps(list(pool.map(read, boxes))))


if __name__ == "__main__":
    main()
