"""Steps of what the telephony refuses."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from pytest_bdd import given, parsers, then, when

from recette.evidence import Recorder
from recette.platform import Platform
from recette.probes.calls.stranger import Answer
from recette.trials.people import People
from recette.trials.telephony import abuses, closing, intrusions
from recette.trials.telephony.closing import Cut
from steps.reseau.en_service import measured_within
from steps.telephonie.appels import Spoken, took_place

REFUSED = 300


@dataclass(frozen=True)
class InjectedInto(Spoken):
    """A call into which somebody else spoke."""

    injected: intrusions.Injected


CALLERS = {"un employé sans droit": False, "un employé autorisé": True}


@when(parsers.re(r"(?P<who>un employé (sans droit|autorisé)) appelle (?P<words>.+)"), target_fixture="tried")
def employee_calls(who: str, words: str, platform: Platform, personnel: People) -> abuses.Tried:
    return abuses.call(platform, personnel, abroad=CALLERS[who], words=words)


@when("un employé renvoie ses appels vers un numéro à l'étranger", target_fixture="tried")
def employee_forwards(platform: Platform, personnel: People) -> abuses.Tried:
    return abuses.forward(platform, personnel)


@then("l'appel est refusé")
def call_is_refused(tried: abuses.Tried) -> None:
    assert tried.code == abuses.FORBIDDEN, f"Obtenu : réponse {tried.code} — Attendu : 403, refusé"


@then("le refus est journalisé avec l'appelant et le motif")
def refusal_is_written(tried: abuses.Tried, preuves: Recorder) -> None:
    for line in tried.written:
        preuves.note(line)
    wanted = f"refused: caller={tried.extension} number={tried.number} reason={tried.reason}"
    found = [line for line in tried.written if wanted in line]
    assert found, f"Obtenu : {list(tried.written) or 'rien de journalisé'} — Attendu : {wanted}"


@then("l'appel aboutit")
def call_is_accepted(tried: abuses.Tried, preuves: Recorder) -> None:
    preuves.note(f"Réponse de l'autocommutateur : {tried.code}.")
    assert tried.code == abuses.ACCEPTED, f"Obtenu : réponse {tried.code} — Attendu : 200, aboutie"


@when("un téléphone se présente avec un mauvais mot de passe", target_fixture="refusal")
def wrong_password(platform: Platform, personnel: People) -> str:
    return abuses.refused_registration(platform, personnel)


@then("l'autocommutateur le refuse")
def exchange_refuses(refusal: str, preuves: Recorder) -> None:
    preuves.note(f"Réponse : {refusal}.")
    assert any(code in refusal for code in ("401", "403")), f"Obtenu : {refusal} — Attendu : 401 ou 403"


@given("un employé parle à un collègue", target_fixture="cut")
def employee_talks(platform: Platform, personnel: People) -> Iterator[Cut]:
    with closing.talking(platform, personnel) as found:
        yield found


@when("le compte de l'employé est désactivé pendant l'appel")
def account_is_disabled(platform: Platform, cut: Cut) -> Iterator[None]:
    with closing.disabled(platform, cut.person):
        cut.since_s = time.monotonic()
        yield
    closing.await_known(platform, cut)


@then(parsers.parse("son appel est coupé en au plus {limit:d} secondes"))
def call_is_cut(limit: int, cut: Cut, preuves: Recorder) -> None:
    delay_s = cut.seconds_until_cut(limit)
    held = measured_within(preuves, "coupure de l'appel après la désactivation", round(delay_s, 1), "s", limit)
    assert held, f"Obtenu : appel encore en cours après {limit} s — Attendu : coupé"


@then("son téléphone n'est plus admis")
def phone_is_refused(cut: Cut, preuves: Recorder) -> None:
    said = cut.presented_again()
    preuves.note(f"Réponse à une nouvelle inscription : {said}.")
    assert any(code in said for code in ("401", "403")), f"Obtenu : {said} — Attendu : un refus"


@when(
    parsers.re(r"un inconnu de la zone voix appelle (?P<words>.+) sans s'identifier"),
    target_fixture="answer",
)
def stranger_calls(words: str, platform: Platform, personnel: People) -> Answer:
    return intrusions.anonymous(platform, personnel, words)


@when("un employé propose un appel sans chiffrer la voix", target_fixture="answer")
def unencrypted_call(platform: Platform, personnel: People) -> Answer:
    return intrusions.unencrypted(platform, personnel)


@then("l'autocommutateur ne passe pas l'appel")
def call_goes_nowhere(answer: Answer, preuves: Recorder) -> None:
    preuves.note(f"Réponse : {answer}.")
    assert answer.messages, f"Obtenu : {answer} — Attendu : un refus de l'autocommutateur"
    codes = [message.code for message in answer.messages if message.code]
    assert codes[-1] >= REFUSED, f"Obtenu : réponse {codes[-1]} — Attendu : un refus"


@when("un inconnu de la zone voix interroge l'autocommutateur sur des numéros attribués ou non", target_fixture="told")
def stranger_searches(platform: Platform, personnel: People) -> dict[str, tuple[frozenset[str], frozenset[str]]]:
    return intrusions.differences(platform, personnel)


@then("les réponses sont les mêmes pour les uns et pour les autres")
def nothing_is_learnt(told: dict[str, tuple[frozenset[str], frozenset[str]]], preuves: Recorder) -> None:
    for method, (known, unknown) in told.items():
        preuves.attach(f"{method}.txt", "\n---\n".join(sorted(known | unknown)))
        assert known == unknown, f"{method} — Obtenu : des réponses différentes — Attendu : les mêmes pour tous"


@when(
    parsers.parse("{count:d} mots de passe d'un employé sont essayés depuis un téléphone, {rate:d} par seconde"),
    target_fixture="guessing",
)
def search_password(count: int, rate: int, platform: Platform, personnel: People) -> intrusions.Guessing:
    return intrusions.guessed(platform, personnel, count, rate)


@then(parsers.parse("moins de {count:d} essais ont eu une réponse"))
def guesses_are_stopped(count: int, guessing: intrusions.Guessing, preuves: Recorder) -> None:
    got = guessing.answered
    preuves.measure("essais qui ont eu une réponse", got, "essais", f"< {count}", 0 < got < count)
    assert got, "Obtenu : aucune réponse, même au premier essai — Attendu : des refus, puis le silence"
    assert got < count, f"Obtenu : {got} réponses — Attendu : moins de {count}"


@then("même le bon mot de passe n'a plus de réponse depuis ce téléphone")
def right_password_is_dropped(guessing: intrusions.Guessing) -> None:
    assert not guessing.afterwards.messages, f"Obtenu : {guessing.afterwards} — Attendu : aucune réponse"


@then("l'arrêt est journalisé avec l'adresse du téléphone")
def ban_is_written(guessing: intrusions.Guessing, preuves: Recorder) -> None:
    for line in guessing.written:
        preuves.note(line)
    found = [line for line in guessing.written if f"address={guessing.address} " in line]
    assert found, f"Obtenu : {list(guessing.written) or 'rien de journalisé'} — Attendu : {guessing.address}"


@then("les autres téléphones appellent encore")
def others_still_call(platform: Platform, personnel: People) -> None:
    talk = intrusions.still_calls(platform, personnel)
    took_place(talk)
    for each in talk.ears:
        assert each.hearing.heard, f"{each.who} — Obtenu : aucune voix entendue — Attendu : l'autre"


@when("chaque message SIP mal formé est envoyé à l'autocommutateur", target_fixture="unharmed")
def send_malformed(platform: Platform, preuves: Recorder) -> bool:
    count, unharmed = intrusions.tortured(platform)
    preuves.measure("messages mal formés envoyés", count, "messages")
    return unharmed


@then("l'autocommutateur n'a pas redémarré")
def exchange_goes_on(unharmed: bool) -> None:  # noqa: FBT001 - a fixture
    assert unharmed, "Obtenu : un autre processus qu'avant — Attendu : le même"


@when(
    "un tiers envoie sa voix dans un appel en se faisant passer pour chaque extrémité",
    target_fixture="spoken",
)
def speak_into_call(platform: Platform, personnel: People, preuves: Recorder) -> InjectedInto:
    found = intrusions.injected(platform, personnel)
    preuves.measure("paquets du tiers", found.packets, "paquets")
    return InjectedInto(found.talk, "", found)


@then("personne n'a entendu le tiers")
def intruder_is_not_heard(spoken: InjectedInto, preuves: Recorder) -> None:
    injected = spoken.injected
    assert injected.packets, "Obtenu : aucun paquet envoyé — Attendu : ceux du tiers"
    for who, heard_s in injected.heard_s.items():
        preuves.measure(f"voix du tiers entendue par {who}", round(heard_s, 2), "s", "= 0 s", not heard_s)
        assert not heard_s, f"{who} — Obtenu : {heard_s:.2f} s de la voix du tiers — Attendu : rien"
