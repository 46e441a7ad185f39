"""The SIEM in service, and what every one of its scenarios works with."""

from __future__ import annotations

from pytest_bdd import given

from recette.platform import Platform
from recette.trials.siem.readiness import await_ready


@given("le SIEM du site est en service")
def siem_is_in_service(platform: Platform) -> None:
    await_ready(platform)
