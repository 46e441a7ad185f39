"""Steps of the two operators."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_bdd import given, parsers, then, when

from recette.actions import Fault
from recette.evidence import Recorder
from recette.platform import Platform
from recette.site import Cell
from recette.trials.operators import Loss, lose, published_through, unreachable
from recette.trials.operators import restore as restore_operator
from steps.reseau.scene import Scene


@when(parsers.parse("l'opérateur {name} est perdu"), target_fixture="loss")
def operator_is_lost(name: str, platform: Platform, scene: Scene) -> Iterator[Loss]:
    with lose(platform, name, Fault.OPERATOR_CUT, scene.watches) as loss:
        yield loss


@given(parsers.parse("l'opérateur {name} a été perdu"), target_fixture="loss")
def operator_was_lost(name: str, platform: Platform) -> Iterator[Loss]:
    with lose(platform, name, Fault.OPERATOR_CUT, ()) as loss:
        yield loss


@when("l'opérateur perdu revient")
def operator_returns(loss: Loss, scene: Scene) -> None:
    restore_operator(loss, scene.watches)


@then("les services publiés restent joignables par l'autre opérateur")
def published_by_the_other(loss: Loss, platform: Platform, cells: tuple[Cell, ...], preuves: Recorder) -> None:
    require_published(platform, published_through(cells, {loss.remaining_zone}), preuves)


@then("les services publiés sont joignables par les deux opérateurs")
def published_by_both(loss: Loss, platform: Platform, cells: tuple[Cell, ...], preuves: Recorder) -> None:
    zones = {loss.lost_zone, loss.remaining_zone}
    require_published(platform, published_through(cells, zones), preuves)


def require_published(platform: Platform, cells: list[Cell], preuves: Recorder) -> None:
    wrong = unreachable(platform, cells)
    preuves.measure("services publiés joignables", len(cells) - len(wrong), "services", f"= {len(cells)}", not wrong)
    assert not wrong, "\n".join(wrong)
