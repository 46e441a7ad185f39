"""Commands that must succeed, and why one did not."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence

REASONS = ("Fatal", "ERROR", "subprocess")
"""How restic, samba-tool and what restic runs begin the line that says why; other lines may follow it."""


class Failed(Exception):  # noqa: N818 - an answer, not an accident
    """Something could not be copied or restored."""


def run(words: Sequence[str], environment: Mapping[str, str] | None = None, stdout: int = subprocess.PIPE) -> str:
    """What a command printed; raise Failed with the end of what it complained of."""
    done = subprocess.run(
        words,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = (done.stderr.strip() or (done.stdout or "").strip() or "no message").splitlines()
        reason = next((line for line in said if line.startswith(REASONS)), said[-1])
        if reason.startswith("{"):  # restic was asked for JSON
            reason = json.loads(reason).get("message", reason)
        raise Failed(f"{words[0]} ({done.returncode}): {reason}")
    return done.stdout or ""
