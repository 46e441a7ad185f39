"""Steps of emergency calls."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from pytest_bdd import given, parsers, then, when

from recette.actions import Fault
from recette.evidence import Recorder
from recette.platform import Platform
from recette.trials.people import People
from recette.trials.telephony import emergencies, exchange, parties
from recette.trials.telephony.emergencies import Help
from steps.reseau.en_service import measured_within
from steps.telephonie.appels import took_place


@dataclass(frozen=True)
class Ordinary:
    """How the exchange answered an ordinary call: 200, 403, 503…"""

    code: int | None


@when(parsers.parse("un employé de chaque téléphone appelle le {number}, puis le 0{again}"), target_fixture="helps")
def everybody_calls(number: str, again: str, platform: Platform, personnel: People) -> list[Help]:
    return [
        emergencies.call(platform, personnel, rank, dialled, number)
        for rank in range(len(platform.site.members(parties.TELEPHONES)))
        for dialled in (number, f"0{again}")
    ]


@then(parsers.parse("chaque appel d'urgence aboutit en au plus {limit:d} secondes"))
def every_call_arrives(limit: int, helps: list[Help], preuves: Recorder) -> None:
    for each in helps:
        took_place(each.talk)
        held = measured_within(preuves, f"{each.dialled} depuis {each.who}", round(each.waited_s, 3), "s", limit)
        assert held, f"{each.dialled} depuis {each.who} — Obtenu : {each.waited_s:.1f} s — Attendu : au plus {limit} s"


@then("chacun entend le centre de secours et s'en fait entendre")
def everybody_is_heard(helps: list[Help], preuves: Recorder) -> None:
    for each in helps:
        took_place(each.talk)
        for ear in each.talk.ears:
            preuves.measure(f"{each.dialled} : voix entendue par {ear.who}", round(ear.hearing.heard_s, 2), "s")
            assert ear.hearing.heard, f"{ear.who} — Obtenu : aucune voix entendue — Attendu : l'autre"


@then("le centre voit le numéro et le nom du bâtiment de chaque employé")
def building_is_told(helps: list[Help], preuves: Recorder) -> None:
    for each in helps:
        took_place(each.talk)
        got, wanted = (each.talk.shown, each.talk.name), (each.number, each.building)
        preuves.note(f"{each.dialled} depuis {each.who} : le centre voit {got[0]}, {got[1]}.")
        assert got == wanted, f"{each.who} — Obtenu : {got} — Attendu : {wanted}"


@given("un autocommutateur sans courant")
def exchange_without_power(platform: Platform) -> Iterator[None]:
    with platform.faults.inject(Fault.POWER_CUT, exchange.active(platform)):
        yield
    exchange.await_ready(platform)


@given("un opérateur Internet coupé")
def operator_is_cut(platform: Platform) -> Iterator[None]:
    operator = next(host for host in platform.site.hosts.values() if "operateurs" in host.groups)
    with platform.faults.inject(Fault.OPERATOR_CUT, operator):
        yield
    exchange.await_ready(platform)


@when("un employé appelle le 112 jusqu'à ce qu'il aboutisse", target_fixture="rescued_s")
def call_until_heard(platform: Platform, personnel: People) -> float:
    return emergencies.seconds_until_heard(platform, personnel, "112", time.monotonic())


@then(parsers.parse("l'appel d'urgence aboutit en au plus {limit:d} secondes"))
def emergency_arrives(limit: int, rescued_s: float, preuves: Recorder) -> None:
    held = measured_within(preuves, "délai jusqu'au centre de secours", round(rescued_s, 2), "s", limit)
    assert held, f"Obtenu : {rescued_s:.1f} s — Attendu : au plus {limit} s"


@given("toutes les lignes ordinaires vers l'extérieur sont occupées")
def every_line_is_busy(platform: Platform, preuves: Recorder) -> Iterator[None]:
    with emergencies.busy_lines(platform) as taken:
        preuves.measure("lignes occupées", taken, "lignes")
        yield


@when("un employé appelle un numéro fixe", target_fixture="ordinary")
def call_ordinary(platform: Platform, personnel: People) -> Ordinary:
    return Ordinary(emergencies.answer_to(platform, personnel, f"0{parties.FIXED.number}"))


@then("l'appel ordinaire est refusé faute de ligne")
def ordinary_is_refused(ordinary: Ordinary) -> None:
    assert ordinary.code == emergencies.NO_LINE, f"Obtenu : réponse {ordinary.code} — Attendu : 503, plus de ligne"


@then(parsers.parse("le 15 aboutit en au plus {limit:d} secondes"))
def emergency_has_a_line(limit: int, platform: Platform, personnel: People, preuves: Recorder) -> None:
    found = emergencies.call(platform, personnel, 0, "15", "15")
    took_place(found.talk)
    held = measured_within(preuves, "délai jusqu'au centre de secours", round(found.waited_s, 2), "s", limit)
    assert held, f"Obtenu : {found.waited_s:.1f} s — Attendu : au plus {limit} s"
