"""The telephony in service, and what every telephone scenario works with."""

from __future__ import annotations

from pytest_bdd import given

from recette.platform import Platform
from recette.trials.telephony.exchange import await_ready


@given("la téléphonie du site est en service")
def telephony_is_in_service(platform: Platform) -> None:
    await_ready(platform)
