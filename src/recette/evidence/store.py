"""The directory of a run: created once, written to while it lasts, shown as `latest` at its end."""

from __future__ import annotations

import hashlib
import os
import time
from datetime import UTC, datetime
from pathlib import Path

from recette.errors import RecetteError
from recette.evidence import annexes
from recette.evidence.journal import Journal, append_line, utc_now
from recette.evidence.phases import read_phases
from recette.evidence.recorder import Recorder, free_path, guess_mime, keep, slug
from recette.evidence.records import Artefact, End, Plan, Result, Scenario, Start, dump

START, END, RESULTS, JOURNAL = "run.json", "end.json", "scenarios.jsonl", "journal.jsonl"


class RunStore:
    """The evidence of one run, under `<reports>/<run id>/evidence/`. Files are added, never changed."""

    def __init__(self, run_dir: Path) -> None:
        self.run_dir = run_dir
        self.evidence = run_dir / "evidence"
        self.journal = Journal(self.evidence / JOURNAL)
        self._begun = time.monotonic()
        self._site = ""

    @classmethod
    def create(cls, reports: Path, plan: Plan) -> RunStore:
        """Open a new run under `reports`, in a directory that bears its time and its site."""
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{slug(plan.site)}"
        return cls.create_at(free_path(reports / name), plan)

    @classmethod
    def create_at(cls, run_dir: Path, plan: Plan) -> RunStore:
        """Open a new run in this very directory; RecetteError when it holds one, or cannot be written to."""
        try:
            (run_dir / "evidence").mkdir(parents=True)
        except OSError as error:
            raise RecetteError(f"{run_dir}: no run can be kept there: {error.strerror}") from None
        store = cls(run_dir)
        store._site = plan.site
        store._keep(START, dump(Start(store.run_dir.name, utc_now(), plan)))
        store.journal.append("run-start", run_id=store.run_dir.name, site=plan.site, commit=plan.commit)
        return store

    def recorder(self, scenario: Scenario) -> Recorder:
        """Begin a scenario: its evidence goes to a directory that bears its name."""
        directory = free_path(self.evidence / slug(scenario.name))
        directory.mkdir()
        self.journal.append("scenario-start", scenario=scenario.name, feature=scenario.feature)
        return Recorder(scenario, self.run_dir, directory, self.journal)

    def finish(self, result: Result) -> None:
        """End a scenario."""
        line = dump(result)
        append_line(self.evidence / RESULTS, line)
        name, feature = result.scenario.name, result.scenario.feature
        sha256 = hashlib.sha256(line).hexdigest()
        self.journal.append("scenario-end", scenario=name, feature=feature, verdict=result.verdict, sha256=sha256)

    def attach(self, name: str, data: bytes | str) -> Artefact:
        """Keep a file about the run as a whole."""
        return self._keep(name, data.encode() if isinstance(data, str) else data)

    def annex(self, annex: annexes.Coverage | tuple[annexes.Fidelity, ...]) -> Artefact:
        """Keep the coverage of the rules, or the fidelity ledger."""
        return self._keep(*annexes.encode(annex))

    def close(self) -> None:
        """End the run: its duration and the durations of its phases are known."""
        duration = round(time.monotonic() - self._begun, 3)
        phases = read_phases(self._site) | {"features_s": duration}
        phases.pop("report_s", None)
        self._keep(END, dump(End(duration, phases)))
        self.journal.append("run-end", duration_s=duration)

    def publish(self) -> Path:
        """Make `latest` name this run; whoever reads it meanwhile sees the run before or this one, never nothing."""
        latest = self.run_dir.parent / "latest"
        draft = latest.with_name(f".latest-{os.getpid()}")
        try:
            draft.unlink(missing_ok=True)
            draft.symlink_to(self.run_dir.name)
            draft.replace(latest)
        except OSError as error:
            raise RecetteError(f"{latest}: cannot name the last run: {error.strerror}; remove it by hand") from None
        return latest

    def _keep(self, name: str, content: bytes) -> Artefact:
        artefact = keep(self.evidence / name, content, guess_mime(name), self.run_dir)
        self.journal.append("artefact", path=artefact.path, sha256=artefact.sha256)
        return artefact
