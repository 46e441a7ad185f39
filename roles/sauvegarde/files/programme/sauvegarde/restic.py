"""restic, with the passwords in its environment: the list of processes shows none."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sauvegarde.reglages import Repository, Settings

NO_REPOSITORY = 10
"""Exit code of restic where there is none."""
DIGITS = re.compile(r"\.\d+")
LOCK_WAIT = "10m"
"""A client that copies is waited for, rather than disturbed."""


class Failed(Exception):  # noqa: N818 - an answer, not an accident
    """restic refused, or could not."""


class Absent(Failed):
    """There is no such repository."""


@dataclass(frozen=True)
class Snapshot:
    """One copy of one data set. Times are seconds of the epoch."""

    id: str
    set: str
    claimed: float
    """When its maker says that it was made."""
    arrived: float
    """When its last file came, by the clock of this server."""

    @property
    def made(self) -> float:
        """The older of both: neither a clock nor a client can make a copy look younger."""
        return min(self.claimed, self.arrived)


def near(settings: Settings, repository: Repository) -> list[str]:
    return ["--repo", str(settings.folder / repository.name)]


def far(settings: Settings, repository: Repository) -> list[str]:
    return ["--repo", f"rest:{settings.far_url}/{repository.name}/"]


def secrets(repository: Repository, *, distant: bool = False) -> dict[str, str]:
    """The environment that opens a repository, or its far copy."""
    if not distant:
        return {"RESTIC_PASSWORD": repository.key}
    return {
        "RESTIC_PASSWORD": repository.far_key,
        "RESTIC_REST_USERNAME": repository.name,
        "RESTIC_REST_PASSWORD": repository.far_access,
    }


def run(settings: Settings, words: list[str], environment: Mapping[str, str]) -> str:
    """What restic printed; raise Failed, with its reason, where it did not end with 0.

    It runs as the account that serves the repositories: what root would write there, that account could not read.
    """
    cache = settings.state / "cache"
    known = {**os.environ, "HOME": str(settings.state), "RESTIC_CACHE_DIR": str(cache), **environment}
    if settings.far_url and settings.authority:
        words = ["--cacert", settings.authority, *words]
    done = subprocess.run(
        [settings.restic, *words],
        env=known,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        cwd="/",  # whoever called may stand where that account cannot
        user=settings.account if os.geteuid() == 0 else None,
        group=settings.account if os.geteuid() == 0 else None,
        extra_groups=[] if os.geteuid() == 0 else None,
        check=False,
    )
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}").splitlines()
        reason = next((line for line in said if line.startswith("Fatal")), said[-1])
        raise (Absent if done.returncode == NO_REPOSITORY else Failed)(reason)
    return done.stdout


def snapshots(settings: Settings, repository: Repository) -> list[Snapshot]:
    """The copies of a repository, in the order of their times."""
    words = [*near(settings, repository), "--no-lock", "--json", "snapshots"]
    told = json.loads(run(settings, words, secrets(repository)))
    return sorted((_snapshot(settings.folder / repository.name, each) for each in told), key=lambda each: each.claimed)


def _snapshot(folder: Path, told: dict[str, Any]) -> Snapshot:
    tags = told.get("tags") or [""]
    # restic writes nine digits of a second; Python reads six.
    moment = datetime.fromisoformat(DIGITS.sub("", told["time"]))
    arrived = (folder / "snapshots" / told["id"]).stat().st_mtime
    return Snapshot(told["id"], tags[0], moment.timestamp(), arrived)
