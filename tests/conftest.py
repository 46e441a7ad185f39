"""A project of features in a directory of its own, run by pytest in a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]

# A shell ignores SIGINT for what it starts in the background, and whoever is started from there inherits it: the tests
# that interrupt would interrupt nobody.
signal.signal(signal.SIGINT, signal.default_int_handler)

REGISTER = """\
EXG-F-01: {titre: Annuaire}
EXG-NF-03: {titre: Réseau, resume: Deux niveaux, sources: [ANSSI]}
EXG-NF-05: {titre: Redondance}
"""

SETTINGS = """\
[pytest]
testpaths = tests
bdd_features_base_dir = features
addopts = --strict-markers --import-mode=importlib -p fake_site -p no:cacheprovider
filterwarnings = error
disable_test_id_escaping_and_forfeit_all_rights_to_community_support = true
"""

# The features are run on a site of two words: these tests are about the plugins, not about the model of a site.
FAKE_SITE = """\
import os, types
from pathlib import Path
import recette.site
from recette.errors import RecetteError

def find_site(name):
    if name != "jumeau":
        raise RecetteError(f"unknown site {name}")
    return Path("sites") / name

recette.site.find_site = find_site
recette.site.Site.load = lambda path: types.SimpleNamespace(name=path.name, kind=os.environ.get("KIND", "twin"))
"""


@dataclass(frozen=True)
class Ran:
    """How pytest ended, and what it left."""

    code: int
    output: str
    run_dir: Path

    @property
    def document(self) -> dict[str, Any]:
        """`recette.json`."""
        document: dict[str, Any] = json.loads((self.run_dir / "recette.json").read_text(encoding="utf-8"))
        return document

    @property
    def verdicts(self) -> dict[str, str]:
        return {scenario["name"]: scenario["verdict"] for scenario in self.document["scenarios"]}

    @property
    def requirements(self) -> dict[str, str]:
        return {requirement["id"]: requirement["verdict"] for requirement in self.document["requirements"]}

    def scenario(self, name: str) -> dict[str, Any]:
        return next(scenario for scenario in self.document["scenarios"] if scenario["name"] == name)


@dataclass(frozen=True)
class Project:
    """Features and steps made up for a test, under the real plugins."""

    path: Path

    def feature(self, name: str, text: str) -> None:
        (self.path / "features" / "reseau" / f"{name}.feature").write_text(text, encoding="utf-8")

    def steps(self, name: str, text: str) -> None:
        (self.path / "steps" / "reseau" / f"{name}.py").write_text(text, encoding="utf-8")

    def pytest(self, *arguments: str, allure: bool = False, **environment: str) -> Ran:
        """Run pytest there; without Allure unless asked, since it takes seconds."""
        command = [sys.executable, "-m", "pytest", *([] if allure else ["--no-allure"]), *arguments]
        variables = {"PYTHONPATH": str(self.path), "COLUMNS": "120", **environment}
        done = subprocess.run(
            command, cwd=self.path, env=os.environ | variables, capture_output=True, text=True, check=False, timeout=120
        )
        return Ran(done.returncode, done.stdout + done.stderr, (self.path / "reports" / "latest").resolve())


@pytest.fixture(scope="session")
def make_project(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Project]:
    """A new project at each call."""

    def make() -> Project:
        path = tmp_path_factory.mktemp("project")
        for folder in ("features/reseau", "steps/reseau", "tests"):
            (path / folder).mkdir(parents=True)
        (path / "tests" / "test_nothing.py").write_text("def test_nothing(): pass\n", encoding="utf-8")
        (path / "features" / "exigences.yml").write_text(REGISTER, encoding="utf-8")
        (path / "pytest.ini").write_text(SETTINGS, encoding="utf-8")
        (path / "fake_site.py").write_text(FAKE_SITE, encoding="utf-8")
        shutil.copy(ROOT / "conftest.py", path)
        (path / "steps" / "plugins").symlink_to(ROOT / "steps" / "plugins")
        return Project(path)

    return make
