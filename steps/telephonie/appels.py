"""Steps of ordinary calls: who calls whom, what each hears, what happens when nobody answers."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from pytest_bdd import given, parsers, then, when

from recette.errors import Inconclusive
from recette.evidence import Recorder
from recette.platform import Platform
from recette.probes.calls import Line, Phone, phone
from recette.trials.people import People
from recette.trials.telephony import handing, messages, parties, talks
from recette.trials.telephony.beside import CallBeside
from recette.trials.telephony.parties import A_LAW, FIXED, MOBILE, OPUS
from recette.trials.telephony.talks import Talk
from steps.reseau.en_service import measured_within

PARIS = ZoneInfo("Europe/Paris")
HOURS = {
    "le lundi à 10 heures": datetime(2026, 11, 30, 10, 0, tzinfo=PARIS),
    "le lundi à 7 h 59": datetime(2026, 11, 30, 7, 59, tzinfo=PARIS),
    "le vendredi à 18 h 1": datetime(2026, 12, 4, 18, 1, tzinfo=PARIS),
    "le dimanche à 10 heures": datetime(2026, 11, 29, 10, 0, tzinfo=PARIS),
}
LISTENS = "ww"
"""A second, while the menu asks for the extension."""
UNANSWERED_S, CALLER_STAYS_S = 10.0, 8
"""How long the reception is watched that must not ring, three times what the menu takes; and the caller's stay."""


@dataclass(frozen=True)
class Spoken:
    """A call that is over, and the number that its callee must have seen."""

    talk: Talk
    caller_number: str


def _inside(codecs: tuple[str, ...]) -> Callable[[Platform, People, int], Spoken]:
    def talk(platform: Platform, people: People, seconds: int) -> Spoken:
        caller, called = (parties.employee(people, rank) for rank in range(2))
        lines = parties.line(platform, people, caller, 0, codecs), parties.line(platform, people, called, 1, codecs)
        return Spoken(talks.inside(platform, *lines, seconds), caller.extension)

    return talk


def _outward(subscriber: parties.Subscriber) -> Callable[[Platform, People, int], Spoken]:
    def talk(platform: Platform, people: People, seconds: int) -> Spoken:
        person = parties.employee(people, 0)
        line = parties.line(platform, people, person)
        spoken = talks.outward(platform, line, f"0{subscriber.number}", subscriber, talks.lasting(seconds))
        return Spoken(spoken, parties.direct_number(platform.site, person))

    return talk


def _inward(platform: Platform, people: People, seconds: int) -> Spoken:
    person = parties.employee(people, 0)
    number = parties.direct_number(platform.site, person)
    line = parties.line(platform, people, person)
    return Spoken(talks.inward(platform, line, number, MOBILE, seconds), MOBILE.number)


CALLS: dict[str, Callable[[Platform, People, int], Spoken]] = {
    "un employé appelle un collègue en Opus": _inside((OPUS,)),
    "un employé appelle un collègue en G.711": _inside((A_LAW,)),
    "un employé appelle un numéro fixe": _outward(FIXED),
    "un employé appelle un numéro mobile": _outward(MOBILE),
    "un correspondant extérieur appelle un employé": _inward,
}


@when(parsers.parse("{words} et qu'ils se parlent {seconds:d} secondes"), target_fixture="spoken")
def they_talk(words: str, seconds: int, platform: Platform, personnel: People) -> Spoken:
    return CALLS[words](platform, personnel, seconds)


@pytest.fixture(scope="session")
def telephonie_de_fond(platform: Platform, personnel: People) -> Iterator[CallBeside]:
    """The long call, begun before the scenarios that only look."""
    call = CallBeside(platform, personnel)
    yield call
    call.end()


@when(
    parsers.parse("un employé et un numéro fixe se parlent {seconds:d} secondes, pendant que le site sert"),
    target_fixture="spoken",
)
def they_talk_for_long(seconds: int, telephonie_de_fond: CallBeside, platform: Platform) -> Spoken:
    number = parties.direct_number(platform.site, telephonie_de_fond.caller)
    return Spoken(telephonie_de_fond.lasting(seconds), number)


@then(parsers.parse("la communication dure au moins {least:d} secondes sans être coupée"))
def it_lasts(least: int, spoken: Spoken, preuves: Recorder) -> None:
    took_place(spoken.talk)
    lasted_s = spoken.talk.lasted_s + talks.BEGIN_S + talks.END_S
    preuves.measure("durée de la communication", round(lasted_s, 1), "s", f"≥ {least}", ok=lasted_s >= least)
    assert lasted_s >= least, f"Obtenu : {lasted_s:.0f} s — Attendu : au moins {least} s"


def took_place(talk: Talk) -> None:
    """A conversation that never was has nothing to be heard."""
    assert not talk.failure, f"Obtenu : {talk.failure} — Attendu : une communication"


@then(parsers.parse("l'appel sonne en au plus {limit:d} secondes"))
def it_rings_soon(limit: int, spoken: Spoken, preuves: Recorder) -> None:
    took_place(spoken.talk)
    waited_s = spoken.talk.ringing_s
    held = measured_within(preuves, "délai de sonnerie", round(waited_s, 3), "s", limit)
    assert held, f"Obtenu : {waited_s:.1f} s — Attendu : au plus {limit} s"


@then(parsers.parse("chacun entend l'autre sans silence de plus de {limit:d} millisecondes"))
def they_hear_each_other(limit: int, spoken: Spoken, preuves: Recorder) -> None:
    took_place(spoken.talk)
    preuves.attach("voix.png", talks.timeline(spoken.talk).png(), "image/png")
    for each in spoken.talk.ears:
        preuves.measure(f"voix entendue par {each.who}", round(each.hearing.heard_s, 2), "s")
        held = measured_within(preuves, f"plus long silence, {each.who}", round(each.longest_ms), "ms", limit)
        assert held, f"{each.who} — Obtenu : {each.longest_ms:.0f} ms de silence — Attendu : au plus {limit} ms"


@then(parsers.parse("l'écoute (MOS) vaut au moins {least:g} de part et d'autre"))
def they_hear_well(least: float, spoken: Spoken, preuves: Recorder) -> None:
    took_place(spoken.talk)
    for each in spoken.talk.ears:
        found = each.quality
        preuves.note(
            f"{each.who} : {found.codec}, {found.missing} paquets perdus sur {found.expected}, "
            f"gigue {found.jitter_ms:.1f} ms, délai estimé {found.delay_ms:.0f} ms."
        )
        held = found.mos >= least
        preuves.measure(f"MOS estimé, {each.who}", round(found.mos, 2), "MOS", f"≥ {least:g}".replace(".", ","), held)
        assert held, f"{each.who} — Obtenu : MOS {found.mos:.2f} — Attendu : au moins {least:g}"


@then("l'appelé voit le numéro de l'appelant")
def number_is_shown(spoken: Spoken) -> None:
    took_place(spoken.talk)
    shown, wanted = spoken.talk.shown, spoken.caller_number
    assert shown == wanted, f"Obtenu : numéro présenté {shown or 'absent'} — Attendu : {wanted}"


@then("la voix est chiffrée sur le site")
def voice_is_encrypted(spoken: Spoken, preuves: Recorder) -> None:
    took_place(spoken.talk)
    suites = spoken.talk.encryption
    preuves.note(f"Chiffrement de la voix : {', '.join(suites)}.")
    assert all(suites), f"Obtenu : {suites} — Attendu : une suite de chiffrement à chaque téléphone du site"


@then("les paquets relevés ne font entendre personne sans les clés de l'appel")
def nothing_is_heard_without_keys(spoken: Spoken, preuves: Recorder) -> None:
    took_place(spoken.talk)
    if not spoken.talk.eavesdropped:
        raise Inconclusive("Personne n'a écouté le réseau pendant l'appel")
    for each in spoken.talk.eavesdropped:
        preuves.measure(f"voix entendue sans les clés, {each.who}", round(each.hearing.heard_s, 2), "s", "= 0 s")
        assert each.packets, f"{each.who} — Obtenu : aucun paquet relevé — Attendu : ceux de l'appel"
        assert not each.hearing.heard, f"{each.who} — Obtenu : voix audible sans les clés — Attendu : rien"


@when("un employé met un collègue en attente puis le reprend", target_fixture="held")
def put_on_hold(platform: Platform, personnel: People) -> talks.Held:
    caller, called = (parties.line(platform, personnel, parties.employee(personnel, n), n) for n in range(2))
    return talks.held(platform, caller, called)


@when("un employé transfère un appel de l'extérieur à un collègue", target_fixture="spoken")
def hand_over(platform: Platform, personnel: People) -> Spoken:
    return Spoken(handing.handed_over(platform, personnel), MOBILE.number)


@then("le collègue n'entend plus l'employé pendant l'attente")
def silence_while_held(held: talks.Held, preuves: Recorder) -> None:
    heard_s = held.during.hearing.heard_s
    preuves.measure("voix de l'employé entendue pendant l'attente", round(heard_s, 2), "s", "= 0 s", not heard_s)
    assert not heard_s, f"Obtenu : {heard_s:.2f} s entendues — Attendu : rien"


@then("chacun entend l'autre après la reprise")
def they_hear_again(held: talks.Held, preuves: Recorder) -> None:
    for each in held.after:
        preuves.measure(f"voix entendue par {each.who} après la reprise", round(each.hearing.heard_s, 2), "s")
        assert each.hearing.heard, f"{each.who} — Obtenu : aucune voix après la reprise — Attendu : l'autre"


@when("un correspondant extérieur laisse un message à un employé qui ne répond pas", target_fixture="left")
def leave_message(platform: Platform, personnel: People) -> messages.Left:
    return messages.leave(platform, personnel)


@then(parsers.parse("l'employé reçoit en au plus {limit:d} secondes un courriel qui fait entendre le correspondant"))
def message_arrives(limit: int, left: messages.Left, platform: Platform, preuves: Recorder) -> None:
    found = messages.received(platform, left, limit)
    if found is None:
        preuves.note("Aucun courriel n'est arrivé.")
    assert found is not None, f"Obtenu : aucun courriel en {limit} s — Attendu : le message vocal"
    measured_within(preuves, "délai du courriel après le raccroché", round(found.delay_s, 1), "s", limit)
    preuves.measure("message entendu", round(found.hearing.heard_s, 2), "s", f"≥ {left.least_s:g} s")
    assert found.hearing.heard_s >= left.least_s, f"Obtenu : {found.hearing.heard_s:.1f} s de la voix du correspondant"


@given(parsers.parse("le standard se croit {words}"))
def switchboard_believes(words: str, platform: Platform) -> Iterator[None]:
    hosts = [host.name for host in platform.site.group(parties.EXCHANGE)]
    with platform.exchanges.believing(hosts, HOURS[words]):
        yield


@when("un correspondant extérieur appelle le standard et tape 1", target_fixture="reception")
def call_switchboard(platform: Platform, personnel: People) -> Iterator[tuple[Phone, float]]:
    host = parties.telephone(platform.site, 0)
    password = personnel.secrets.of(f"telephonie/{parties.RECEPTION}")
    line = Line(host.name, str(host.address), host.zones[0], parties.RECEPTION, password)
    with _pressing(platform, line, "1", CALLER_STAYS_S) as reached:
        yield reached


@when(
    "un correspondant extérieur appelle le standard, tape 2 puis le poste d'un employé",
    target_fixture="reception",
)
def call_extension(platform: Platform, personnel: People) -> Iterator[tuple[Phone, float]]:
    line = parties.line(platform, personnel, parties.employee(personnel, 0))
    with _pressing(platform, line, f"2{LISTENS}{line.extension}", 2 * CALLER_STAYS_S) as reached:
        yield reached


@contextmanager
def _pressing(platform: Platform, line: Line, digits: str, seconds: int) -> Iterator[tuple[Phone, float]]:
    """A telephone in hand while somebody outside calls the switchboard and presses keys; when the call began."""
    with phone(platform.remote, line) as desk, talks.listening_carrier(platform) as there:
        asked_s = time.monotonic()
        there.call(parties.main_number(platform.site), MOBILE.tone_hz, seconds, digits=digits)
        yield desk, asked_s


@then(parsers.re(r"l'(?P<who>accueil|employé) sonne en au plus (?P<limit>\d+) secondes"), converters={"limit": int})
def reception_rings(who: str, limit: int, reception: tuple[Phone, float], preuves: Recorder) -> None:
    waited_s = _ringing_after(*reception, limit)
    held = measured_within(preuves, f"délai jusqu'à l'{who}", round(waited_s, 1), "s", limit)
    assert held, f"Obtenu : l'{who} n'a pas sonné en {limit} s — Attendu : une sonnerie"


@then("l'accueil ne sonne pas")
def reception_is_silent(reception: tuple[Phone, float], platform: Platform, preuves: Recorder) -> None:
    assert math.isinf(_ringing_after(*reception, UNANSWERED_S)), "Obtenu : l'accueil sonne — Attendu : aucune sonnerie"
    ended = messages.switchboard_call_ended(platform, reception[1])
    preuves.note(f"Fin de l'appel, selon l'opérateur : {ended}.")
    assert ended == messages.ANSWERED, f"Obtenu : appel terminé par {ended} — Attendu : un message proposé"


def _ringing_after(desk: Phone, asked_s: float, limit_s: float) -> float:
    try:
        ringing = desk.incoming(limit_s, since_s=asked_s)
    except Inconclusive:
        return math.inf
    return (ringing.ringing_s or math.inf) - asked_s
