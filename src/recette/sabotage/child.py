"""Run chosen scenarios in a process of their own, and read what they concluded."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from recette.errors import RecetteError
from recette.sabotage.scenarios import Named

ENDED_WITH_VERDICTS = (0, 1)
"""Exit codes of pytest when every selected scenario was run."""

RUN_LIMIT_S = 1800.0
REPAIR_LIMIT_S = 180.0
"""An interrupted run repairs the fault it has in place before it ends."""

RunFeatures = Callable[[Sequence[Named], Path], "RunResult"]
"""Run scenarios and write the run's evidence into a directory."""


class ScenarioResult(BaseModel):
    """What `recette.json` says of a scenario."""

    model_config = ConfigDict(frozen=True)

    name: str
    feature: str
    verdict: str
    message: str


class RunResult(BaseModel):
    """What a run concluded."""

    model_config = ConfigDict(frozen=True)

    scenarios: tuple[ScenarioResult, ...]

    def of(self, named: Named) -> tuple[ScenarioResult, ...]:
        """Results of a scenario: one, or one for each row of an outline."""
        return tuple(result for result in self.scenarios if named.covers(result.feature, result.name))


def pytest_child(root: Path, site: Path) -> RunFeatures:
    """Return what runs scenarios by pytest with `--sabotage-run=DIRECTORY`: nothing provisioned, nothing replayed."""

    def run(scenarios: Sequence[Named], directory: Path) -> RunResult:
        directory.parent.mkdir(parents=True, exist_ok=True)
        log = directory.with_suffix(".log")
        arguments = [f"--site={site}", f"--sabotage-run={directory}", *(named.node for named in scenarios)]
        code = _run([sys.executable, "-m", "pytest", *arguments], root, log)
        if code not in ENDED_WITH_VERDICTS:
            last = (log.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["no output"])[-1]
            raise RecetteError(f"sabotage: the features did not run to their end (pytest code {code}): {last} ({log})")
        return read_result(directory / "recette.json")

    return run


def read_result(path: Path) -> RunResult:
    """Read a `recette.json`. Raises RecetteError if it is absent or not one."""
    try:
        return RunResult.model_validate_json(path.read_bytes())
    except OSError as error:
        raise RecetteError(f"{path}: {error.strerror}; the run wrote no verdict") from None
    except ValidationError as error:
        raise RecetteError(f"{path}: not the result of a run: {error.errors()[0]['msg']}") from None


def _run(command: list[str], directory: Path, log: Path) -> int:
    """Run to the end. The child dies with this process, even killed, and repairs its fault when it is told to end.

    It has a session of its own, or Ctrl-C would reach it twice and interrupt its repair.
    """
    with (
        log.open("wb") as output,
        subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", *command],
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as child,
    ):
        try:
            return child.wait(RUN_LIMIT_S)
        except subprocess.TimeoutExpired:
            raise RecetteError(f"sabotage: the features still ran after {RUN_LIMIT_S:.0f} s ({log})") from None
        finally:
            _end(child)


def _end(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(REPAIR_LIMIT_S)
    except subprocess.TimeoutExpired:
        child.kill()
