"""What one scenario observes: figures, files and remarks."""

from __future__ import annotations

import hashlib
import math
import mimetypes
import re
import unicodedata
from pathlib import Path

from recette.evidence.journal import Journal
from recette.evidence.records import Artefact, Measure, Scenario

_MIMES = {".pcap": "application/vnd.tcpdump.pcap", ".jsonl": "application/x-ndjson", ".log": "text/plain"}


class Recorder:
    """Collects the evidence of a scenario in a directory of its own. Nothing recorded is ever replaced."""

    def __init__(self, scenario: Scenario, run_dir: Path, directory: Path, journal: Journal) -> None:
        self.scenario = scenario
        self.directory = directory
        self.measures: list[Measure] = []
        self.artefacts: list[Artefact] = []
        self.notes: list[str] = []
        self._run_dir = run_dir
        self._journal = journal

    @property
    def observed(self) -> bool:
        """Whether anything at all was recorded."""
        return bool(self.measures or self.artefacts or self.notes)

    def measure(
        self,
        name: str,
        value: float,
        unit: str,
        bound: str | None = None,
        ok: bool | None = None,  # noqa: FBT001 - contract
    ) -> Measure:
        """Record a finite figure; `bound` is the limit as the client reads it (« ≤ 1 s »), `ok` whether it is held."""
        if not math.isfinite(value):
            raise ValueError(f"measure {name!r} is {value}: record what was seen, not what was not")
        measure = Measure(name, float(value), unit, bound, ok)
        self.measures.append(measure)
        self._journal.append("measure", scenario=self.scenario.name, name=name, value=measure.value, unit=unit)
        return measure

    def attach(self, source: str | Path, data: bytes | str | None = None, mime: str = "") -> Path:
        """Keep a file of evidence: `data` under the name `source`, or without data a copy of the file `source`.

        Text is kept in UTF-8. A name already taken gets a number. The path kept is returned.
        """
        if data is None:
            data = Path(source).read_bytes()
        content = data.encode() if isinstance(data, str) else data
        path = free_path(self.directory / Path(source).name)
        artefact = keep(path, content, mime or guess_mime(path.name), self._run_dir)
        self.artefacts.append(artefact)
        self._journal.append("artefact", scenario=self.scenario.name, path=artefact.path, sha256=artefact.sha256)
        return path

    def note(self, text: str) -> None:
        """Record a remark, in French: the client reads it."""
        self.notes.append(text)
        self._journal.append("note", scenario=self.scenario.name, text=text)


def keep(path: Path, content: bytes, mime: str, run_dir: Path) -> Artefact:
    """Write a file that did not exist and say what it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as stream:
        stream.write(content)
    return Artefact(path.relative_to(run_dir).as_posix(), hashlib.sha256(content).hexdigest(), mime)


def guess_mime(name: str) -> str:
    known = _MIMES.get(Path(name).suffix)
    return known or mimetypes.guess_type(name)[0] or "application/octet-stream"


def free_path(path: Path) -> Path:
    """The same path, with a number after its name when it is taken."""
    clean = path.with_name(re.sub(r"[^\w.-]+", "-", path.name).lstrip(".") or "piece")
    candidate, number = clean, 1
    while candidate.exists():
        number += 1
        candidate = clean.with_name(f"{clean.stem}-{number}{clean.suffix}")
    return candidate


def slug(text: str, length: int = 70) -> str:
    """A name for a directory that keeps the words: « La bascule réussit » gives « la-bascule-reussit »."""
    ligatures = text.lower().replace("œ", "oe").replace("æ", "ae")
    plain = unicodedata.normalize("NFKD", ligatures).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:length].rstrip("-") or "scenario"
