"""Seals the archive of the events in a chain of digests, and tells what was altered since.

    scellement.py seal FOLDER --unit COLLECTOR --raw FOUND --days N
    scellement.py verify FOLDER

A seal closes the file that is being written and adds a link to `chaine.jsonl`: name and SHA-256 of the file, digest of
the link before, digest of both. The last digest is told as an alert, which is mailed: the chain cannot be made again by
whoever holds this host alone. `verify` prints a JSON object, and fails when something was altered.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

CURRENT, CHAIN = "courant.jsonl", "chaine.jsonl"
START = "0" * 64
CLOSE_LIMIT_S = 30.0
"""Within which the collector must have opened a new file: every host tells each two seconds that it lives."""

Link = dict[str, Any]


def links(folder: Path) -> list[Link]:
    """The chain, as it stands."""
    chain = folder / CHAIN
    return [json.loads(line) for line in chain.read_text(encoding="utf-8").splitlines()] if chain.exists() else []


def digest_of(link: Link) -> str:
    """Of everything in a link but its own digest."""
    told = {name: value for name, value in link.items() if name != "digest"}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def digest_of_file(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def add(folder: Path, link: Link) -> Link:
    """Write a link after the last one."""
    before = links(folder)
    link = {**link, "previous": before[-1]["digest"] if before else START}
    link["digest"] = digest_of(link)
    with (folder / CHAIN).open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(link, sort_keys=True) + "\n")
    return link


def close(folder: Path, unit: str, now: datetime) -> Path | None:
    """Have the collector write another file, and return the one that it left; None when there is none."""
    current = folder / CURRENT
    if not current.exists():
        return None
    left = folder / f"evenements-{now:%Y%m%dT%H%M%SZ}.jsonl"
    current.rename(left)
    subprocess.run(["systemctl", "kill", "--kill-whom=main", "--signal=HUP", unit], check=True)
    deadline = time.monotonic() + CLOSE_LIMIT_S
    while not current.exists():
        if time.monotonic() > deadline:
            raise SystemExit(f"{unit} has opened no new file: {left.name} is not sealed")
        time.sleep(0.1)
    return left


def seal(folder: Path, unit: str, raw: Path, days: int, now: datetime) -> Link | None:
    """Close, add the link, tell it, and remove what was kept long enough."""
    left = close(folder, unit, now)
    for path in sorted(set(folder.glob("evenements-*.jsonl")) - {folder / link["name"] for link in links(folder)}):
        link = add(folder, {"act": "sealed", "name": path.name, "sha256": digest_of_file(path), "at": now.isoformat()})
        if path == left:
            what = f"{link['name']} {link['digest']}"
            fields = ("seal", "-", platform.node().split(".")[0], "-", "-", what, "seal", json.dumps(link))
            with raw.open("a", encoding="utf-8") as stream:
                stream.write("\t".join(fields) + "\n")
    removed = {link["name"] for link in links(folder) if link["act"] == "removed"}
    for link in links(folder):
        old = datetime.fromisoformat(link["at"]) < now - timedelta(days=days)
        if link["act"] == "sealed" and old and link["name"] not in removed:
            (folder / link["name"]).unlink(missing_ok=True)
            add(folder, {"act": "removed", "name": link["name"], "at": now.isoformat()})
    return links(folder)[-1] if links(folder) else None


def verify(folder: Path) -> Link:
    """How many files were looked at, and what is wrong with which."""
    chain, faults, previous = links(folder), [], START
    removed = {link["name"] for link in chain if link["act"] == "removed"}
    for link in chain:
        if link["previous"] != previous or link["digest"] != digest_of(link):
            faults.append(f"{link['name']}: the chain is broken here")
        previous = link["digest"]
    kept = [link for link in chain if link["act"] == "sealed" and link["name"] not in removed]
    for link in kept:
        path = folder / link["name"]
        if not path.exists():
            faults.append(f"{link['name']}: missing")
        elif digest_of_file(path) != link["sha256"]:
            faults.append(f"{link['name']}: altered")
    return {"checked": len(kept), "head": previous, "faults": faults}


def main() -> int:
    """Seal or verify."""
    parser = argparse.ArgumentParser()
    parser.add_argument("act", choices=["seal", "verify"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--unit", default="")
    parser.add_argument("--raw", type=Path)
    parser.add_argument("--days", type=int, default=0)
    wanted = parser.parse_args()
    if wanted.act == "seal":
        sys.stdout.write(
            f"{json.dumps(seal(wanted.folder, wanted.unit, wanted.raw, wanted.days, datetime.now(UTC)))}\n"
        )
        return 0
    found = verify(wanted.folder)
    sys.stdout.write(f"{json.dumps(found)}\n")
    return 1 if found["faults"] else 0


if __name__ == "__main__":
    sys.exit(main())
