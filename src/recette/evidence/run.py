"""A run read back from its evidence, and the `recette.json` computed from it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path

from recette.evidence.journal import read_events
from recette.evidence.phases import PHASES
from recette.evidence.records import End, Plan, Requirement, Result, Scenario, Start, load, load_lines
from recette.evidence.store import END, JOURNAL, RESULTS, START
from recette.evidence.verdict import Verdict, worst

SCHEMA = 1


@dataclass(frozen=True)
class RequirementState:
    """A requirement of the register, judged on its scenarios."""

    requirement: Requirement
    verdict: Verdict
    scenarios: int
    passed: int


@dataclass(frozen=True)
class Run:
    """Everything the reports show. `duration_s` and `phases` are in seconds."""

    directory: Path
    start: Start
    duration_s: float
    results: tuple[Result, ...]
    phases: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def read(cls, run_dir: Path) -> Run:
        """Read a run, even one that was killed; RecetteError when the directory holds none."""
        evidence = run_dir / "evidence"
        start = load(Start, evidence / START)
        events = read_events(evidence / JOURNAL)
        ended = {result.scenario.key: result for result in load_lines(Result, evidence / RESULTS)}
        begun = {(e.get("feature"), e.get("scenario")) for e in events if e.get("event") == "scenario-start"}
        results = tuple(ended.get(s.key) or _unfinished(s, begun=s.key in begun) for s in start.plan.scenarios)
        if (evidence / END).exists():
            end = load(End, evidence / END)
            return cls(run_dir, start, end.duration_s, results, end.phases)
        last = str(events[-1]["utc"]) if events else start.started
        elapsed = datetime.fromisoformat(last) - datetime.fromisoformat(start.started)
        return cls(run_dir, start, elapsed.total_seconds(), results)

    @property
    def plan(self) -> Plan:
        """The site, the code and the scenarios concerned."""
        return self.start.plan

    @property
    def requirements(self) -> tuple[RequirementState, ...]:
        """The whole register, in its order, judged."""
        return tuple(self._judge(requirement) for requirement in self.plan.requirements)

    def count(self, verdict: Verdict) -> int:
        """How many scenarios got this verdict."""
        return sum(result.verdict is verdict for result in self.results)

    def timed(self, phase: str, seconds: float) -> Run:
        """The same run, with the duration of one more phase."""
        return replace(self, phases={**self.phases, phase: round(seconds, 3)})

    def document(self) -> dict[str, object]:
        """What `recette.json` holds; the contract with whoever reads it from outside."""
        return {
            "schema": SCHEMA,
            "run_id": self.start.run_id,
            "site": self.plan.site,
            "kind": self.plan.kind,
            "started": self.start.started,
            "duration_s": self.duration_s,
            "commit": self.plan.commit,
            "requirements": [_requirement_document(state) for state in self.requirements],
            "scenarios": [_scenario_document(result) for result in self.results],
            "phases": {phase: self.phases.get(phase) for phase in PHASES},
        }

    def write(self) -> Path:
        """Write `recette.json`, in one move."""
        path = self.directory / "recette.json"
        draft = path.with_suffix(".tmp")
        draft.write_text(json.dumps(self.document(), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        draft.replace(path)
        return path

    def _judge(self, requirement: Requirement) -> RequirementState:
        verdicts = [r.verdict for r in self.results if requirement.id in r.scenario.requirements]
        return RequirementState(requirement, worst(verdicts), len(verdicts), verdicts.count(Verdict.CONFORM))


def _unfinished(scenario: Scenario, *, begun: bool) -> Result:
    if begun:
        return Result(scenario, Verdict.INCONCLUSIVE, message="Scénario interrompu avant son terme.")
    if scenario.selected:
        return Result(scenario, Verdict.NOT_RUN, message="Campagne interrompue avant ce scénario.")
    return Result(scenario, Verdict.NOT_RUN, message="Hors de la sélection de cette campagne.")


def _requirement_document(state: RequirementState) -> dict[str, object]:
    return {
        "id": state.requirement.id,
        "title": state.requirement.title,
        "verdict": state.verdict,
        "scenarios": state.scenarios,
        "passed": state.passed,
    }


def _scenario_document(result: Result) -> dict[str, object]:
    return {
        "name": result.scenario.name,
        "feature": result.scenario.feature,
        "requirements": list(result.scenario.requirements),
        "class": result.scenario.scenario_class,
        "verdict": result.verdict,
        "duration_s": result.duration_s,
        "message": result.message,
        "measures": [asdict(measure) for measure in result.measures],
        "evidence": [{"path": artefact.path, "sha256": artefact.sha256} for artefact in result.artefacts],
    }
