"""What is known of copies; instants in seconds of the epoch."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from recette.errors import Inconclusive

FRACTION = re.compile(r"\.\d+")
"""restic writes nine digits of a second, Python reads six."""


@dataclass(frozen=True, slots=True)
class Copy:
    """One copy of one data set. `claimed_s` is what its maker says, `arrived_s` when the server had it."""

    id: str
    host: str
    set: str
    claimed_s: float
    arrived_s: float
    bytes: int

    @property
    def made_s(self) -> float:
        """The older of both: a copy never looks younger than it is."""
        return min(self.claimed_s, self.arrived_s)


@dataclass(frozen=True, slots=True)
class Verified:
    """What the reading of a whole repository found; `faults` is what restic said of it."""

    host: str
    sound: bool
    faults: str
    took_s: float


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restoration did."""

    done: bool
    said: str
    took_s: float


def copies(answer: Iterable[Mapping[str, Any]]) -> tuple[Copy, ...]:
    """Copies in the answer of the agent, oldest first. Inconclusive where one of them cannot be read."""
    found = []
    for told in answer:
        try:
            moment = datetime.fromisoformat(FRACTION.sub("", told["time"]))
            summary = told.get("summary") or {}
            found.append(
                Copy(
                    id=told["id"],
                    host=told["depot"],
                    set=(told.get("tags") or [""])[0],
                    claimed_s=moment.timestamp(),
                    arrived_s=float(told["arrived"]),
                    bytes=int(summary.get("total_bytes_processed", 0)),
                )
            )
        except (KeyError, TypeError, ValueError) as error:
            raise Inconclusive(f"Copie incomprise : {dict(told)} ({error})") from error
    return tuple(sorted(found, key=lambda copy: copy.claimed_s))


def newest(found: Iterable[Copy]) -> dict[tuple[str, str], Copy]:
    """The youngest copy of each data set of each host."""
    best: dict[tuple[str, str], Copy] = {}
    for copy in found:
        key = copy.host, copy.set
        if key not in best or copy.made_s > best[key].made_s:
            best[key] = copy
    return best
