"""A journal in which every line carries the hash of the one before: an edit, a removal or a swap shows."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

GENESIS = "0" * 64


def utc_now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Journal:
    """Appends events to a file, each on the disk before the call returns. Safe between threads of one process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        lines = path.read_bytes().splitlines() if path.exists() else []
        self._sequence = len(lines)
        self._previous = _digest(lines[-1]) if lines else GENESIS

    def append(self, event: str, **fields: object) -> None:
        """Write one event down, with whatever JSON can hold about it."""
        with self._lock:
            record = {
                "seq": self._sequence,
                "utc": utc_now(),
                "monotonic": round(time.monotonic(), 6),
                "event": event,
                **fields,
                "prev": self._previous,
            }
            line = json.dumps(record, ensure_ascii=False).encode()
            append_line(self.path, line)
            self._sequence += 1
            self._previous = _digest(line)


def append_line(path: Path, line: bytes) -> None:
    """Add a line and wait until the disk has it: evidence outlives a power cut."""
    with path.open("ab") as stream:
        stream.write(line + b"\n")
        stream.flush()
        os.fsync(stream.fileno())


def read_events(path: Path) -> list[dict[str, object]]:
    """The events up to the first line that cannot be read."""
    events: list[dict[str, object]] = []
    for line in path.read_bytes().splitlines() if path.exists() else []:
        try:
            events.append(json.loads(line))
        except ValueError:
            break
    return events


def first_broken_line(path: Path) -> int | None:
    """The number, from 1, of the first line that does not follow from the one before; None when all do."""
    previous = GENESIS
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            record = json.loads(line)
        except ValueError:
            return number
        if record.get("prev") != previous or record.get("seq") != number - 1:
            return number
        previous = _digest(line)
    return None


def _digest(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()
