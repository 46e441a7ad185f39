"""Every report of a run, made again from its evidence."""

from __future__ import annotations

import time
from pathlib import Path

from recette.evidence import Run
from recette.paths import ROOT
from recette.reports import allure, junit, synthesis


def rebuild(run: Path | str = "latest", *, with_allure: bool = True) -> Path:
    """Write `recette.json`, `junit.xml`, `synthese.html` and the Allure report of a run, and return its directory.

    `run` is a directory, or the name of one under `reports/`. RecetteError when it holds no run, or when Allure
    cannot be run; the other reports are written all the same.
    """
    begun = time.monotonic()
    run_dir = run if isinstance(run, Path) else ROOT / "reports" / run
    read = Run.read(run_dir)
    junit.write(read)
    synthesis.write(read)
    try:
        if with_allure:
            allure.generate(run_dir)
    finally:
        read.timed("report_s", time.monotonic() - begun).write()
    return run_dir
