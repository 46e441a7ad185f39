"""Reads `ip -ts -o monitor address neigh route`, as the observing agent brings it back."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

LINE = re.compile(r"\[(?P<time>[^]]+)\] (?P<deleted>Deleted )?(?P<text>.*)")
OWN_ADDRESS = re.compile(r"\d+: (?P<dev>\S+)\s+inet6? (?P<address>[^/\s]+)[/\s]")
NEIGHBOUR = re.compile(r"(?P<address>\S+) dev (?P<dev>\S+)(?: lladdr (?P<mac>\S+))?(?: router)? ?(?P<state>[A-Z]+)?")


@dataclass(frozen=True)
class Event:
    """One change; `time` in seconds since the epoch, on the clock of the host that saw it."""

    time: float
    deleted: bool
    text: str


def parse(lines: Iterable[str]) -> tuple[Event, ...]:
    """Events of the lines that bear a date; the others are left out."""
    found = [LINE.match(line.strip()) for line in lines]
    return tuple(
        Event(
            datetime.fromisoformat(match["time"]).replace(tzinfo=UTC).timestamp(), bool(match["deleted"]), match["text"]
        )
        for match in found
        if match
    )


def ownership(events: Iterable[Event], address: str) -> tuple[tuple[float, bool], ...]:
    """When the host gained (True) or lost (False) an address."""
    return tuple(
        (event.time, not event.deleted)
        for event in events
        if (match := OWN_ADDRESS.match(event.text)) and match["address"] == address
    )


def neighbour(events: Iterable[Event], address: str) -> tuple[tuple[float, str | None], ...]:
    """Link addresses that the host believed a neighbour to have, from when on; None while it knew none."""
    return tuple(
        (event.time, None if event.deleted else match["mac"])
        for event in events
        if (match := NEIGHBOUR.match(event.text)) and match["address"] == address
    )
