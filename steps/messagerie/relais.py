"""Steps of the relays: who asks to have what relayed, and what is answered."""

from __future__ import annotations

from pytest_bdd import parsers, then, when

from recette.evidence import Recorder
from recette.platform import Platform
from recette.trials.mail.parties import Parties
from recette.trials.mail.relaying import Attempts, Curiosity, Unknown, ask_who_exists, relay_attempts, write_to_unknown

PLACES = {
    "au relais, vu d'Internet": "relay",
    "au relais, vu de la DMZ": "relay_inside",
    "au serveur de messagerie": "server",
    "au service de dépôt, sans login": "submission",
}
"""Words of the features -> the door."""


@when(
    parsers.re(r'"(?P<source>[\w-]+)" demande (?P<place>au .+) de relayer les formes d\'adresse classiques'),
    target_fixture="attempts",
)
def try_to_relay(source: str, place: str, platform: Platform, parties: Parties, preuves: Recorder) -> Attempts:
    attempts = relay_attempts(platform.remote, parties, source, PLACES[place])
    preuves.attach("relais.txt", attempts.told())
    return attempts


@then(parsers.parse("aucune des {count:d} formes n'est acceptée"))
def nothing_relayed(count: int, attempts: Attempts, preuves: Recorder) -> None:
    tried, relayed = len(attempts.envelopes), attempts.relayed()
    preuves.measure("formes essayées", tried, "formes", f"= {count}", tried == count)
    preuves.measure("formes acceptées", len(relayed), "formes", "= 0", not relayed)
    assert tried == count, f"Obtenu : {tried} formes essayées — Attendu : {count}"
    assert not relayed, f"{attempts.source} — relais accepté : " + " ; ".join(relayed)


@then("un envoi permis y est accepté")
def permitted_is_accepted(attempts: Attempts, preuves: Recorder) -> None:
    preuves.note(f"Envoi permis : {attempts.control}.")
    assert attempts.controlled, f"envoi permis — Obtenu : {attempts.control} — Attendu : accepté"


@when(
    parsers.re(r'"(?P<source>[\w-]+)" demande (?P<place>au .+) si une adresse et une liste existent'),
    target_fixture="curiosity",
)
def ask_about_addresses(source: str, place: str, platform: Platform, parties: Parties, preuves: Recorder) -> Curiosity:
    curiosity = ask_who_exists(platform.remote, parties, source, PLACES[place])
    preuves.attach("verifications.txt", curiosity.told())
    return curiosity


@then("VRFY et EXPN sont refusés de la même façon pour une adresse connue et une inconnue")
def says_nothing(curiosity: Curiosity) -> None:
    wrong = curiosity.leaks()
    assert not wrong, "\n".join(wrong)


@when(parsers.parse('"{source}" écrit à un destinataire inconnu du site, puis à un salarié'), target_fixture="unknown")
def write_to_nobody(source: str, platform: Platform, parties: Parties, preuves: Recorder) -> Unknown:
    unknown = write_to_unknown(platform.remote, parties, source)
    preuves.note(f"Inconnu : {unknown.nobody} ; salarié : {unknown.somebody}.")
    return unknown


@then(parsers.parse("l'inconnu est refusé par une réponse {code:d}"))
def nobody_refused(code: int, unknown: Unknown) -> None:
    refusal = unknown.nobody.refusal
    assert refusal is not None, "inconnu — Obtenu : accepté — Attendu : refusé pendant le dialogue"
    assert refusal.code == code, f"inconnu — Obtenu : {refusal} — Attendu : {code}"


@then("le salarié est accepté")
def somebody_accepted(unknown: Unknown) -> None:
    assert unknown.somebody.refusal is None, f"salarié — Obtenu : {unknown.somebody} — Attendu : accepté"
