"""Steps of the tunnel toward the headquarters."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from pytest_bdd import given, parsers, then, when

from recette.actions import Fault
from recette.actions.impostor import Outcome
from recette.evidence import Recorder
from recette.platform import Platform
from recette.probes.associations import Association, associations
from recette.probes.flows import Flows
from recette.probes.ike import STRONG, Offer, Reply, offer
from recette.site import Cell, Host
from recette.trials.delays import seconds_until
from recette.trials.failover import served_again
from recette.trials.matrix import Trial, is_ipv6, run
from recette.trials.tunnels import peers, rates, replay, secrecy
from recette.trials.tunnels.ends import Ends, await_standing
from recette.trials.tunnels.endurance import TROUBLES, Endurance
from recette.trials.tunnels.secrecy import Exchange
from steps.reseau.en_service import measured_within
from steps.reseau.matrice_de_flux import record
from steps.reseau.scene import Scene

STRANGER = "attaquant"
OFFERS = {
    "la version 1 d'IKE": Offer("IKEv1", group=None),
    "un échange de clés du groupe 2": Offer("groupe 2", group=2),
    "un chiffrement 3DES": Offer("3DES", encryption=(3, 0), integrity=12),
    "une authentification par SHA-1": Offer("SHA-1", encryption=(12, 256), function=2, integrity=2),
}
GRAVITY = (Reply.SILENCE, Reply.REFUSED, Reply.ACCEPTED)
CIPHERS = {"AES_GCM_16-256", "CHACHA20_POLY1305-256"}
GROUPS = {"ECP_256", "ECP_384", "ECP_521", "CURVE_25519", "CURVE_448"}
"""ANSSI, IPsec v1.1, R9 and R12: authenticated encryption, groups of at least 256 bits."""
WATCHED_S = 3.0
"""How long a tunnel is watched that must not come back: three times the pause between two tries."""


def office(platform: Platform, ends: Ends) -> Host:
    """The host of the headquarters from which its people speak."""
    return platform.site.sondes()[ends.zone.name]


@given("le tunnel vers le siège est établi", target_fixture="ends")
def tunnel_stands(platform: Platform) -> Ends:
    return await_standing(platform)


@when("l'état du tunnel est relevé aux deux extrémités", target_fixture="found")
def read_tunnel(ends: Ends, platform: Platform, preuves: Recorder) -> tuple[Association, Association]:
    for host, each in ((ends.active.name, ends.near), (ends.gateway.name, ends.far)):
        preuves.note(f"{host} : IKEv{each.version}, {each.cipher}, {each.function}, {each.group}.")
    plugins = platform.remote.run(ends.active.name, "swanctl --stats").stdout
    preuves.note(f"Chiffrement du trafic {'hors du' if 'kernel-libipsec' in plugins else 'par le'} noyau.")
    return ends.near, ends.far


@then("il a été négocié en IKEv2 avec un chiffrement authentifié et un groupe d'au moins 256 bits")
def tunnel_is_strong(found: tuple[Association, Association]) -> None:
    for each in found:
        ciphers = {each.cipher, *(child.cipher for child in each.children)}
        got = f"IKEv{each.version}, {', '.join(sorted(ciphers))}, {each.group}"
        good = each.version == 2 and ciphers <= CIPHERS and each.group in GROUPS  # noqa: PLR2004 - the version itself
        assert good, f"{each.name} — Obtenu : {got} — Attendu : IKEv2, AES-GCM 256, groupe d'au moins 256 bits"


@then("il ne porte que les réseaux convenus")
def only_agreed_networks(ends: Ends, platform: Platform, preuves: Recorder) -> None:
    wanted = secrecy.agreed_networks(platform, ends)
    for each in (*ends.near.children, *ends.far.children):
        carried = {*each.here, *each.there}
        preuves.note(f"{each.name} : {', '.join(sorted(carried))}.")
        assert carried == wanted, f"Obtenu : {sorted(carried)} — Attendu : {sorted(wanted)}"


@when(parsers.parse("un inconnu propose à la passerelle du site {words}"), target_fixture="replies")
def stranger_offers(words: str, ends: Ends, platform: Platform, preuves: Recorder) -> tuple[Reply, Reply]:
    weak, worst = OFFERS[words], (Reply.SILENCE, Reply.ACCEPTED)
    # Which settings answer depends on the address: those of strangers, and those of the tunnel.
    for source in (STRANGER, ends.gateway.name):
        told = offer(platform.remote, source, ends.far.peer_address, [weak, STRONG])
        for name, reply in told.items():
            preuves.note(f"Offre {name} faite depuis {source} : {reply}.")
        found = told[weak.name], told[STRONG.name]
        worst = (max(worst[0], found[0], key=GRAVITY.index), min(worst[1], found[1], key=GRAVITY.index))
    return worst


@then("cette offre est écartée")
def offer_is_refused(replies: tuple[Reply, Reply]) -> None:
    assert replies[0] is not Reply.ACCEPTED, f"Obtenu : offre {replies[0]} — Attendu : refusée"


@then("l'offre conforme du même inconnu est acceptée")
def good_offer_is_accepted(replies: tuple[Reply, Reply]) -> None:
    assert replies[1] is Reply.ACCEPTED, f"Obtenu : offre conforme {replies[1]} — Attendu : acceptée"


@when(parsers.parse("le tunnel est demandé au nom du siège avec {words}"), target_fixture="outcome")
def impostor_asks(words: str, ends: Ends, platform: Platform, preuves: Recorder) -> Iterator[Outcome]:
    with peers.presented(platform, ends, peers.peers(platform, ends)[words]) as outcome:
        preuves.attach("negociation.log", outcome.said)
        yield outcome
    await_standing(platform)


@then("la passerelle du site refuse cette identité")
def impostor_is_refused(outcome: Outcome) -> None:
    assert not outcome.accepted, "Obtenu : tunnel ouvert — Attendu : identité refusée"
    assert outcome.refused, f"Obtenu : {outcome.said[-200:]} — Attendu : un refus de l'identité"


@then("la passerelle du site ouvre le tunnel")
def rightful_is_accepted(outcome: Outcome) -> None:
    assert outcome.accepted, f"Obtenu : {outcome.said[-200:]} — Attendu : tunnel ouvert"


@then("le tunnel du siège se rétablit")
def tunnel_returns(platform: Platform, ends: Ends, preuves: Recorder) -> None:
    platform.impostor.forget(ends.gateway.name)
    began = time.monotonic()
    again = await_standing(platform)
    preuves.measure("rétablissement du tunnel du siège", round(time.monotonic() - began, 3), "s")
    assert again.near.peer == ends.near.peer


@when("le certificat de la passerelle du siège est révoqué", target_fixture="revoked_s")
def gateway_is_revoked(ends: Ends, platform: Platform) -> Iterator[float]:
    with platform.authority.revoked(platform.authority.serial(ends.gateway.name)):
        yield time.monotonic()
    await_standing(platform)


@then(parsers.parse("le tunnel en cours est coupé en au plus {limit:d} secondes"))
def tunnel_is_cut(limit: int, revoked_s: float, ends: Ends, platform: Platform, preuves: Recorder) -> None:
    delay = seconds_until(lambda: not peers.stands(platform, ends), revoked_s, limit)
    ok = measured_within(preuves, "coupure du tunnel après la révocation", delay, "s", limit)
    assert ok, f"Obtenu : tunnel encore ouvert après {limit} s — Attendu : coupé"


@then("le tunnel du siège ne se rétablit pas tant que le certificat est révoqué")
def tunnel_stays_cut(ends: Ends, platform: Platform, preuves: Recorder) -> None:
    looks = peers.looks(platform, ends, WATCHED_S)
    preuves.measure("états du tunnel relevés", len(looks), "relevés")
    assert not any(looks), "Obtenu : tunnel rétabli avec un certificat révoqué — Attendu : aucun tunnel"


@when(
    parsers.parse("les clés du tunnel sont renouvelées {times:d} fois, puis celles de la négociation"),
    target_fixture="keys",
)
def renew_keys(times: int, ends: Ends, platform: Platform) -> list[str]:
    name, host = ends.near.name, ends.active.name
    keys = [ends.near.current.spi_in]
    for _ in range(times):
        platform.remote.run(host, f"swanctl --rekey --child {name}")
        keys.append(peers.wait_renewed(platform, ends, keys[-1]))
    platform.remote.run(host, f"swanctl --rekey --ike {name}")
    return [*keys, await_standing(platform).near.number]


@then("les clés ont changé à chaque fois")
def keys_changed(keys: list[str], platform: Platform, preuves: Recorder) -> None:
    preuves.measure("renouvellements de clés", len(keys) - 1, "renouvellements")
    group = await_standing(platform).near.current.group
    preuves.note(f"Échange propre aux clés du trafic : {group or 'aucun'}.")
    assert group in GROUPS, f"Obtenu : {group or 'aucun nouvel échange de clés'} — Attendu : un échange propre (PFS)"
    assert len(set(keys)) == len(keys), f"Obtenu : {keys} — Attendu : des clés toutes différentes"


@when(
    parsers.parse("les paquets chiffrés de {count:d} messages du siège sont rejoués depuis l'opérateur"),
    target_fixture="replayed",
)
def replay_packets(count: int, ends: Ends, platform: Platform, tmp_path: Path, preuves: Recorder) -> replay.Replay:
    done = replay.replay(platform, ends, tmp_path, count)
    preuves.measure("paquets chiffrés rejoués", done.sent, "paquets", f"≥ {count}", done.sent >= count)
    preuves.measure("paquets rejoués arrivés au pare-feu", done.met, "paquets", f"≥ {done.sent}", done.met >= done.sent)
    return done


@then("les messages sont entrés une fois")
def messages_entered(replayed: replay.Replay) -> None:
    assert replayed.first, "Obtenu : aucun message à l'intérieur — Attendu : les messages du siège"
    assert replayed.met >= replayed.sent > 0, f"Obtenu : {replayed.met} paquets rejoués arrivés sur {replayed.sent}"


@then("aucun paquet rejoué n'est entré")
def replays_are_dropped(replayed: replay.Replay, preuves: Recorder) -> None:
    preuves.measure("messages rejoués entrés", replayed.again, "messages", "= 0", not replayed.again)
    assert not replayed.again, f"Obtenu : {replayed.again} messages entrés deux fois — Attendu : aucun"


@when("les flux entre le siège et le site sont éprouvés dans les deux sens", target_fixture="trial")
def try_tunnel_flows(ends: Ends, platform: Platform, cells: tuple[Cell, ...], preuves: Recorder) -> Trial:
    def concerned(cell: Cell) -> bool:
        return not is_ipv6(cell) and ends.zone.name in (cell.zone_source, cell.zone_target)

    trial = run(Flows(platform.site, platform.remote), filter(concerned, cells))
    record(trial, preuves)
    return trial


@when("le siège envoie des messages marqués à chaque autre zone du site", target_fixture="exchange")
def stray_messages(ends: Ends, platform: Platform, tmp_path: Path, preuves: Recorder) -> Exchange:
    with secrecy.listened(platform, ends.zone, office(platform, ends), tmp_path) as exchange:
        aimed = secrecy.stray(platform, exchange)
    preuves.measure("machines hors des réseaux convenus visées", len(aimed), "machines")
    return exchange


@then("seul le message envoyé à un réseau convenu entre sur le site")
def only_the_agreed_enters(exchange: Exchange, preuves: Recorder) -> None:
    entered, wanted = exchange.arrived(), {f"{exchange.office.name}.{exchange.server.name}"}
    preuves.note(f"Messages entrés : {', '.join(sorted(entered)) or 'aucun'}.")
    assert entered == wanted, f"Obtenu : {sorted(entered)} — Attendu : {sorted(wanted)}"


@when(parsers.parse("le siège et le site échangent {count:d} messages marqués"), target_fixture="exchange")
def exchange_messages(count: int, ends: Ends, platform: Platform, tmp_path: Path) -> Exchange:
    with secrecy.listened(platform, ends.zone, office(platform, ends), tmp_path) as exchange:
        secrecy.talk(platform, exchange, count // 2)
    return exchange


@when(
    parsers.re(r"le siège et le site échangent (?P<count>\d+) messages marqués pendant (?P<words>.+)"),
    converters={"count": int},
    target_fixture="exchange",
)
def exchange_without_tunnel(count: int, words: str, ends: Ends, platform: Platform, tmp_path: Path) -> Exchange:
    strongswan = "strongswan.service"
    breaks = {
        "l'arrêt du tunnel au siège": (Fault.SERVICE_STOPPED, ends.gateway, strongswan),
        "l'arrêt du tunnel au site": (Fault.SERVICE_STOPPED, ends.active, strongswan),
        "le redémarrage de la passerelle du siège": (Fault.POWER_CUT, ends.gateway, None),
    }
    fault, host, unit = breaks[words]
    with secrecy.listened(platform, ends.zone, office(platform, ends), tmp_path) as exchange:
        with platform.faults.inject(fault, host, unit=unit):
            secrecy.talk(platform, exchange, count // 4)
        # And while the tunnel comes back: the first packets are those that escape.
        secrecy.talk(platform, exchange, count // 4)
    await_standing(platform)
    return exchange


@then("aucune adresse intérieure ni aucune marque n'apparaît chez les opérateurs")
def nothing_leaks(exchange: Exchange, preuves: Recorder) -> None:
    leaks, dropped, seen = exchange.leaks(), exchange.dropped(), exchange.seen_outside()
    preuves.measure("paquets relevés chez les opérateurs", seen, "paquets")
    preuves.measure("paquets qui trahissent l'intérieur", len(leaks), "paquets", "= 0", not leaks)
    for each in exchange.outside:
        preuves.attach(each.path)
    assert seen, "Obtenu : aucun paquet relevé — Attendu : au moins ceux du tunnel"
    assert not dropped, f"Obtenu : {dropped} paquets perdus par la capture — Attendu : aucun"
    assert not leaks, "\n".join(leaks[:10])


@then("la même recherche les retrouve à l'intérieur")
def seen_inside(exchange: Exchange, preuves: Recorder) -> None:
    found = len(exchange.arrived())
    preuves.measure("messages retrouvés à l'intérieur", found, "messages", f"= {exchange.sent}", found == exchange.sent)
    assert found == exchange.sent, f"Obtenu : {found} messages à l'intérieur — Attendu : {exchange.sent}"


@then("les messages ne sont pas tous arrivés")
def messages_were_lost(exchange: Exchange, preuves: Recorder) -> None:
    arrived = len(exchange.arrived())
    preuves.measure("messages arrivés à l'autre extrémité", arrived, "messages")
    assert arrived < exchange.sent, f"Obtenu : les {arrived} messages arrivés — Attendu : un tunnel vraiment coupé"


@when(parsers.parse("se produit {times:d} fois {words}"), target_fixture="endurance")
def trouble_strikes(times: int, words: str, platform: Platform, scene: Scene) -> Endurance:
    endurance = Endurance(scene.watch, words)
    endurance.suffer(platform, TROUBLES[words], times)
    return endurance


@when(parsers.parse("le tunnel, chargé à plein débit, subit {words}"), target_fixture="endurance")
def trouble_strikes_under_load(
    words: str, platform: Platform, scene: Scene, ends: Ends, preuves: Recorder
) -> Endurance:
    with rates.loaded_tunnel(platform, ends) as mbit_s:
        preuves.measure("charge du tunnel avant la panne", round(mbit_s, 1), "Mbit/s")
        endurance = trouble_strikes(1, words, platform, scene)
    # One probe of a hundred is lost in the full queues, and its kernel sends it again a second later: the last one must
    # not be such a one, or the outage would have no end.
    served_again(scene.watch)
    return endurance


@then(parsers.parse("chaque coupure vue du siège dure au plus {limit:d} secondes"))
def every_outage_is_short(limit: int, endurance: Endurance, platform: Platform, preuves: Recorder) -> None:
    found = endurance.outages()
    preuves.attach("pannes.png", endurance.timeline().png(), "image/png")
    for rank, each in enumerate(found, start=1):
        measured_within(preuves, f"coupure {rank}, borne haute", round(each, 3), "s", limit)
    measured_within(preuves, "coupure médiane", round(median(found), 3), "s", limit)
    assert max(found) <= limit, f"Obtenu : {max(found):.2f} s — Attendu : au plus {limit} s"
    assert associations(platform.remote, platform.active(1).name), "Obtenu : aucun tunnel après les pannes"


@when("le débit et le délai sont mesurés par le tunnel, puis sur le même chemin sans lui", target_fixture="compared")
def measure_rates(ends: Ends, platform: Platform, preuves: Recorder) -> rates.Compared:
    found = rates.compare(platform, ends)
    for way, mbit_s in (("vers le siège", found.clear.toward), ("depuis le siège", found.clear.back)):
        preuves.measure(f"débit {way} sans le tunnel", round(mbit_s, 1), "Mbit/s")
    return found


@then(parsers.parse("le tunnel porte au moins {least:d} Mbit/s dans chaque sens"))
def tunnel_is_fast(least: int, compared: rates.Compared, preuves: Recorder) -> None:
    found = {"vers le siège": compared.tunnel.toward, "depuis le siège": compared.tunnel.back}
    for way, mbit_s in found.items():
        preuves.measure(f"débit {way} par le tunnel", round(mbit_s, 1), "Mbit/s", f"≥ {least} Mbit/s", mbit_s >= least)
    assert min(found.values()) >= least, (
        f"Obtenu : {min(found.values()):.1f} Mbit/s — Attendu : au moins {least} Mbit/s"
    )


@then(parsers.parse("il allonge un échange d'au plus {limit:d} millisecondes"))
def tunnel_is_prompt(limit: int, compared: rates.Compared, preuves: Recorder) -> None:
    added = max(0.0, compared.tunnel.exchange_ms - compared.clear.exchange_ms)
    held = measured_within(preuves, "délai ajouté par le tunnel", round(added, 3), "ms", limit)
    assert held, f"Obtenu : {added:.2f} ms de plus — Attendu : au plus {limit} ms"
