"""Steps of what the telephony survives."""

from __future__ import annotations

import time
from collections.abc import Iterator

from pytest_bdd import given, parsers, then, when

from recette.actions import Fault
from recette.evidence import Recorder
from recette.platform import Platform
from recette.trials.people import People
from recette.trials.telephony import exchange, parties, survival
from recette.trials.telephony.survival import LongCall, Pair
from steps.reseau.en_service import measured_within
from steps.telephonie.appels import took_place

FAULTS = {
    "une coupure de courant": (Fault.POWER_CUT, None),
    "l'arrêt brutal d'Asterisk": (Fault.SERVICE_KILLED, exchange.UNIT),
    "le gel d'Asterisk": (Fault.SERVICE_FROZEN, exchange.UNIT),
    "une panique du noyau": (Fault.KERNEL_PANIC, None),
}


@given("deux employés ont leur téléphone en main", target_fixture="pair")
def two_in_hand(platform: Platform, personnel: People) -> Iterator[Pair]:
    with survival.pair(platform, personnel) as found:
        yield found


@when(parsers.parse("l'autocommutateur actif subit {words}"), target_fixture="struck_s")
def exchange_is_struck(words: str, platform: Platform) -> Iterator[float]:
    fault, unit = FAULTS[words]
    with platform.faults.inject(fault, exchange.active(platform), unit=unit):
        yield time.monotonic()
    exchange.await_ready(platform)


@then(parsers.parse("un nouvel appel entre eux aboutit en au plus {limit:d} secondes"))
def new_call_arrives(limit: int, pair: Pair, struck_s: float, preuves: Recorder) -> None:
    heard_s = pair.heard_since(struck_s)
    held = measured_within(preuves, "délai jusqu'à un nouvel appel où chacun s'entend", round(heard_s, 2), "s", limit)
    assert held, f"Obtenu : {heard_s:.1f} s — Attendu : au plus {limit} s"


@then(parsers.parse("chaque téléphone est de nouveau inscrit en au plus {limit:d} secondes"))
def phones_register_again(limit: int, pair: Pair, struck_s: float, preuves: Recorder) -> None:
    for name, delay_s in pair.registered_since(struck_s, limit).items():
        held = measured_within(preuves, f"inscription de {name}", round(delay_s, 1), "s", limit)
        assert held, f"{name} — Obtenu : pas d'inscription en {limit} s — Attendu : une inscription"


@given("un employé parle avec l'extérieur", target_fixture="long_call")
def employee_talks_outside(platform: Platform, personnel: People) -> Iterator[LongCall]:
    with survival.long_call(platform, personnel) as found:
        yield found


@when(parsers.parse("le pare-feu actif de niveau {level:d} est perdu pendant l'appel"))
def firewall_is_lost(level: int, platform: Platform, long_call: LongCall) -> Iterator[None]:
    long_call.speak()
    with platform.faults.inject(Fault.POWER_CUT, platform.active(level)) as injection:
        long_call.struck_s = injection.at_monotonic_s
        long_call.speak()
        yield
    platform.settle()


@then(parsers.parse("chacun entend de nouveau l'autre après au plus {limit:d} secondes de silence"))
def they_hear_again(limit: int, long_call: LongCall, preuves: Recorder) -> None:
    talk = long_call.end()
    took_place(talk)
    preuves.attach("voix.png", survival.picture(long_call, talk).png(), "image/png")
    for each in talk.ears:
        held = measured_within(preuves, f"silence, {each.who}", round(each.longest_ms / 1000, 3), "s", limit)
        assert held, f"{each.who} — Obtenu : {each.longest_ms:.0f} ms de silence — Attendu : au plus {limit} s"


@when("le contrôleur de bordure redémarre", target_fixture="struck_s")
def border_restarts(platform: Platform) -> Iterator[float]:
    (border,) = platform.site.members(parties.BORDER)
    with platform.faults.inject(Fault.POWER_CUT, border):
        struck_s = time.monotonic()
    yield struck_s
    exchange.await_ready(platform)


@when("les pare-feux oublient les connexions du contrôleur de bordure", target_fixture="struck_s")
def connections_are_forgotten(platform: Platform, personnel: People, preuves: Recorder) -> float:
    struck_s, forgotten = survival.forget_border(platform, personnel)
    preuves.measure("connexions oubliées", forgotten, "connexions")
    return struck_s


@then(parsers.parse("un employé joint de nouveau l'extérieur en au plus {limit:d} secondes"))
def outside_is_reached(limit: int, struck_s: float, platform: Platform, personnel: People, preuves: Recorder) -> None:
    heard_s = survival.seconds_until_outside(platform, personnel, struck_s)
    held = measured_within(preuves, "délai jusqu'à un appel sortant", round(heard_s, 1), "s", limit)
    assert held, f"Obtenu : {heard_s:.1f} s — Attendu : au plus {limit} s"


@then(parsers.parse("l'extérieur joint de nouveau un employé en au plus {limit:d} secondes"))
def inside_is_reached(limit: int, struck_s: float, platform: Platform, personnel: People, preuves: Recorder) -> None:
    heard_s = survival.seconds_until_inside(platform, personnel, struck_s)
    held = measured_within(preuves, "délai jusqu'à un appel entrant", round(heard_s, 1), "s", limit)
    assert held, f"Obtenu : {heard_s:.1f} s — Attendu : au plus {limit} s"
