"""Steps of the accesses: encrypted, under one's own name, as long as the account is valid."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_bdd import given, parsers, then, when

from recette.evidence import Recorder
from recette.platform import Platform
from recette.probes.mail.filling import Filled
from recette.trials.mail.access import Clear, Closing, enter, try_in_clear, watch_closing
from recette.trials.mail.escape import Escape, escape
from recette.trials.mail.exchange import Delivery
from recette.trials.mail.parties import Parties
from recette.trials.mail.quota import Overflow, emptied, full, overflow
from recette.trials.mail.secrecy import Secrecy, call_everyone
from recette.trials.mail.usurping import Usurping, usurp
from steps.reseau.en_service import measured_within

NEIGHBOUR = "dc1"
"""A machine of the mail servers' own zone: no firewall stands between."""


@when("un salarié tente de s'identifier en clair sur les services de messagerie", target_fixture="clear")
def try_clear(platform: Platform, parties: Parties, preuves: Recorder) -> Clear:
    clear = try_in_clear(platform.remote, parties.author, NEIGHBOUR)
    for dialogue in clear.dialogues:
        preuves.note(f"{dialogue.call.door.addresses[0]}:{dialogue.call.door.port} : {dialogue.reply('AUTH')}.")
    return clear


@then("aucun service ne propose ni n'accepte l'identification en clair")
def no_clear_login(clear: Clear) -> None:
    wrong = clear.accepting()
    assert not wrong, "\n".join(wrong)


@then("aucun port de lecture en clair n'est ouvert")
def no_clear_port(clear: Clear, preuves: Recorder) -> None:
    opened = clear.open_ports
    preuves.measure("ports de lecture en clair ouverts", len(opened), "ports", "= 0", not opened)
    assert not opened, f"Obtenu : {', '.join(opened)} ouverts — Attendu : aucun"


@when("chaque service de messagerie est appelé en TLS", target_fixture="secrecy")
def call_in_tls(platform: Platform, parties: Parties, preuves: Recorder) -> Secrecy:
    secrecy = call_everyone(platform.remote, parties)
    for one in secrecy.handshakes:
        preuves.note(f"{one.endpoint}, {one.asked or 'au choix'} : {one.error or f'{one.version} {one.cipher}'}.")
    preuves.measure("poignées de main TLS", len(secrecy.handshakes), "essais")
    return secrecy


@then("chaque service prouve son nom par un certificat que le site reconnaît")
def names_proven(secrecy: Secrecy, preuves: Recorder) -> None:
    require_all(preuves, "services au certificat refusé", secrecy.unproven())


@then("chaque service choisit TLS 1.3")
def modern_preferred(secrecy: Secrecy, preuves: Recorder) -> None:
    require_all(preuves, "services qui ne choisissent pas TLS 1.3", secrecy.not_preferring())


@then("aucun service n'accepte TLS 1.0 ni TLS 1.1")
def old_refused(secrecy: Secrecy, preuves: Recorder) -> None:
    require_all(preuves, "services qui acceptent une version ancienne", secrecy.too_old())


def require_all(preuves: Recorder, name: str, wrong: list[str]) -> None:
    preuves.measure(name, len(wrong), "services", "= 0", not wrong)
    assert not wrong, "\n".join(wrong)


@when(
    "un salarié identifié dépose un courriel au nom d'un collègue, puis un autre en son nom", target_fixture="usurping"
)
def write_as_another(platform: Platform, parties: Parties, preuves: Recorder) -> Usurping:
    usurping = usurp(platform.remote, parties.employee, parties.colleague)
    preuves.note(f"Au nom du collègue : {usurping.usurped}.")
    return usurping


@then("le courriel au nom du collègue est refusé")
def usurping_refused(usurping: Usurping) -> None:
    refusal = usurping.usurped.refusal
    assert refusal is not None, f"Obtenu : {usurping.usurped} — Attendu : refusé"
    assert refusal.code // 100 == 5, f"Obtenu : {refusal} — Attendu : un refus définitif"  # noqa: PLR2004 - class


@then("celui en son nom est distribué")
def own_name_delivered(usurping: Usurping) -> None:
    assert usurping.honest.found, f"Obtenu : {usurping.honest.fate} — Attendu : distribué"


@when(
    parsers.parse('"{source}" tente de remettre un courriel directement à un serveur d\'Internet'),
    target_fixture="escaped",
)
def try_to_escape(source: str, platform: Platform, parties: Parties, preuves: Recorder) -> Escape:
    escaped = escape(platform.remote, parties, source)
    preuves.note(f"{source} : {escaped.dialogue} ; le relais : {escaped.witness}.")
    return escaped


@then("la connexion n'aboutit pas")
def not_connected(escaped: Escape) -> None:
    assert not escaped.connected, f"{escaped.source} — Obtenu : {escaped.dialogue} — Attendu : aucune réponse"


@then(parsers.parse("le pare-feu de niveau {level:d} a journalisé le refus"))
def drop_logged(level: int, escaped: Escape, preuves: Recorder) -> None:
    lines = escaped.dropped_at(level)
    preuves.measure("lignes de journal du refus", len(lines), "lignes", "≥ 1", bool(lines))
    assert lines, f"{escaped.source} — Obtenu : aucune ligne au niveau {level} — Attendu : le refus journalisé"


@then("le même serveur d'Internet répond au relais du site")
def relay_is_answered(escaped: Escape) -> None:
    assert escaped.witness.address, f"relais — Obtenu : {escaped.witness} — Attendu : une réponse"


@given("un salarié dépose et lit son courrier")
def account_is_open(platform: Platform, parties: Parties) -> None:
    entry = enter(platform.remote, parties.closed)
    assert entry.all_open, f"{parties.closed} — Obtenu : {entry} — Attendu : admis partout"


@when("son compte de messagerie est désactivé dans l'annuaire", target_fixture="closing")
def close_account(platform: Platform, parties: Parties, preuves: Recorder) -> Iterator[Closing]:
    with parties.disabled(platform, parties.closed) as since_s:
        closing = watch_closing(platform.remote, parties.closed, since_s)
        for server, refusal in closing.refusals.items():
            preuves.note(f"{server} : {refusal}.")
        yield closing


@then(parsers.parse("le dépôt lui est refusé sur chaque serveur en au plus {limit:d} secondes"))
def posting_closed(limit: int, closing: Closing, preuves: Recorder) -> None:
    worst = closing.worst(closing.posting_s)
    ok = measured_within(preuves, "refus du dépôt après la désactivation", round(worst, 2), "s", limit)
    assert ok, f"dépôt — Obtenu : {closing.posting_s} — Attendu : refusé en au plus {limit} s"


@then(parsers.parse("la lecture lui est refusée sur chaque serveur en au plus {limit:d} secondes"))
def reading_closed(limit: int, closing: Closing, preuves: Recorder) -> None:
    worst = closing.worst(closing.reading_s)
    ok = measured_within(preuves, "refus de la lecture après la désactivation", round(worst, 2), "s", limit)
    assert ok, f"lecture — Obtenu : {closing.reading_s} — Attendu : refusée en au plus {limit} s"


@given("un salarié a rempli sa boîte jusqu'à son quota", target_fixture="filled")
def mailbox_is_full(platform: Platform, parties: Parties, preuves: Recorder) -> Iterator[Filled]:
    with full(platform.remote, parties.hoarder) as filled:
        preuves.measure("taille de la boîte pleine", round(filled.bytes / 2**20), "Mio")
        preuves.note(f"Au propriétaire : {filled.refusal}.")
        yield filled


@when("un collègue lui écrit", target_fixture="overflowed")
def write_to_full_box(filled: Filled, platform: Platform, parties: Parties, preuves: Recorder) -> Overflow:
    result = overflow(platform.remote, filled, parties.employee, parties.party(parties.hoarder))
    preuves.note(f"À l'expéditeur : {result.last}.")
    return result


@then("le refus dit que la boîte est pleine")
def refusal_is_clear(overflowed: Overflow, preuves: Recorder) -> None:
    accepted = len(overflowed.dialogues) - 1
    preuves.measure("courriels encore admis dans la boîte pleine", accepted, "courriels")
    assert overflowed.clear, f"Obtenu : {overflowed.last} — Attendu : 552 5.2.2"


@then("un courriel est distribué dès que la place est rendue")
def delivered_once_emptied(platform: Platform, parties: Parties) -> None:
    delivery: Delivery = emptied(platform.remote, parties.employee, parties.party(parties.hoarder))
    assert delivery.found, f"Obtenu : {delivery.fate} — Attendu : distribué"
