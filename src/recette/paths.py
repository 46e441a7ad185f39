"""Where the project and the state of its twins stand."""

from __future__ import annotations

from pathlib import Path

MARKER = "features/exigences.yml"
STATE = Path("/run/recette")
"""State of the standing twins; a tmpfs on every Linux, so a reboot forgets what a reboot destroyed."""


def _root() -> Path:
    here = Path.cwd()
    for directory in (here, *here.parents):
        if (directory / MARKER).is_file():
            return directory
    return Path(__file__).parents[2]


ROOT = _root()
