"""Evidence about the run as a whole: rules exercised, what the twin stands for, a drawing of the site."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass

DIAGRAM = "site.svg"


@dataclass(frozen=True)
class Coverage:
    """How many generated firewall rules some scenario hit, and in French those that none did, one line each."""

    total: int
    hit: int
    missed: tuple[str, ...] = ()

    @property
    def percent(self) -> float:
        return 100 * self.hit / self.total if self.total else 0.0


@dataclass(frozen=True)
class Fidelity:
    """A subject, what the twin proves about it, and what only the site can prove; in French."""

    subject: str
    twin: str
    site: str


_Adapter = TypeAdapter[Any]
_COVERAGE: tuple[str, _Adapter] = ("coverage.json", TypeAdapter(Coverage))
_FIDELITY: tuple[str, _Adapter] = ("fidelity.json", TypeAdapter(tuple[Fidelity, ...]))


def encode(annex: Coverage | tuple[Fidelity, ...]) -> tuple[str, bytes]:
    """The name of the file and its content."""
    name, adapter = _COVERAGE if isinstance(annex, Coverage) else _FIDELITY
    return name, adapter.dump_json(annex, indent=2)


def read_coverage(evidence: Path) -> Coverage | None:
    coverage: Coverage | None = _read(evidence, *_COVERAGE)
    return coverage


def read_fidelity(evidence: Path) -> tuple[Fidelity, ...]:
    return _read(evidence, *_FIDELITY) or ()


def _read(evidence: Path, name: str, adapter: _Adapter) -> Any:
    path = evidence / name
    return adapter.validate_json(path.read_bytes()) if path.exists() else None
