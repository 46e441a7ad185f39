"""Steps of the filter: what is posted, what becomes of it, what the foreign system says of ours."""

from __future__ import annotations

from pytest_bdd import parsers, then, when

from recette.evidence import Recorder
from recette.platform import Platform
from recette.trials.mail.exchange import Delivery
from recette.trials.mail.letters import header
from recette.trials.mail.outsider import conclusions
from recette.trials.mail.parties import Parties
from recette.trials.mail.unwanted import ALTERED, DELIVERED, INCOMING, Sorted, sort, sort_altered

SELECTOR = "s1"
METHODS = ("spf", "dkim", "dmarc")


@when(parsers.parse("un courriel {words} est remis au site, ainsi que son témoin"), target_fixture="result")
def outsider_posts(words: str, platform: Platform, parties: Parties, preuves: Recorder) -> Sorted:
    if words == ALTERED:
        return record(sort_altered(platform.remote, parties.cast), preuves)
    return record(sort(platform.remote, parties.cast, *INCOMING[words](parties.cast)), preuves)


def record(result: Sorted, preuves: Recorder) -> Sorted:
    preuves.note(f"Réponse au courriel : {result.flawed}.")
    preuves.note(f"Réponse à son témoin : {result.witness}.")
    return result


@then(parsers.re(r"le courriel est (?P<wanted>refusé|mis à part|distribué)"))
def sorted_as_the_table_says(wanted: str, result: Sorted) -> None:
    assert result.fate == wanted, f"Obtenu : {result.fate} ({result.flawed}) — Attendu : {wanted}"


@then("son témoin est distribué")
def witness_delivered(result: Sorted) -> None:
    fate = result.witness_fate
    assert fate == DELIVERED, f"témoin — Obtenu : {fate} ({result.witness}) — Attendu : {DELIVERED}"


@then("le système extérieur y reconnaît la signature DKIM du site")
def signed_by_the_site(delivery: Delivery, parties: Parties) -> None:
    assert delivery.found, f"Obtenu : {delivery.fate} — Attendu : distribué"
    signatures = header(delivery.found[0].raw or b"", "DKIM-Signature")
    wanted = {f"d={parties.staff.domain}", f"s={SELECTOR}"}
    named = [{part.strip() for part in signature.split(";")} for signature in signatures]
    assert any(wanted <= parts for parts in named), f"Obtenu : {signatures} — Attendu : {' '.join(sorted(wanted))}"


@then("le système extérieur conclut SPF, DKIM et DMARC conformes")
def foreign_conclusions(delivery: Delivery, preuves: Recorder) -> None:
    assert delivery.found, f"Obtenu : {delivery.fate} — Attendu : distribué"
    told = conclusions(delivery.found[0].raw or b"")
    preuves.note("Conclusions du système extérieur : " + ", ".join(f"{k}={v}" for k, v in told.items()) + ".")
    wrong = {method: told.get(method, "absent") for method in METHODS if told.get(method) != "pass"}
    assert not wrong, f"Obtenu : {wrong} — Attendu : pass pour {', '.join(METHODS)}"
