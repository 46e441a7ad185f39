"""Steps of what the telephony refuses."""

from __future__ import annotations

import time
from collections.abc import Iterator

from pytest_bdd import given, parsers, then, when

from recette.evidence import Recorder
from recette.platform import Platform
from recette.trials.people import People
from recette.trials.telephony import abuses, closing
from recette.trials.telephony.closing import Cut
from steps.reseau.en_service import measured_within

CALLERS = {"un employé sans droit": False, "un employé autorisé": True}


@when(parsers.re(r"(?P<who>un employé (sans droit|autorisé)) appelle (?P<words>.+)"), target_fixture="tried")
def employee_calls(who: str, words: str, platform: Platform, personnel: People) -> abuses.Tried:
    return abuses.call(platform, personnel, abroad=CALLERS[who], words=words)


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
def call_is_accepted(tried: abuses.Tried) -> None:
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
