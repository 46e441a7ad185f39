"""The mail system in service, and what every mail scenario works with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_bdd import given

from recette.platform import Platform
from recette.site import Site
from recette.trials.mail.exchange import clean
from recette.trials.mail.parties import Parties
from recette.trials.mail.readiness import await_ready


@pytest.fixture(scope="session")
def parties(site: Site) -> Parties:
    """Those who write and read."""
    return Parties(site)


@given("la messagerie du site est en service")
def mail_is_in_service(platform: Platform, parties: Parties) -> Iterator[None]:
    await_ready(platform, parties)
    yield
    clean(platform.remote, parties.desk, parties.boxes)
    clean(platform.remote, parties.outsider.host, [parties.outsider.box])
