"""Reads a Maildir on its own host, and prints what was found, as JSON.

Payload: {"path", "await": [message id, ...], "prefix", "fetch": bool, "remove": bool, "limit_s"}: as the agent `read`.

Answer: {"address", "error", "open_s", "messages": [[message id, folder, seen_s, base64 | null], ...]}.
"""

from __future__ import annotations

import base64
import json
import re
import sys
import time
from pathlib import Path
from typing import Any

POLL_S = 0.05
ID = re.compile(rb"^message-id:\s*(<[^>]*>)", re.IGNORECASE | re.MULTILINE)


def look(wish: dict[str, Any], known: dict[Path, tuple[str, float]]) -> None:
    """Note every message not seen yet."""
    for folder in ("new", "cur"):
        for path in (Path(wish["path"]) / folder).glob("*"):
            if path not in known:
                found = ID.search(path.read_bytes().partition(b"\n\n")[0])
                known[path] = (found[1].decode() if found else "", time.monotonic())


def missing(wish: dict[str, Any], known: dict[Path, tuple[str, float]]) -> bool:
    return bool(set(wish["await"]) - {identifier for identifier, _ in known.values()})


def main() -> None:
    wish = json.loads(sys.stdin.buffer.readline())
    known: dict[Path, tuple[str, float]] = {}
    open_s = time.monotonic()
    look(wish, known)
    while missing(wish, known) and time.monotonic() < open_s + wish["limit_s"]:
        time.sleep(POLL_S)
        look(wish, known)
    rows = []
    for path, (identifier, seen_s) in known.items():
        if identifier in wish["await"] or identifier.startswith(wish["prefix"]):
            wanted = wish["fetch"] and identifier in wish["await"]
            # A Maildir keeps the line ends of its system; mail has its own.
            raw = base64.b64encode(path.read_bytes().replace(b"\n", b"\r\n")).decode() if wanted else None
            rows.append([identifier, "INBOX", seen_s, raw])
            if wish["remove"] and identifier.startswith(wish["prefix"]):
                path.unlink()
    sys.stdout.write(json.dumps({"address": None, "error": None, "open_s": open_s, "messages": rows}))


if __name__ == "__main__":
    main()
