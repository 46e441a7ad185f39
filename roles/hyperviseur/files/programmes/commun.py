"""What the programs of a hypervisor share: its settings, and commands that fail with one line."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SETTINGS = Path("/etc/hyperviseur/reglages.json")


class CommandError(Exception):
    """A command failed, or took too long; the text is its own last line."""


def settings() -> dict[str, Any]:
    """What the role wrote of this node and of its cluster."""
    read: dict[str, Any] = json.loads(SETTINGS.read_text(encoding="utf-8"))
    return read


@dataclass(frozen=True)
class Node:
    """A member of the cluster."""

    name: str
    number: int
    address: str
    storage: str
    certified: str


def nodes(told: dict[str, Any]) -> dict[str, Node]:
    """Every member, by its name, in the order of their numbers."""
    return {
        each["name"]: Node(each["name"], number, each["address"], each["storage"], each["certified"])
        for number, each in enumerate(told["nodes"], start=1)
    }


def run(*command: str, limit_s: float = 30.0, stdin: str | None = None) -> str:
    """What a command prints. Raises CommandError if it fails."""
    try:
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=limit_s, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CommandError(f"{command[0]}: {error}") from error
    if done.returncode != 0:
        lines = (done.stderr.strip() or done.stdout.strip()).splitlines() or [f"exit code {done.returncode}"]
        raise CommandError(f"{command[0]}: {lines[-1]}")
    return done.stdout


def succeeds(*command: str) -> bool:
    """Whether a command that answers by its exit code says yes."""
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
