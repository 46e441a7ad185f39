"""Steps about the protocols of the directory's servers."""

from __future__ import annotations

from pytest_bdd import parsers, then, when

from recette.evidence import Recorder
from recette.platform import Platform
from recette.probes.directory import TRUST_ANCHOR, Directory, Security
from recette.probes.tls import Endpoint, Handshake, Version, handshakes
from recette.trials.people import People
from recette.trials.protocols import Demand, granted, over_ldap, over_smb, unproven
from steps.annuaire.en_service import require_none

ASKER = 13
"""Rank of the employee of these scenarios."""
OLD = (Version.TLS_1_0, Version.TLS_1_1)


@when(parsers.parse('{words} est faite à chaque contrôleur depuis "{host}"'), target_fixture="demands")
def demand_over_ldap(words: str, host: str, annuaire: Directory, personnel: People, preuves: Recorder) -> list[Demand]:
    return record(over_ldap(annuaire, words, personnel.login(personnel.one(ASKER)), host), preuves)


@when(
    parsers.parse('une session est demandée par {words} à chaque contrôleur depuis "{host}"'), target_fixture="demands"
)
def demand_over_smb(words: str, host: str, platform: Platform, personnel: People, preuves: Recorder) -> list[Demand]:
    person = personnel.login(personnel.one(ASKER))
    return record(over_smb(platform.directory, platform.remote, words, person, host), preuves)


def record(demands: list[Demand], preuves: Recorder) -> list[Demand]:
    """Keep what each server answered to both demands."""
    for one in demands:
        preuves.note(f"{one.server} : {one.said} ; la même demande bien faite : {one.proof}.")
    return demands


@then("chaque contrôleur la refuse")
@then("chaque contrôleur refuse la session")
def everybody_refuses(demands: list[Demand], preuves: Recorder) -> None:
    require_none(preuves, "demandes accordées à tort", "contrôleurs", granted(demands))


@then("chaque contrôleur accepte la même demande, authentifiée et chiffrée")
@then("chaque contrôleur accepte la même session par un protocole sûr")
def everybody_serves(demands: list[Demand], preuves: Recorder) -> None:
    require_none(preuves, "demandes bien faites refusées", "contrôleurs", unproven(demands))


@when(parsers.parse('chaque version de TLS est proposée à chaque contrôleur depuis "{host}"'), target_fixture="offers")
def offer_versions(host: str, platform: Platform, preuves: Recorder) -> tuple[Handshake, ...]:
    directory = platform.directory
    endpoints = [
        Endpoint(str(server.address), Security.LDAPS.port, directory.certified_name(server))
        for server in directory.servers
    ]
    offers = handshakes(platform.remote, host, endpoints, list(Version), TRUST_ANCHOR)
    for one in offers:
        asked = one.asked or "au choix"
        preuves.note(f"{one.endpoint}, {asked} : {f'{one.version}, {one.cipher}' if one.accepted else one.error}.")
    return offers


@then(parsers.parse("TLS 1.3 est retenu quand le choix est libre"))
def best_is_chosen(offers: tuple[Handshake, ...]) -> None:
    wrong = [one for one in offers if one.asked == Version.BEST and one.version != "TLSv1.3"]
    assert not wrong, "\n".join(
        f"{one.endpoint} — Obtenu : {one.version or one.error} — Attendu : TLS 1.3" for one in wrong
    )


@then("TLS 1.2 est accepté")
def present_is_accepted(offers: tuple[Handshake, ...]) -> None:
    wrong = [one for one in offers if one.asked == Version.TLS_1_2 and not one.accepted]
    assert not wrong, "\n".join(f"{one.endpoint} — Obtenu : {one.error} — Attendu : accepté" for one in wrong)


@then("TLS 1.1 et TLS 1.0 sont refusés par chaque contrôleur")
def past_is_refused(offers: tuple[Handshake, ...], preuves: Recorder) -> None:
    wrong = [
        f"{one.endpoint}, {one.asked} — Obtenu : {one.error or one.cipher} — Attendu : refusé par le contrôleur"
        for one in offers
        if one.asked in OLD and not one.refused
    ]
    require_none(preuves, "versions anciennes non refusées", "versions", wrong)


@then("chaque suite retenue est authentifiée et à confidentialité persistante")
def suites_are_strong(offers: tuple[Handshake, ...], preuves: Recorder) -> None:
    accepted = [one for one in offers if one.accepted]
    weak = [f"{one.endpoint} : {one.cipher}" for one in accepted if not (one.forward_secret and one.authenticated)]
    preuves.measure("suites retenues", len(accepted), "suites", "≥ 1", bool(accepted))
    require_none(preuves, "suites faibles", "suites", weak)


@then(parsers.parse("le certificat de chaque contrôleur est reconnu et dure au plus {limit:d} jours"))
def certificates_are_valid(limit: int, offers: tuple[Handshake, ...], preuves: Recorder) -> None:
    for one in (offer for offer in offers if offer.asked == Version.BEST):
        assert one.accepted, f"{one.endpoint} — Obtenu : {one.error} — Attendu : un certificat reconnu"
        ok = one.lifetime_days <= limit
        preuves.measure(f"durée du certificat de {one.endpoint}", one.lifetime_days, "jours", f"≤ {limit} jours", ok)
        assert ok, f"{one.endpoint} — Obtenu : {one.lifetime_days:.0f} jours — Attendu : au plus {limit} jours"
