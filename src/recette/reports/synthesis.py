"""The summary that the client reads and prints: one HTML file that needs nothing else."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from recette.evidence import Artefact, Requirement, Result, Run, Verdict
from recette.evidence.annexes import DIAGRAM, read_coverage, read_fidelity
from recette.evidence.integrity import alterations
from recette.evidence.phases import PHASES
from recette.reports.figures import Figure, gather
from recette.reports.text import duration, figure, moment, number, plural, typography

NAME = "synthese.html"
KINDS = {"twin": "jumeau numérique", "site": "site réel"}
PHASE_NAMES = ("images", "mise en route du jumeau", "déploiement", "recette", "rapports")


def write(run: Run) -> Path:
    """Write `synthese.html`."""
    templates = FileSystemLoader(Path(__file__).parent)
    environment = Environment(loader=templates, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters |= {"duration": duration, "figure": figure, "moment": moment}
    environment.filters |= {"number": number, "typo": typography}
    evidence = run.directory / "evidence"
    page = environment.get_template("synthese.html.j2").render(
        run=run,
        kind=KINDS.get(run.plan.kind, run.plan.kind),
        verdicts=list(Verdict),
        not_run=Verdict.NOT_RUN,
        plural=plural,
        pictures=partial(_pictures, run),
        chapters=list(_chapters(run)),
        figures=_figures_of(run),
        coverage=read_coverage(evidence),
        fidelity=read_fidelity(evidence),
        diagram=_diagram(evidence),
        altered=alterations(run.directory),
        phases=_phases(run),
    )
    path = run.directory / NAME
    path.write_text(page, encoding="utf-8")
    return path


@dataclass(frozen=True)
class Chapter:
    """A requirement, its scenarios that the run kept, how many it left out, and where the others are told."""

    requirement: Requirement
    results: list[Result]
    left_out: int
    told: dict[tuple[str, str], str]


def _chapters(run: Run) -> Iterator[Chapter]:
    told: dict[tuple[str, str], str] = {}
    for requirement in run.plan.requirements:
        claimed = _results_of(run, requirement)
        kept = [result for result in claimed if result.scenario.selected]
        if claimed:
            yield Chapter(requirement, kept, len(claimed) - len(kept), dict(told))
        told = {result.scenario.key: requirement.id for result in kept} | told


def _figures_of(run: Run) -> dict[str, list[Figure]]:
    return {requirement.id: gather(_results_of(run, requirement)) for requirement in run.plan.requirements}


def _results_of(run: Run, requirement: Requirement) -> list[Result]:
    return [result for result in run.results if requirement.id in result.scenario.requirements]


def _pictures(run: Run, result: Result) -> Iterator[tuple[str, str]]:
    """The name and the address of each picture, inlined; of one drawn twice, the lighter of both forms."""
    by_stem: dict[str, tuple[int, Artefact]] = {}
    for artefact in result.artefacts:
        path = run.directory / artefact.path
        if artefact.mime.startswith("image/") and path.exists():
            drawn = (path.stat().st_size, artefact)
            by_stem[path.stem] = min(drawn, by_stem.get(path.stem, drawn), key=lambda known: known[0])
    for stem, (_, artefact) in by_stem.items():
        yield stem, _inline((run.directory / artefact.path).read_bytes(), artefact.mime)


def _diagram(evidence: Path) -> str:
    path = evidence / DIAGRAM
    return _inline(path.read_bytes(), "image/svg+xml") if path.exists() else ""


def _inline(content: bytes, mime: str) -> str:
    return f"data:{mime};base64,{base64.b64encode(content).decode()}"


def _phases(run: Run) -> list[tuple[str, float]]:
    return [(name, run.phases[phase]) for phase, name in zip(PHASES, PHASE_NAMES, strict=True) if phase in run.phases]
