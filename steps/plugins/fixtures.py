"""What any step may ask for, whatever its subject."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from recette.evidence import Recorder, RunStore
from steps.plugins.campaign import CAMPAIGN
from steps.plugins.scenario_item import ScenarioItem
from steps.plugins.target import chosen_site

if TYPE_CHECKING:
    from recette.site import Site


@pytest.fixture(scope="session")
def site(pytestconfig: pytest.Config) -> Site:
    """The site under recette."""
    return chosen_site(pytestconfig)


@pytest.fixture(scope="session")
def campagne(pytestconfig: pytest.Config) -> RunStore:
    """The evidence of the run as a whole: `annex`, `attach`, `journal`."""
    return pytestconfig.stash[CAMPAIGN].store


@pytest.fixture
def preuves(request: pytest.FixtureRequest) -> Recorder:
    """The evidence of the scenario: `measure`, `attach`, `note`."""
    item = request.node
    if not isinstance(item, ScenarioItem) or item.progress is None:
        pytest.fail("« preuves » belongs to the steps of a feature")
    return item.progress.recorder
