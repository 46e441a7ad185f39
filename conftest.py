"""What `pytest features/` needs: its options, and its plugins. Steps are loaded when a feature is collected."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

# The steps are modules of the project, not of an installed package: « steps.… » is found from here.
sys.path.insert(0, str(Path(__file__).parent))

pytest_plugins = [
    "steps.plugins.collection",
    "steps.plugins.campaign",
    "steps.plugins.verdict",
    "steps.plugins.fixtures",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("recette")
    group.addoption("--site", default="jumeau", metavar="NAME|PATH", help="the site to judge (default: the twin)")
    group.addoption("--fenetre", metavar="FILE", help="signed maintenance window, for @destructif on a real site")
    group.addoption("--no-allure", dest="allure", action="store_false", help="make every report but Allure")
    group.addoption("--sabotage-run", type=Path, metavar="DIR", help="as `recette sabotage` runs it: kept apart in DIR")
