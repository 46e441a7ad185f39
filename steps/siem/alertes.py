"""Steps of the alerts: what is done, and what the SIEM tells of it."""

from __future__ import annotations

import math

from pytest_bdd import parsers, then, when

from recette.evidence import Recorder
from recette.platform import Platform
from recette.trials.people import People
from recette.trials.siem import oncall, ordinary, watch
from recette.trials.siem.attacks import ATTACKS
from recette.trials.siem.watch import Raised
from steps.reseau.en_service import measured_within

WATCH_S = 30.0
"""Longer than what any feature allows: a late alert is measured rather than missed."""


@when(parsers.re(r"(?P<words>.+)(?<!fois) sous les yeux du SIEM"), target_fixture="raised")
def attack(words: str, platform: Platform, personnel: People, preuves: Recorder) -> Raised:
    raised = watch.watched(platform, personnel, ATTACKS[words], WATCH_S)
    for alert in raised.others:
        preuves.note(f"Alerte : {alert}.")
    return raised


@then(parsers.parse("une alerte en parle en au plus {limit:d} secondes"))
def alert_is_raised(limit: int, raised: Raised, preuves: Recorder) -> None:
    held = measured_within(preuves, "alerte après l'acte", round(raised.delay_s, 2), "s", limit)
    seen = ", ".join(alert.kind for alert in raised.others) or "aucune alerte"
    assert raised.alert, f"Obtenu : aucune alerte {raised.expected.kind} ({seen}) — Attendu : une en {limit} s"
    preuves.attach("alerte.txt", f"{raised.alert}\n{raised.alert.raw}\n")
    assert held, f"Obtenu : une alerte tardive, après {raised.delay_s:.1f} s — Attendu : au plus {limit} s"


@then("l'alerte nomme la machine, la source, le compte et la technique")
def alert_is_right(raised: Raised) -> None:
    assert raised.alert, f"Obtenu : aucune alerte {raised.expected.kind} — Attendu : une"
    faults = raised.expected.faults(raised.alert)
    assert not faults, f"Obtenu : {' ; '.join(faults)} — Attendu : une alerte juste"


@when(
    parsers.parse("un fichier de /etc est écrit {count:d} fois sous les yeux du SIEM"),
    target_fixture="repeated",
)
def write_repeatedly(count: int, platform: Platform, personnel: People) -> list[Raised]:
    act = ATTACKS["un fichier de /etc est écrit"]
    return [watch.watched(platform, personnel, act, WATCH_S) for _ in range(count)]


@then("chaque écriture a levé une alerte")
def each_is_told(repeated: list[Raised]) -> None:
    missed = sum(raised.alert is None for raised in repeated)
    assert repeated, "Obtenu : aucune écriture — Attendu : des écritures"
    assert not missed, f"Obtenu : {missed} écritures sans alerte sur {len(repeated)} — Attendu : aucune"


@then(parsers.parse("{share:d} pour cent des alertes sont venues en au plus {limit:d} secondes"))
def most_are_quick(share: int, limit: int, repeated: list[Raised], preuves: Recorder) -> None:
    delays = sorted(raised.delay_s for raised in repeated)
    rank = max(0, math.ceil(share / 100 * len(delays)) - 1)
    preuves.attach("delais.csv", "\n".join(["delai_s", *(f"{delay:.3f}" for delay in delays)]) + "\n")
    preuves.measure("délai d'alerte médian", round(delays[len(delays) // 2], 2), "s")
    held = measured_within(preuves, f"délai d'alerte, {share}e centile", round(delays[rank], 2), "s", limit)
    assert held, f"Obtenu : {delays[rank]:.1f} s — Attendu : au plus {limit} s pour {share} % des alertes"


@then(
    parsers.parse(
        "l'astreinte reçoit en au plus {limit:d} secondes un courriel qui nomme la machine, le compte et la technique"
    )
)
def people_on_call_are_told(limit: int, raised: Raised, platform: Platform, preuves: Recorder) -> None:
    assert raised.alert, f"Obtenu : aucune alerte {raised.expected.kind} — Attendu : une"
    letter = oncall.letter(platform, raised.alert, limit)
    assert letter, f"Obtenu : aucun courriel à l'astreinte en {limit} s — Attendu : un"
    preuves.attach("courriel.txt", f"{letter.subject}\n\n{letter.text}")
    held = measured_within(preuves, "courriel après l'alerte", round(letter.delay_s, 1), "s", limit)
    wanted = (*raised.expected.hosts, raised.expected.user, raised.expected.technique)
    missing = [word for word in wanted if word not in letter.text]
    assert not missing, f"Obtenu : un courriel sans {', '.join(missing)} — Attendu : machine, compte et technique"
    assert held, f"Obtenu : {letter.delay_s:.0f} s — Attendu : au plus {limit} s"


@when(
    parsers.parse("ces gestes sont faits et que le SIEM est observé pendant {duration:d} secondes"),
    target_fixture="calm",
)
def live(duration: int, datatable: list[list[str]], platform: Platform, personnel: People) -> tuple[ordinary.Calm, ...]:
    return ordinary.lived(platform, personnel, [row[0] for row in datatable[1:]], duration)


@then("chaque geste est dans l'archive des journaux")
def life_is_recorded(calm: tuple[ordinary.Calm, ...], preuves: Recorder) -> None:
    assert calm, "Obtenu : aucun geste — Attendu : ceux de la vie ordinaire"
    for one in calm:
        count = len(one.witnesses)
        preuves.measure(f"événements, {one.words}", count, "événements", "≥ 1", bool(count))
    unseen = [one.words for one in calm if not one.witnesses]
    assert not unseen, f"Obtenu : aucun événement de {', '.join(unseen)} — Attendu : ceux de chaque geste"


@then("aucune alerte ne parle d'un geste")
def life_is_not_told(calm: tuple[ordinary.Calm, ...], preuves: Recorder) -> None:
    for one in calm:
        preuves.measure(f"alertes, {one.words}", len(one.alerts), "alertes", "= 0", not one.alerts)
    told = [f"{one.words} : {alert}" for one in calm for alert in one.alerts]
    assert not told, f"Obtenu : {' ; '.join(told)} — Attendu : aucune alerte"
