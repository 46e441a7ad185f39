"""Steps of the flow matrix: tried once, read by several scenarios."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from pytest_bdd import given, parsers, then, when

from recette.actions import Fault
from recette.errors import Inconclusive
from recette.evidence import Recorder
from recette.platform import Platform
from recette.probes.flows import Flows
from recette.probes.judge import Observation
from recette.site import Cell
from recette.trials.failover import Blow, Strike, strike
from recette.trials.matrix import OUTSIDE, Trial, crosses_both, is_ipv6, not_accepted, not_refused, run, told


@pytest.fixture(scope="session")
def whole_matrix(platform: Platform, cells: tuple[Cell, ...]) -> Trial:
    """The matrix tried on the nominal site, once for all the scenarios that read it."""
    return run(Flows(platform.site, platform.remote), cells)


@when("la matrice de flux est éprouvée", target_fixture="trial")
def try_matrix(whole_matrix: Trial, preuves: Recorder) -> Trial:
    record(whole_matrix, preuves)
    return whole_matrix


@given("les pare-feux de secours sont devenus actifs")
def standbys_are_active(platform: Platform) -> Iterator[None]:
    cut = Blow(Fault.SERVICE_STOPPED, "arrêt de keepalived", unit="keepalived.service")
    with ExitStack() as stack:
        outer = stack.enter_context(strike(platform, 1, cut))
        require_taken_over(outer)
        inner = stack.enter_context(strike(platform, 2, cut, beside=outer.injection))
        require_taken_over(inner)
        yield


def require_taken_over(done: Strike) -> None:
    assert done.taken_over_s is not None, f"{done.heir.name} n'a pas pris le relais de {done.victim.name}"


@when("la matrice de flux est éprouvée de nouveau", target_fixture="trial")
def try_matrix_again(platform: Platform, cells: tuple[Cell, ...], preuves: Recorder) -> Trial:
    trial = run(Flows(platform.site, platform.remote), cells)
    record(trial, preuves)
    return trial


@when("les flux qui traversent les deux niveaux sont éprouvés", target_fixture="trial")
def try_two_levels(platform: Platform, cells: tuple[Cell, ...], preuves: Recorder) -> Trial:
    trial = run(Flows(platform.site, platform.remote), filter(crosses_both, cells))
    record(trial, preuves)
    return trial


def record(trial: Trial, preuves: Recorder) -> None:
    preuves.attach("matrice.csv.gz", trial.csv(), "application/gzip")
    preuves.measure("flux éprouvés", len(trial.results), "flux")
    preuves.measure("durée de l'épreuve", round(trial.duration_s, 2), "s")
    preuves.measure("flux éprouvés deux fois", trial.timing.retried, "flux")


@then("chaque flux autorisé aboutit à la machine prévue")
def permitted_flows_pass(trial: Trial, preuves: Recorder) -> None:
    tried = trial.permitted()
    wrong = not_accepted(tried)
    preuves.measure("flux autorisés qui aboutissent", len(tried) - len(wrong), "flux", f"= {len(tried)}", not wrong)
    assert not wrong, told(wrong, len(tried))


@then("chaque flux écrit dans la matrice a été éprouvé")
def every_line_was_tried(trial: Trial) -> None:
    untried = trial.untried_flows()
    assert not untried, "Lignes de la matrice non éprouvées : " + ", ".join(untried)


@then("chaque flux IPv4 absent de la matrice est refusé et journalisé")
def ipv4_refused(trial: Trial, preuves: Recorder) -> None:
    judge_refusals(trial, preuves, "refus IPv4 prouvés", ipv6=False)


@then("chaque flux IPv6 est refusé et journalisé")
def ipv6_refused(trial: Trial, preuves: Recorder) -> None:
    judge_refusals(trial, preuves, "refus IPv6 prouvés", ipv6=True)


def judge_refusals(trial: Trial, preuves: Recorder, name: str, *, ipv6: bool) -> None:
    tried = trial.refused(lambda cell: is_ipv6(cell) is ipv6)
    wrong = not_refused(tried)
    preuves.measure(name, len(tried) - len(wrong), "flux", f"= {len(tried)}", not wrong)
    assert not wrong, told(wrong, len(tried))


@then("chaque machine visée a répondu à un flux témoin")
def targets_are_alive(trial: Trial) -> None:
    silent = trial.unwitnessed()
    assert not silent, "Aucun flux témoin n'a abouti vers : " + ", ".join(silent)


@then(parsers.parse("au moins {count:d} flux ont été éprouvés"))
def enough_flows(count: int, trial: Trial) -> None:
    assert len(trial.results) >= count, f"Obtenu : {len(trial.results)} flux — Attendu : au moins {count}"


@then("aucune zone de production n'est atteinte hors de ses conduits")
def production_not_reached(trial: Trial, preuves: Recorder) -> None:
    conduits(trial, preuves, "zone_target", "entrées refusées en zone de production")


@then("aucune zone de production n'atteint une autre zone hors de ses conduits")
def production_does_not_reach(trial: Trial, preuves: Recorder) -> None:
    conduits(trial, preuves, "zone_source", "sorties refusées de zone de production")


@then(parsers.parse('la zone "{zone}" n\'est atteinte par aucun flux non déclaré'))
def zone_not_reached(zone: str, trial: Trial, preuves: Recorder) -> None:
    undeclared_are_refused(trial, preuves, lambda cell: cell.zone_target == zone, f"entrées refusées en zone {zone}")


def conduits(trial: Trial, preuves: Recorder, side: str, name: str) -> None:
    def concerned(cell: Cell) -> bool:
        return trial.site.zone(getattr(cell, side)).role == "production"

    undeclared_are_refused(trial, preuves, concerned, name)


def undeclared_are_refused(trial: Trial, preuves: Recorder, concerned: Callable[[Cell], bool], name: str) -> None:
    tried = trial.refused(concerned)
    if not tried:
        raise Inconclusive(f"{name} : aucun flux éprouvé")
    wrong = not_refused(tried)
    preuves.measure("flux déclarés", len(trial.permitted(concerned)), "flux")
    preuves.measure(name, len(tried) - len(wrong), "flux", f"= {len(tried)}", not wrong)
    assert not wrong, told(wrong, len(tried))


@then("aucun flux entre une zone de production et Internet n'aboutit")
def production_never_meets_internet(trial: Trial, preuves: Recorder) -> None:
    def concerned(cell: Cell) -> bool:
        roles = {trial.site.zone(cell.zone_source).role, trial.site.zone(cell.zone_target).role}
        return "production" in roles and bool(roles & OUTSIDE)

    tried = trial.refused(concerned)
    wrong = not_refused(tried) + [str(r) for r in trial.results if concerned(r.cell) and r.cell.permitted]
    preuves.measure("flux production-Internet refusés", len(tried) - len(wrong), "flux", f"= {len(tried)}", not wrong)
    assert not wrong, told(wrong, len(tried))


@then(parsers.parse('seule la zone "{zone}" ouvre une session d\'administration sur les pare-feux'))
def administration_from_one_zone(zone: str, trial: Trial, preuves: Recorder) -> None:
    tried = [
        r
        for r in trial.results
        if r.cell.target.level and (r.cell.service.protocol, r.cell.service.port) == ("tcp", 22)
    ]
    opened = {r.cell.zone_source for r in tried if r.observation is Observation.ACCEPTED}
    preuves.measure(
        "zones essayées vers l'administration des pare-feux", len({r.cell.zone_source for r in tried}), "zones"
    )
    assert opened == {zone}, f"Obtenu : {', '.join(sorted(opened)) or 'aucune zone'} — Attendu : {zone} seule"
