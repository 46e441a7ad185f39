"""The facts a run writes down, one JSON object each, and how they are read back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from recette.errors import RecetteError
from recette.evidence.verdict import Verdict


@dataclass(frozen=True)
class Measure:
    """A figure with its unit, the bound it was judged against as the client reads it, and the judgement if any."""

    name: str
    value: float
    unit: str
    bound: str | None = None
    ok: bool | None = None


@dataclass(frozen=True)
class Artefact:
    """A file of evidence; `path` is relative to the directory of the run."""

    path: str
    sha256: str
    mime: str


@dataclass(frozen=True)
class Requirement:
    """A line of the register, as it stood when the run began."""

    id: str
    title: str
    summary: str = ""
    sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scenario:
    """A scenario of the features; each row of an outline is one. `feature` is the path of its file."""

    name: str
    feature: str
    line: int
    feature_title: str
    rule: str
    requirements: tuple[str, ...]
    scenario_class: str
    selected: bool = True

    @property
    def key(self) -> tuple[str, str]:
        return self.feature, self.name


@dataclass(frozen=True)
class Result:
    """What became of a scenario. `step` is the sentence at which it stopped, empty when it went to its end."""

    scenario: Scenario
    verdict: Verdict
    duration_s: float = 0.0
    message: str = ""
    step: str = ""
    measures: tuple[Measure, ...] = ()
    artefacts: tuple[Artefact, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What is about to be judged: a site (`kind` is twin or site), by a commit of the code, against the register.

    `scenarios` lists all there are, those that the run leaves out included: they keep a requirement open.
    """

    site: str
    kind: str
    commit: str
    requirements: tuple[Requirement, ...]
    scenarios: tuple[Scenario, ...]


@dataclass(frozen=True)
class Start:
    """What is known before the first scenario; `started` is an ISO 8601 time in UTC."""

    run_id: str
    started: str
    plan: Plan


@dataclass(frozen=True)
class End:
    """What is known after the last scenario; absent when the run was killed."""

    duration_s: float
    phases: dict[str, float]


Record = TypeVar("Record", Start, End, Result)


def dump(record: Start | End | Result) -> bytes:
    """The record on one line of JSON, without end of line."""
    return TypeAdapter(type(record)).dump_json(record)


def load(kind: type[Record], path: Path) -> Record:
    """Read the only record of a file."""
    try:
        return TypeAdapter(kind).validate_json(path.read_bytes())
    except OSError as error:
        raise RecetteError(f"{path}: {error.strerror}; is this the directory of a run?") from None
    except ValidationError as error:
        raise RecetteError(f"{path}: not a record of this version of recette: {error.errors()[0]['msg']}") from None


def load_lines(kind: type[Record], path: Path) -> Iterator[Record]:
    """Read a record a line; a last line cut short by a killed run is left out."""
    if not path.exists():
        return
    for number, line in enumerate(path.read_bytes().splitlines(keepends=True), 1):
        if not line.endswith(b"\n"):
            return
        try:
            yield TypeAdapter(kind).validate_json(line)
        except ValidationError as error:
            message = f"{path}:{number}: not a record of this version of recette: {error.errors()[0]['msg']}"
            raise RecetteError(message) from None
