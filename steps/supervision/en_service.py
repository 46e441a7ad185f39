"""The supervision in service, and who is on call."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_bdd import given

from recette.evidence import Recorder
from recette.platform import Platform
from recette.probes.monitoring import OnCall
from recette.trials.supervision.watchers import await_calm, await_ready, on_call


@given("la supervision du site est en service")
def supervision_is_in_service(platform: Platform) -> None:
    await_ready(platform)


@given("l'astreinte est à l'écoute", target_fixture="oncall")
def on_call_listens(platform: Platform, preuves: Recorder) -> Iterator[OnCall]:
    await_calm(platform)
    oncall = on_call(platform)
    oncall.listen()
    yield oncall
    preuves.attach("messages.txt", oncall.told())
