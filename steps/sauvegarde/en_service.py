"""The backup in service: every data set was copied once, as the timers of the hosts do in their first hours."""

from __future__ import annotations

import pytest
from pytest_bdd import given

from recette.errors import Inconclusive
from recette.platform import Platform
from recette.trials.backup.rounds import Round, due


@pytest.fixture(scope="session")
def first_round(platform: Platform) -> Round:
    """What had no copy yet, or one that was due."""
    return due(platform)


@given("la sauvegarde du site est en service")
def backup_is_in_service(first_round: Round, platform: Platform) -> None:
    """What could not be copied is for the scenarios to judge; a server that does not answer is not."""
    if not platform.backups.state()["ensembles"]:
        raise Inconclusive("Le serveur des sauvegardes ne tient aucun ensemble de données")
    if first_round.failed and first_round.sets == len(first_round.failed):
        raise Inconclusive(f"Aucune copie possible : {first_round.failed[0]}")
