"""The run of chosen scenarios in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from recette.errors import RecetteError
from recette.sabotage.child import pytest_child, read_result
from recette.sabotage.scenarios import Named
from recette.waiting import wait_until

NAMED = Named("features/matrice.feature", "Tout passe")

CONFTEST = """
import json, os, time
from pathlib import Path

def pytest_addoption(parser):
    parser.addoption("--site")
    parser.addoption("--sabotage-run")

def pytest_collect_file(file_path, parent):
    import pytest
    class Scenario(pytest.Item):
        def runtest(self):
            directory = Path(self.config.getoption("--sabotage-run"))
            directory.mkdir()
            if os.environ.get("HANG"):
                Path("pid").write_text(str(os.getpid()))
                try:
                    time.sleep(60)  # until it is interrupted
                finally:
                    Path("unwound").touch()
            result = {"name": "Tout passe", "feature": "features/matrice.feature", "verdict": "conform", "message": ""}
            (directory / "recette.json").write_text(json.dumps({"scenarios": [result]}))
    class Feature(pytest.File):
        def collect(self):
            yield Scenario.from_parent(self, name="Tout passe")
    if file_path.suffix == ".feature":
        return Feature.from_parent(parent, path=file_path)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (tmp_path / "features").mkdir()
    (tmp_path / "features" / "matrice.feature").write_text("# language: fr\n", encoding="utf-8")
    return tmp_path


def test_the_chosen_scenario_runs_and_its_verdict_is_read(project: Path) -> None:
    result = pytest_child(project, project)((NAMED,), project / "runs" / "SAB-001")
    assert [found.verdict for found in result.of(NAMED)] == ["conform"]


def test_a_run_that_does_not_reach_its_end_is_an_error_that_tells_the_last_line(project: Path) -> None:
    with pytest.raises(RecetteError, match=r"did not run to their end \(pytest code 4\): .+ \(.+/SAB-001\.log\)$"):
        pytest_child(project, project)((Named(NAMED.feature, "Rien ne passe"),), project / "runs" / "SAB-001")


PARENT = """
import os, sys
from pathlib import Path
from recette.sabotage.child import pytest_child
from recette.sabotage.scenarios import Named
project = Path(sys.argv[1])
pytest_child(project, project)((Named("features/matrice.feature", "Tout passe"),), project / "runs" / "SAB-001")
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_the_child_never_outlives_its_parent(project: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-c", PARENT, str(project)]
    pid = project / "pid"
    with subprocess.Popen(command, env={**os.environ, "HANG": "1"}, stderr=subprocess.DEVNULL) as parent:
        wait_until(pid.exists, 20.0, "Le démarrage")
        parent.send_signal(number)
    child = Path("/proc", pid.read_text(encoding="ascii"))
    wait_until(lambda: not child.exists(), 5.0, "La fin de la campagne fille")


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "No such file or directory; the run wrote no verdict"), ("{}", "not the result of a run: Field required")],
)
def test_a_result_that_cannot_be_read_is_told(tmp_path: Path, content: str | None, message: str) -> None:
    if content is not None:
        (tmp_path / "recette.json").write_text(content, encoding="utf-8")
    with pytest.raises(RecetteError, match=message):
        read_result(tmp_path / "recette.json")


def test_what_the_contract_adds_is_left_aside(tmp_path: Path) -> None:
    row = {"name": "a", "feature": "b", "verdict": "conform", "message": "", "measures": [], "class": "lecture"}
    (tmp_path / "recette.json").write_text(json.dumps({"schema": 1, "scenarios": [row]}), encoding="utf-8")
    assert read_result(tmp_path / "recette.json").scenarios[0].verdict == "conform"
