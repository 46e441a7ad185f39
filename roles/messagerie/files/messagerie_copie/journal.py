"""What is told to the journal, and what is not an accident."""

from __future__ import annotations

import sys

WARNING, INFORMATION = 4, 6
"""Levels of syslog."""


def log(level: int, text: str) -> None:
    """Tell the journal; 4 is a warning, 6 a piece of information."""
    sys.stderr.write(f"<{level}>{text}\n")
    sys.stderr.flush()


class Failed(Exception):  # noqa: N818 - an answer, not an accident
    """Dovecot did not do what was asked."""
