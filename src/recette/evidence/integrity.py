"""Whether the evidence of a run is still what was written."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from recette.evidence.journal import first_broken_line, read_events
from recette.evidence.store import JOURNAL, RESULTS


def alterations(run_dir: Path) -> tuple[str, ...]:
    """What was altered since, one French sentence each; nothing when all is intact."""
    return tuple(_alterations(run_dir))


def _alterations(run_dir: Path) -> Iterator[str]:
    journal = run_dir / "evidence" / JOURNAL
    if not journal.exists():
        yield "le journal de la campagne a disparu"
        return
    broken = first_broken_line(journal)
    if broken is not None:
        yield f"le journal ne se suit plus à partir de la ligne {broken}"
    results = _lines(run_dir / "evidence" / RESULTS)
    for event in read_events(journal):
        if event.get("event") == "artefact":
            yield from _altered_file(run_dir, str(event["path"]), str(event["sha256"]))
        if event.get("event") == "scenario-end" and _sha256(next(results, b"")) != event["sha256"]:
            yield f"le résultat du scénario « {event['scenario']} » a été modifié"


def _altered_file(run_dir: Path, path: str, sha256: str) -> Iterator[str]:
    try:
        content = (run_dir / path).read_bytes()
    except OSError:
        yield f"{path} a disparu"
        return
    if _sha256(content) != sha256:
        yield f"{path} a été modifié"


def _lines(path: Path) -> Iterator[bytes]:
    return iter(path.read_bytes().splitlines() if path.exists() else [])


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
