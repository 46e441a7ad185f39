"""How long each phase of a recette took, written by whoever ran the phase and gathered by the report."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from recette import paths

PHASES = ("images_s", "twin_up_s", "provision_s", "features_s", "report_s")


def record_phase(name: str, seconds: float, *, site: str = "jumeau") -> None:
    """Remember the last duration of a phase (one of `PHASES`) on a site, until the machine reboots."""
    if name not in PHASES:
        raise ValueError(f"unknown phase {name}: one of {', '.join(PHASES)}")
    path = _path(site)
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock")):
        phases = read_phases(site) | {name: round(seconds, 3)}
        draft = path.with_suffix(".tmp")
        draft.write_text(json.dumps(phases), encoding="utf-8")
        draft.replace(path)


@contextmanager
def timed_phase(site: str, name: str) -> Iterator[None]:
    """Remember how long the block takes, unless it fails."""
    begun = time.monotonic()
    yield
    record_phase(name, time.monotonic() - begun, site=site)


def read_phases(site: str) -> dict[str, float]:
    """The durations known so far, in seconds; nothing when none was recorded."""
    try:
        recorded = json.loads(_path(site).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return {name: float(recorded[name]) for name in PHASES if name in recorded}


def _path(site: str) -> Path:
    return paths.STATE / site / "phases.json"
