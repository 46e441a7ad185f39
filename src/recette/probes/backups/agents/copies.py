"""Asks restic for the copies of repositories, on the server that holds their keys, and prints them as JSON.

Payload: {"settings": file of the server, "wanted": [repository, ...] or [] for all, "restic": program}. The keys are
read where they stand, and travel nowhere.

Answer: {"copies": [snapshot of restic, with "depot" and "arrived"], "unread": {repository: why}}.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

AT_ONCE = 4


def listed(folder: Path, key: str, restic: str) -> list[dict[str, Any]]:
    """The snapshots of one repository, each with when its file came."""
    # No cache: what is told is what the repository holds.
    command = [restic, "--repo", str(folder), "--no-lock", "--no-cache", "--json", "snapshots"]
    known = {**os.environ, "RESTIC_PASSWORD": key}
    told = json.loads(subprocess.run(command, env=known, capture_output=True, text=True, check=True).stdout)
    return [
        {**each, "depot": folder.name, "arrived": (folder / "snapshots" / each["id"]).stat().st_mtime} for each in told
    ]


def ask(wish: dict[str, Any]) -> dict[str, Any]:
    settings = json.loads(Path(wish["settings"]).read_text(encoding="utf-8"))
    copies: list[dict[str, Any]] = []
    unread: dict[str, str] = {}
    wanted = [each for each in settings["repositories"] if not wish["wanted"] or each["name"] in wish["wanted"]]
    depots = Path(settings["root"]) / "depots"
    # A key is slow to derive, on purpose.
    with ThreadPoolExecutor(AT_ONCE) as pool:
        asked = {
            each["name"]: pool.submit(listed, depots / each["name"], each["key"], wish["restic"]) for each in wanted
        }
    for name, answer in asked.items():
        try:
            copies += answer.result()
        except subprocess.CalledProcessError as error:
            unread[name] = " ".join(error.stderr.split())
    return {"copies": copies, "unread": unread}


def main() -> None:
    sys.stdout.write(json.dumps(ask(json.loads(sys.stdin.buffer.readline()))))


if __name__ == "__main__":
    main()
