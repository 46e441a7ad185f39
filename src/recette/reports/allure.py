"""The Allure report: one HTML file, made by Allure 3 from what allure-pytest wrote during the run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

from recette.errors import RecetteError
from recette.evidence.records import Start, load
from recette.evidence.store import START
from recette.paths import ROOT
from recette.reports.text import moment

RESULTS = "allure-results"
_INTERNAL = ("pytestbdd_", "_pytest_bdd", "_xunit", "_session_")
_TIMEOUT_S = 300


def generate(run_dir: Path) -> Path:
    """Make `<run_dir>/allure/index.html`; RecetteError when Allure is missing or refuses."""
    results, output = run_dir / RESULTS, run_dir / "allure"
    program = ROOT / "node_modules" / ".bin" / "allure"
    if not program.exists():
        raise RecetteError(f"{program}: Allure is not installed; run « make setup »")
    if not results.is_dir():
        raise RecetteError(f"{results}: no Allure results were written by this run")
    _forget_internal_fixtures(results)
    shutil.rmtree(output, ignore_errors=True)
    command = [str(program), "generate", "--config", str(ROOT / "allurerc.mjs"), "--output", str(output), str(results)]
    environment = os.environ | _shown(load(Start, run_dir / "evidence" / START))
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=_TIMEOUT_S
    )
    page = output / "index.html"
    if done.returncode != 0 or not page.exists():
        last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no message"]
        raise RecetteError(f"{results}: Allure made no report: {last[0]}")
    return page


def _shown(start: Start) -> dict[str, str]:
    """What `allurerc.mjs` writes at the head of the report."""
    return {
        "RECETTE_SITE": start.plan.site,
        "RECETTE_COMMIT": start.plan.commit,
        "RECETTE_STARTED": moment(start.started),
    }


def _forget_internal_fixtures(results: Path) -> None:
    """Remove what pytest-bdd sets up for itself, a fixture a step: it would bury what the scenario sets up."""
    for path in results.glob("*-container.json"):
        container = json.loads(path.read_text(encoding="utf-8"))
        names = [fixture["name"] for fixture in container.get("befores", [])]
        if names and all(name.startswith(_INTERNAL) for name in names):
            path.unlink()
