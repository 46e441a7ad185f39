"""Reads the messages that the SMS gateway keeps, and prints what came after a mark, as JSON.

Payload: {"path", "after", "before", "limit_s"}: `after` counts the lines already known; null tells the mark alone, as
it was at `before` (seconds of the epoch; null for now). A line counts once its line feed is written.

Answer: {"last": number of lines, "messages": [line, ...]}.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

POLL_S = 0.2


def lines(path: str) -> list[str]:
    """Whole lines; a gateway that never took a message has no file yet, which is no line."""
    file = Path(path)
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    return text.split("\n")[:-1]


def mark(found: list[str], before: float | None) -> int:
    """How many lines had been received by then."""
    return len(found) if before is None else sum(json.loads(line)["received"] < before for line in found)


def read(wish: dict[str, Any]) -> dict[str, Any]:
    found = lines(wish["path"])
    if wish["after"] is None:
        return {"last": mark(found, wish["before"]), "messages": []}
    deadline = time.monotonic() + wish["limit_s"]
    while len(found) <= wish["after"] and time.monotonic() < deadline:
        time.sleep(POLL_S)
        found = lines(wish["path"])
    return {"last": len(found), "messages": found[wish["after"] :]}


def main() -> None:
    sys.stdout.write(json.dumps(read(json.loads(sys.stdin.buffer.readline()))))


if __name__ == "__main__":
    main()
