"""Gives what the correlator found the common form of alerts, one JSON object a line.

    alertes.py FOUND ALERTS CATALOGUE

A line of FOUND: kind, instant, host, source, user, object and rule, then the event, a tab between two. An alert that
was written twice, after a crash, has the same id twice.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from suivi import Follower

PAUSE_S = 0.1
FIELDS = 8
UNKNOWN: Mapping[str, Any] = {"severity": "medium", "mitre": []}


def alert(line: str, place: int, catalogue: Mapping[str, Any], now: datetime) -> dict[str, Any] | None:
    """The alert of a line; None for a line that the correlator left unfinished."""
    fields = line.split("\t", FIELDS - 1)
    if len(fields) < FIELDS:
        return None
    kind, event_at, host, source, user, subject, rule, raw = (field.strip() for field in fields)
    known = catalogue.get(kind, UNKNOWN)
    return {
        "id": hashlib.sha256(f"{place}\t{line}".encode()).hexdigest()[:16],
        "detected_at": now.isoformat(timespec="milliseconds"),
        "event_at": event_at if event_at != "-" else now.isoformat(timespec="milliseconds"),
        "kind": kind,
        "severity": known["severity"],
        "host": host,
        "source_ip": source if source != "-" else "",
        "user": user if user != "-" else "",
        "object": subject if subject != "-" else "",
        "engine": "embedded",
        "engine_rule": rule,
        "mitre": known["mitre"],
        "raw": raw,
    }


def main() -> None:
    """Follow for ever."""
    found, alerts, names = map(Path, sys.argv[1:4])
    catalogue = json.loads(names.read_text(encoding="utf-8"))
    follower = Follower(found, found.with_suffix(".place"))
    while True:
        for place, line in follower.lines():
            made = alert(line, place, catalogue, datetime.now(UTC))
            if made:
                with alerts.open("a", encoding="utf-8") as stream:
                    stream.write(json.dumps(made, ensure_ascii=False) + "\n")
            else:
                sys.stderr.write(f"unfinished line of the correlator: {line!r}\n")
            follower.acknowledge(place)
        time.sleep(PAUSE_S)


if __name__ == "__main__":
    main()
