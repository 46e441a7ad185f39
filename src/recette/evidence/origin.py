"""Where the code of a run comes from."""

from __future__ import annotations

import subprocess
from pathlib import Path


def commit(root: Path) -> str:
    """The commit of the project, with `-dirty` when files differ from it; `unknown` out of a git repository."""
    head = _git(root, "rev-parse", "--verify", "HEAD")
    if head is None:
        return "unknown"
    return f"{head}-dirty" if _git(root, "status", "--porcelain") else head


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
