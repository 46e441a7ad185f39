"""The cluster of hypervisors in service, and those who use its guests."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_bdd import given

from recette.evidence import Recorder
from recette.platform import Platform
from recette.probes.watch import Watch
from recette.trials.cluster.state import await_answer, await_whole
from recette.trials.cluster.users import Users, watching, writing


@given("la grappe de virtualisation est en service")
def cluster_answers(platform: Platform) -> None:
    await_answer(platform)


@given("la grappe de virtualisation est entière et saine")
def cluster_is_whole(platform: Platform) -> None:
    await_whole(platform)


@given("chaque machine est écrite en continu", target_fixture="users")
def guests_are_written(platform: Platform, preuves: Recorder) -> Iterator[Users]:
    with writing(platform) as users:
        yield users
    preuves.attach("ecritures.jsonl", users.lines())


@given("chaque machine est appelée en continu", target_fixture="watches")
def guests_are_called(platform: Platform) -> Iterator[dict[str, Watch]]:
    with watching(platform) as watches:
        yield watches
