"""Reads the mailbox of who is on call over IMAPS, and prints what came after a mark, as JSON.

Payload: {"addresses": [...], "port", "name", "ca", "login": [user, password], "after", "before", "limit_s",
"call_s"}. With `after` null, nothing is waited for nor brought back: the mark alone is told, as it was at `before`
(seconds of the epoch; null for now). Otherwise messages whose number is above `after` are waited for, up to `limit_s`,
and all of them are brought back.

Answer: {"last": highest number, "messages": [base64, ...], "error"}; `error` tells why the mailbox could not be read.
"""

from __future__ import annotations

import base64
import imaplib
import json
import re
import ssl
import sys
import time
from typing import Any

POLL_S = 0.3


class Named(imaplib.IMAP4_SSL):
    """Its certificate is checked against a name, not an address."""

    def __init__(self, wish: dict[str, Any], address: str) -> None:
        self.wish = wish
        context = ssl.create_default_context(cafile=wish["ca"])
        super().__init__(address, wish["port"], ssl_context=context, timeout=wish["call_s"])

    def _create_socket(self, timeout: float | None) -> Any:
        plain = imaplib.IMAP4._create_socket(self, timeout)  # type: ignore[attr-defined] # noqa: SLF001 - its own hook
        return self.ssl_context.wrap_socket(plain, server_hostname=self.wish["name"])


def numbers(link: Named, after: int) -> list[int]:
    """Numbers of the messages above a mark; a range that ends with `*` always holds the last message."""
    link.noop()
    _, rows = link.uid("SEARCH", f"UID {after + 1}:*")
    return [number for number in map(int, (rows[0] or b"").split()) if number > after]


def mark(link: Named, before: float | None) -> int:
    """The highest number that had been given by then, 0 for an empty mailbox."""
    if before is None:
        return max(numbers(link, 0), default=0)
    _, rows = link.uid("FETCH", "1:*", "(INTERNALDATE)")
    return max((number for number, received in received_at(rows) if received < before), default=0)


def received_at(rows: list[Any]) -> list[tuple[int, float]]:
    """Number of each message, and when it was received, in seconds of the epoch."""
    found = []
    for row in rows:
        number, when = re.search(rb"UID (\d+)", row or b""), imaplib.Internaldate2tuple(row or b"")
        if number and when:
            found.append((int(number[1]), time.mktime(when)))
    return found


def read(link: Named, wish: dict[str, Any]) -> dict[str, Any]:
    link.login(*wish["login"])
    link.select("INBOX", readonly=True)
    after = wish["after"]
    if after is None:
        return {"last": mark(link, wish["before"]), "messages": []}
    deadline = time.monotonic() + wish["limit_s"]
    while not (found := numbers(link, after)) and time.monotonic() < deadline:
        time.sleep(POLL_S)
    messages = []
    for number in found:
        _, rows = link.uid("FETCH", str(number), "(BODY.PEEK[])")
        messages += [base64.b64encode(row[1]).decode() for row in rows if isinstance(row, tuple)]
    return {"last": max(found, default=after), "messages": messages}


def main() -> None:
    wish = json.loads(sys.stdin.buffer.readline())
    error = "no address"
    for address in wish["addresses"]:
        try:
            link = Named(wish, address)
            try:
                told = read(link, wish)
            finally:
                link.shutdown()
        except (OSError, imaplib.IMAP4.error) as failure:
            error = f"{address}: {type(failure).__name__}: {failure}"
            continue
        sys.stdout.write(json.dumps(told | {"error": ""}))
        return
    sys.stdout.write(json.dumps({"last": wish["after"], "messages": [], "error": error}))


if __name__ == "__main__":
    main()
