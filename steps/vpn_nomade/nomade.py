"""Steps of roaming users."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from pytest_bdd import given, parsers, then, when

from recette.actions import Fault
from recette.errors import Inconclusive
from recette.evidence import Recorder
from recette.personnel import Account
from recette.platform import Platform
from recette.probes.associations import Association
from recette.probes.capture import Capture
from recette.probes.directory import Directory
from recette.probes.roaming import Attempt, Connected, seen
from recette.site import Host
from recette.trials.delays import seconds_until
from recette.trials.failover import Blow, strike
from recette.trials.people import People
from recette.trials.tunnels import leaks, rates, reach, roamers, secrecy
from recette.trials.tunnels.reach import Knock
from recette.trials.tunnels.secrecy import Exchange
from steps.reseau.en_service import measured_within

ZONE = "nomades"
ROUNDS = 2
"""Each wrong factor is tried so often and its fastest refusal kept: what else the machine does only adds time."""


@dataclass
class Roaming:
    """A connected user, his laptop, and when the last thing happened to him."""

    person: Account
    laptop: Host
    attempt: Attempt
    since_s: float = 0.0


@when("un nomade se connecte avec ses trois preuves", target_fixture="attempt")
def roamer_connects(platform: Platform, personnel: People, preuves: Recorder) -> Iterator[Attempt]:
    laptop, who = roamers.laptop(platform), roamers.badge(personnel, roamers.someone(personnel))
    with roamers.tried(platform, laptop, who) as attempt:
        preuves.attach("connexion.log", attempt.said)
        yield attempt


@then(parsers.parse("la connexion aboutit en au plus {limit:d} secondes"))
def connection_succeeds(limit: int, attempt: Attempt, preuves: Recorder) -> None:
    assert attempt.accepted, f"Obtenu : {attempt.answer} — Attendu : connexion acceptée"
    held = measured_within(preuves, "connexion du nomade", round(attempt.duration_s, 3), "s", limit)
    assert held, f"Obtenu : {attempt.duration_s:.1f} s — Attendu : au plus {limit} s"


@then("son portable reçoit une adresse des nomades et les serveurs de noms du site")
def laptop_is_equipped(platform: Platform, annuaire: Directory, preuves: Recorder) -> None:
    found = seen(platform.remote, roamers.laptop(platform).name, leaks.outside(platform.site))
    pool = platform.site.zone(ZONE).network
    lent = [address for address in found.addresses if address in pool]
    wanted = [str(server.address) for server in annuaire.servers]
    preuves.note(f"Adresse prêtée : {', '.join(map(str, lent)) or 'aucune'} ; noms : {', '.join(found.resolvers)}.")
    assert len(lent) == 1, f"Obtenu : {found.addresses} — Attendu : une adresse de {pool}"
    got = list(found.resolvers[: len(wanted)])
    assert got == wanted, f"Obtenu : {got} en tête des serveurs de noms — Attendu : {wanted}"
    asked = platform.remote.run(roamers.laptop(platform).name, f"host -W 2 mail.{platform.site.dns}")
    assert "has address" in asked.stdout, f"Obtenu : {asked.stdout.strip()} — Attendu : le nom d'un serveur du site"


@then("tout son trafic passe par le tunnel")
def everything_by_the_tunnel(platform: Platform) -> None:
    found: Connected = seen(platform.remote, roamers.laptop(platform).name, leaks.outside(platform.site))
    assert found.way_out == "ipsec0", f"Obtenu : sortie par {found.way_out} — Attendu : par le tunnel"


@when(parsers.parse("quelqu'un demande l'accès sans {words}"), target_fixture="refusal")
def somebody_asks(words: str, platform: Platform, personnel: People, preuves: Recorder) -> Attempt:
    attempt = roamers.ask_without(platform, personnel, words)
    preuves.attach("refus.log", attempt.said)
    return attempt


@then("la passerelle refuse l'accès")
def gateway_refuses(refusal: Attempt, preuves: Recorder) -> None:
    preuves.note(f"Réponse de la passerelle : {refusal.answer}.")
    assert not refusal.accepted, "Obtenu : connexion acceptée — Attendu : refusée"
    assert refusal.refused, f"Obtenu : {refusal.answer} — Attendu : un refus de la passerelle"


@when("l'accès est demandé avec chaque sorte de preuve fausse", target_fixture="refusals")
def every_wrong_factor(platform: Platform, personnel: People) -> dict[str, list[Attempt]]:
    laptop = roamers.laptop(platform)
    found: dict[str, list[Attempt]] = {}
    for _ in range(ROUNDS):
        for words, who in roamers.wrong_badges(personnel).items():
            found.setdefault(words, []).append(roamers.refused_once(platform, laptop, who))
    return found


@then("toutes les réponses sont les mêmes")
def same_answer(refusals: dict[str, list[Attempt]]) -> None:
    answers = {words: {attempt.answer for attempt in attempts} for words, attempts in refusals.items()}
    refused = all(attempt.refused for attempts in refusals.values() for attempt in attempts)
    assert refused, f"Obtenu : {answers} — Attendu : des refus"
    assert len(set().union(*answers.values())) == 1, f"Obtenu : {answers} — Attendu : une seule réponse"


@then(parsers.parse("elles arrivent à moins de {limit:g} seconde d'écart"))
def same_time(limit: float, refusals: dict[str, list[Attempt]], preuves: Recorder) -> None:
    durations = {words: min(each.duration_s for each in attempts) for words, attempts in refusals.items()}
    for words, duration_s in durations.items():
        preuves.measure(f"refus sans {words}", round(duration_s, 3), "s")
    spread = max(durations.values()) - min(durations.values())
    held = measured_within(preuves, "écart entre les refus", round(spread, 3), "s", limit)
    assert held, f"Obtenu : {spread:.2f} s d'écart — Attendu : moins de {limit:g} s"


@when(parsers.parse("{count:d} mots de passe sont essayés au nom d'un nomade"), target_fixture="guesses")
def guess_passwords(count: int, platform: Platform, personnel: People) -> roamers.Guessing:
    return roamers.guess(platform, personnel, count)


@then(parsers.parse("chaque refus a pris au moins {limit:g} seconde"))
def guesses_are_slow(limit: float, guesses: roamers.Guessing, preuves: Recorder) -> None:
    assert all(attempt.refused for attempt in guesses.attempts), "Obtenu : un essai non refusé — Attendu : des refus"
    fastest = min(attempt.duration_s for attempt in guesses.attempts)
    preuves.measure(
        "refus le plus rapide", round(fastest, 3), "s", f"≥ {limit:g} s".replace(".", ","), fastest >= limit
    )
    assert fastest >= limit, f"Obtenu : {fastest:.2f} s — Attendu : au moins {limit:g} s"


@then("même les bonnes preuves sont ensuite refusées")
def right_badge_is_refused(guesses: roamers.Guessing) -> None:
    assert guesses.afterwards.refused, "Obtenu : connexion acceptée après 12 essais — Attendu : refusée pour un temps"


@then("chaque essai figure dans le journal des contrôleurs")
def guesses_are_written(guesses: roamers.Guessing, preuves: Recorder) -> None:
    wanted = len(guesses.attempts) + 1
    preuves.measure("refus journalisés", guesses.written, "lignes", f"≥ {wanted}", guesses.written >= wanted)
    assert guesses.written >= wanted, f"Obtenu : {guesses.written} lignes — Attendu : {wanted}"


@given("un nomade est connecté", target_fixture="roaming")
def a_roamer_is_connected(platform: Platform, personnel: People) -> Iterator[Roaming]:
    laptop, person = roamers.laptop(platform), roamers.someone(personnel)
    with roamers.connected(platform, laptop, roamers.badge(personnel, person)) as attempt:
        yield Roaming(person, laptop, attempt)


@when("le compte du nomade est désactivé")
def account_is_disabled(roaming: Roaming, platform: Platform, annuaire: Directory) -> Iterator[None]:
    server, login = annuaire.servers[0].name, roaming.person.login
    with platform.accounts.changed("compte désactivé", server, [("disable", login)], [("enable", login)]):
        roaming.since_s = time.monotonic()
        yield


@when("le certificat du portable est révoqué")
def laptop_is_revoked(roaming: Roaming, platform: Platform) -> Iterator[None]:
    with platform.authority.revoked(platform.authority.serial(roaming.laptop.name)):
        roaming.since_s = time.monotonic()
        yield


@when(parsers.parse("son portable n'échange rien pendant {seconds:d} secondes"), target_fixture="idle")
def laptop_is_idle(seconds: int, roaming: Roaming, platform: Platform) -> Association:
    before = roamers.session(platform, roaming.person.login)
    if before is None:
        raise Inconclusive(f"La session de {roaming.person.login} n'est déjà plus là")
    # The feature asks for longer than neighbours remember an address (45 s at most) and the gateway waits for a sign.
    time.sleep(seconds)
    return before


@then("sa session est encore la même")
def session_goes_on(idle: Association, roaming: Roaming, platform: Platform) -> None:
    after = roamers.session(platform, roaming.person.login)
    assert after is not None, "Obtenu : plus de session — Attendu : la même qu'avant"
    assert after.number == idle.number, f"Obtenu : session {after.number} — Attendu : {idle.number}, la même qu'avant"


@then(parsers.parse("un nom du site lui est donné en au plus {limit:d} secondes"))
def name_is_given(limit: int, roaming: Roaming, platform: Platform, preuves: Recorder) -> None:
    began = time.monotonic()
    asked = platform.remote.run(roaming.laptop.name, f"host -W {limit} mail.{platform.site.dns}")
    measured_within(preuves, "réponse du serveur de noms", round(time.monotonic() - began, 3), "s", limit)
    assert "has address" in asked.stdout, f"Obtenu : {asked.stdout.strip()} — Attendu : le nom d'un serveur du site"


@then(parsers.parse("la session ouverte est coupée en au plus {limit:d} secondes"))
def session_is_cut(limit: int, roaming: Roaming, platform: Platform, preuves: Recorder) -> None:
    login = roaming.person.login
    delay = seconds_until(lambda: roamers.session(platform, login) is None, roaming.since_s, limit)
    held = measured_within(preuves, "coupure de la session ouverte", delay, "s", limit)
    assert held, f"Obtenu : session de {login} encore ouverte après {limit} s — Attendu : coupée"


@then("le nomade ne peut plus se connecter")
def roamer_stays_out(roaming: Roaming, platform: Platform, personnel: People) -> None:
    again = roamers.refused_once(platform, roaming.laptop, roamers.badge(personnel, roaming.person, 1))
    assert not again.accepted, "Obtenu : connexion acceptée — Attendu : refusée"
    assert again.refused, f"Obtenu : {again.answer} — Attendu : un refus de la passerelle"


@when("le nomade essaie chaque service de chaque zone du site", target_fixture="knocks")
def knock_everywhere(roaming: Roaming, platform: Platform, preuves: Recorder) -> list[Knock]:
    found = reach.everywhere(platform, roaming.laptop, ZONE)
    preuves.measure("essais du nomade", len(found), "essais")
    preuves.attach("essais.txt", "\n".join(map(str, found)))
    return found


@then("chaque service prévu pour les nomades répond")
def permitted_services_answer(knocks: list[Knock], preuves: Recorder) -> None:
    permitted = [knock for knock in knocks if knock.flow]
    wrong = [str(knock) for knock in permitted if not knock.right]
    preuves.measure(
        "services prévus qui répondent", len(permitted) - len(wrong), "services", f"= {len(permitted)}", not wrong
    )
    assert permitted, "Obtenu : aucun service prévu essayé — Attendu : ceux de la matrice"
    assert not wrong, "\n".join(wrong[:20])


@then(parsers.re(r"tout (autre )?essai est refusé et journalisé par le pare-feu"))
def other_services_are_refused(knocks: list[Knock], preuves: Recorder) -> None:
    refused = [knock for knock in knocks if not knock.flow]
    wrong = [str(knock) for knock in refused if not knock.right]
    preuves.measure(
        "essais refusés et journalisés", len(refused) - len(wrong), "essais", f"= {len(refused)}", not wrong
    )
    assert refused, "Obtenu : aucun essai interdit — Attendu : des essais hors de la matrice"
    assert not wrong, "\n".join(wrong[:20])


@given("deux nomades sont connectés", target_fixture="pair")
def two_roamers(platform: Platform, personnel: People) -> Iterator[list[Roaming]]:
    with ExitStack() as stack:
        pair = []
        for rank in range(2):
            laptop, person = roamers.laptop(platform, rank), roamers.someone(personnel)
            attempt = stack.enter_context(roamers.connected(platform, laptop, roamers.badge(personnel, person)))
            pair.append(Roaming(person, laptop, attempt))
        yield pair


@when("l'un essaie d'atteindre l'autre", target_fixture="knocks")
def knock_at_each_other(pair: list[Roaming], platform: Platform, preuves: Recorder) -> list[Knock]:
    one, other = pair
    open_session = roamers.session(platform, other.person.login)
    assert open_session, f"Obtenu : aucune session de {other.person.login} — Attendu : une session ouverte"
    aimed = IPv4Address(open_session.lent[0])
    preuves.note(f"{one.laptop.name} vise {other.laptop.name}, adresse prêtée {aimed}.")
    return reach.knock(platform, one.laptop, ZONE, [(other.laptop.name, aimed)])


@when("un nomade connecté demande des noms, écrit en IPv6 et en IPv4 vers Internet", target_fixture="heard")
def roamer_chats(platform: Platform, personnel: People, tmp_path: Path) -> tuple[Capture, Capture]:
    laptop = roamers.laptop(platform)
    who = roamers.badge(personnel, roamers.someone(personnel))
    with (
        roamers.connected(platform, laptop, who),
        leaks.overheard(platform, laptop, tmp_path / "connecte.pcap") as heard,
    ):
        leaks.chatter(platform, laptop)
    with leaks.overheard(platform, laptop, tmp_path / "libre.pcap") as free:
        leaks.chatter(platform, laptop)
    return heard, free


@when("le tunnel d'un nomade connecté est perdu pendant qu'il écrit vers Internet", target_fixture="heard")
def roamer_loses_his_tunnel(platform: Platform, personnel: People, tmp_path: Path) -> tuple[Capture, Capture]:
    laptop = roamers.laptop(platform)
    who = roamers.badge(personnel, roamers.someone(personnel))
    with (
        roamers.connected(platform, laptop, who),
        leaks.overheard(platform, laptop, tmp_path / "perdu.pcap") as heard,
    ):
        with platform.faults.inject(Fault.SERVICE_KILLED, laptop, unit="strongswan.service"):
            leaks.chatter(platform, laptop)
        leaks.chatter(platform, laptop)
    return heard, heard


@then("son portable n'a rien émis hors du tunnel")
def nothing_left_the_laptop(heard: tuple[Capture, Capture], platform: Platform, preuves: Recorder) -> None:
    found = leaks.sent(heard[0], roamers.laptop(platform))
    preuves.attach(heard[0].path)
    preuves.measure("paquets émis hors du tunnel", len(found), "paquets", "= 0", not found)
    assert not heard[0].dropped, f"Obtenu : {heard[0].dropped} paquets perdus par la capture — Attendu : aucun"
    assert not found, "\n".join(found[:10])


@then("sans connexion les mêmes envois sortent")
def they_leave_when_free(heard: tuple[Capture, Capture], platform: Platform, preuves: Recorder) -> None:
    found = leaks.sent(heard[1], roamers.laptop(platform))
    preuves.measure("paquets émis sans connexion", len(found), "paquets", "≥ 6", len(found) >= 6)  # noqa: PLR2004
    assert len(found) >= 6, f"Obtenu : {len(found)} paquets — Attendu : au moins 6, sans quoi rien n'est prouvé"  # noqa: PLR2004
    assert any("IPv6" in line for line in found), "Obtenu : rien en IPv6 — Attendu : de l'IPv6 aussi"


@when(
    parsers.parse("un nomade connecté envoie {count:d} messages marqués à un serveur du site"),
    target_fixture="exchange",
)
def roamer_talks(count: int, platform: Platform, personnel: People, tmp_path: Path) -> Exchange:
    laptop = roamers.laptop(platform)
    with (
        roamers.connected(platform, laptop, roamers.badge(personnel, roamers.someone(personnel))),
        secrecy.listened(platform, platform.site.zone(ZONE), laptop, tmp_path) as exchange,
    ):
        secrecy.tell(platform, exchange, count)
    return exchange


@when(parsers.parse("{count:d} nomades se connectent ensemble"), target_fixture="crowd")
def crowd_connects(count: int, platform: Platform, personnel: People, preuves: Recorder) -> Iterator[roamers.Crowd]:
    began = time.monotonic()
    with roamers.crowd(platform, personnel, count) as found:
        preuves.measure("durée de leur ouverture", round(time.monotonic() - began, 1), "s")
        for said in found.failures:
            preuves.attach("connexion-manquée.log", said)
        yield found


@then(parsers.parse("les {count:d} sessions sont établies"))
def crowd_is_in(count: int, crowd: roamers.Crowd, preuves: Recorder) -> None:
    got = len(crowd.sessions)
    preuves.measure("sessions ouvertes ensemble", got, "sessions", f"= {count}", got == count)
    assert got == count, f"Obtenu : {got} sessions, {len(crowd.failures)} essais manqués — Attendu : {count}"


@then("aucune adresse n'est prêtée deux fois")
def addresses_are_distinct(crowd: roamers.Crowd, preuves: Recorder) -> None:
    lent, wanted = [address for each in crowd.sessions for address in each.lent], len(crowd.sessions)
    got = len(set(lent))
    preuves.measure("adresses différentes prêtées", got, "adresses", f"= {wanted}", got == wanted)
    assert got == len(lent) == wanted, f"Obtenu : {got} adresses pour {wanted} sessions"


@given("une traduction d'adresses sépare le portable d'Internet", target_fixture="translated")
def laptop_behind_translation(platform: Platform) -> Iterator[str]:
    wan = next(zone for zone in platform.active(1).zones if platform.site.zone(zone).role == "operateur")
    router = next(host for host in platform.site.hosts.values() if wan in host.zones and host.level is None)
    with platform.translation.between(roamers.laptop(platform), router, wan) as address:
        yield address


@then("la passerelle voit l'adresse traduite")
def gateway_sees_translation(translated: str, platform: Platform, attempt: Attempt, preuves: Recorder) -> None:
    found = roamers.sessions(platform)
    seen_as = [each.peer_address for each in found]
    preuves.note(f"Adresses vues de la passerelle : {', '.join(seen_as) or 'aucune'}.")
    assert attempt.accepted, f"Obtenu : {attempt.answer} — Attendu : connexion acceptée"
    assert translated in seen_as, f"Obtenu : {seen_as} — Attendu : {translated}"


@when("le pare-feu actif de niveau 1 est perdu")
def firewall_is_lost(roaming: Roaming, platform: Platform) -> Iterator[None]:
    roaming.since_s = time.monotonic()
    with strike(platform, 1, Blow(Fault.POWER_CUT, "coupure de courant")):
        yield


@then(parsers.parse("le nomade s'est reconnecté en au plus {limit:d} secondes"))
def roamer_is_back(limit: int, roaming: Roaming, platform: Platform, personnel: People, preuves: Recorder) -> None:
    back_s = roamers.back_at(platform, personnel, roaming.laptop, roaming.since_s + limit)
    held = measured_within(preuves, "reconnexion du nomade", back_s - roaming.since_s, "s", limit)
    assert held, f"Obtenu : pas de reconnexion en {limit} s — Attendu : reconnexion"


@when("un nomade télécharge depuis la messagerie web par le tunnel, puis sans lui", target_fixture="downloads")
def roamer_downloads(platform: Platform, personnel: People, preuves: Recorder) -> rates.Downloads:
    found = rates.roaming(platform, personnel)
    preuves.measure("débit sans le tunnel", round(found.clear.mbit_s, 1), "Mbit/s")
    return found


@then(parsers.parse("le tunnel porte au moins {least:d} Mbit/s"))
def downloads_are_fast(least: int, downloads: rates.Downloads, preuves: Recorder) -> None:
    got = downloads.tunnel.mbit_s
    preuves.measure("débit par le tunnel", round(got, 1), "Mbit/s", f"≥ {least} Mbit/s", got >= least)
    assert got >= least, f"Obtenu : {got:.1f} Mbit/s — Attendu : au moins {least} Mbit/s"


@then(parsers.parse("il retarde le premier octet d'au plus {limit:d} millisecondes"))
def downloads_begin_soon(limit: int, downloads: rates.Downloads, preuves: Recorder) -> None:
    added = max(0.0, downloads.tunnel.first_byte_ms - downloads.clear.first_byte_ms)
    held = measured_within(preuves, "retard du premier octet", round(added, 2), "ms", limit)
    assert held, f"Obtenu : {added:.1f} ms de plus — Attendu : au plus {limit} ms"
