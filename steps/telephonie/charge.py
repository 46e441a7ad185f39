"""Steps of the busiest hour of the telephony."""

from __future__ import annotations

from pytest_bdd import parsers, then, when

from recette.evidence import Recorder
from recette.platform import Platform
from recette.trials.people import People
from recette.trials.telephony import capacity
from recette.trials.telephony.capacity import Busy
from steps.reseau.en_service import measured_within

MOST = 0.99


@when(
    parsers.parse("l'extérieur appelle le standard {rate:d} fois par seconde pendant {seconds:d} secondes"),
    target_fixture="busy",
)
def outside_calls(rate: int, seconds: int, platform: Platform, preuves: Recorder) -> Busy:
    found = capacity.busiest(platform, rate, seconds)
    for name, each in (("vers le site", found.toward), ("de sipp à sipp", found.floor)):
        preuves.measure(f"appels {name}", each.created, "appels")
        preuves.measure(f"appels à la fois {name}", each.peak, "appels")
        preuves.measure(f"délai de réponse moyen {name}", round(each.setup_ms, 1), "ms")
    return found


@then(parsers.parse("au plus {limit:g} % des appels échouent"))
def few_fail(limit: float, busy: Busy, preuves: Recorder) -> None:
    failed = 100 * busy.toward.failures
    held = measured_within(preuves, "appels échoués", round(failed, 2), "%", limit)
    assert held, f"Obtenu : {busy.toward.failed} échecs sur {busy.toward.created} — Attendu : au plus {limit:g} %"


@then(parsers.parse("l'écoute (MOS) de 99 appels sur 100 vaut au moins {least:g}"))
def nearly_all_sound_well(least: float, busy: Busy, preuves: Recorder) -> None:
    found = busy.score(MOST)
    preuves.note(f"{len(busy.scores)} appels écoutés ; MOS du pire : {busy.scores[0]:.2f}.".replace(".", ",", 1))
    preuves.measure(
        "MOS de 99 appels sur 100", round(found, 2), "MOS", f"≥ {least:g}".replace(".", ","), found >= least
    )
    assert found >= least, f"Obtenu : MOS {found:.2f} — Attendu : au moins {least:g}"


@then(parsers.parse("c'est au moins {margin:d} fois l'heure la plus chargée des employés"))
def margin_is_kept(margin: int, busy: Busy, personnel: People, preuves: Recorder) -> None:
    needed = capacity.needed(personnel)
    ratio = busy.toward.rate / needed
    preuves.note(f"Heure la plus chargée : {capacity.CALLS_AN_HOUR} appels extérieurs par employé.")
    preuves.measure("marge sur l'heure la plus chargée", round(ratio, 1), "", f"≥ {margin}", ratio >= margin)
    assert ratio >= margin, f"Obtenu : {ratio:.1f} fois — Attendu : au moins {margin}"
