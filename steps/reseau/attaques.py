"""Steps of the attacks: who throws what, what came of it."""

from __future__ import annotations

import pytest
from pytest_bdd import parsers, then, when

from recette.evidence import Recorder
from recette.platform import Platform
from recette.probes.attacks import Attack
from recette.trials.assault import Assault, arrivals, require_controls, unlogged
from recette.trials.failover import worst_outage
from steps.reseau.en_service import measured_within
from steps.reseau.scene import Scene

ATTACKS = {
    "une usurpation d'adresse interne": ("spoof-",),
    "une usurpation d'adresse d'une autre zone": ("spoof-",),
    "un envoi depuis des adresses réservées": ("bogon-",),
    "un paquet dont la source est la destination": ("land",),
    "un balayage Xmas": ("scan-xmas",),
    "un balayage sans drapeau": ("scan-null",),
    "un balayage FIN": ("scan-fin",),
    "un balayage ACK": ("scan-ack",),
    "un balayage SYN et FIN": ("scan-syn-fin",),
    "un envoi de fragments": ("fragments-",),
    "un envoi à routage imposé par la source": ("source-route-",),
}
"""Words of the feature -> how the names of the attacks begin."""


@pytest.fixture(scope="session")
def assault(platform: Platform) -> Assault:
    return Assault(platform)


@when(parsers.re(r'"(?P<attacker>[\w-]+)" lance (?P<words>un .+|une usurpation .+)'), target_fixture="volley")
def launch(attacker: str, words: str, assault: Assault, preuves: Recorder) -> tuple[Attack, ...]:
    return record(assault.volley(attacker, ATTACKS[words]), preuves)


@when(parsers.parse('"{attacker}" émet de fausses annonces VRRP dans la zone "{zone}"'), target_fixture="volley")
def forge_vrrp(attacker: str, zone: str, assault: Assault, preuves: Recorder) -> tuple[Attack, ...]:
    group = next(name for name, zones in assault.site.vips.items() if zone in zones and name.startswith("fw-"))
    return record(assault.fresh().forged_vrrp(attacker, group), preuves)


@when(parsers.parse('"{attacker}" envoie à "{victim}" des redirections ICMP'), target_fixture="volley")
def redirect(attacker: str, victim: str, assault: Assault, preuves: Recorder) -> tuple[Attack, ...]:
    return record((assault.fresh().redirect(attacker, victim),), preuves)


@when(parsers.parse('"{attacker}" diffuse dans sa zone des annonces de routeur IPv6'), target_fixture="volley")
def advertise_router(attacker: str, assault: Assault, preuves: Recorder) -> tuple[Attack, ...]:
    return record((assault.fresh().rogue_router(attacker),), preuves)


@when(parsers.parse('"{attacker}" usurpe auprès de "{victim}" la passerelle de leur zone'), target_fixture="volley")
def spoof_gateway(attacker: str, victim: str, assault: Assault, preuves: Recorder) -> tuple[Attack, ...]:
    return record((assault.fresh().arp_spoofing(attacker, victim),), preuves)


@when(parsers.parse('"{attacker}" balaie les adresses publiques du site'), target_fixture="volley")
def sweep(attacker: str, assault: Assault, preuves: Recorder) -> tuple[Attack, ...]:
    return record((assault.fresh().silence(attacker),), preuves)


@when(parsers.parse('"{attacker}" lance une inondation SYN bornée sur le service publié'), target_fixture="volley")
def flood(attacker: str, assault: Assault, scene: Scene, preuves: Recorder) -> tuple[Attack, ...]:
    volley = record((assault.fresh().syn_flood(attacker),), preuves)
    scene.watch.wait_answered(1, 10.0)
    return volley


def record(volley: tuple[Attack, ...], preuves: Recorder) -> tuple[Attack, ...]:
    """Keep what was sent, what came of it, and the captures."""
    preuves.measure("paquets d'attaque envoyés", sum(attack.sent for attack in volley), "paquets")
    for attack in volley:
        if attack.pcap:
            preuves.attach(f"{attack.name}.pcapng", attack.pcap, "application/vnd.tcpdump.pcap")
    return volley


@then("aucun paquet de l'attaque n'arrive à sa cible")
def nothing_arrives(volley: tuple[Attack, ...], preuves: Recorder) -> None:
    require_controls(volley)
    wrong = arrivals(volley)
    preuves.measure("paquets d'attaque arrivés", sum(attack.arrived for attack in volley), "paquets", "= 0", not wrong)
    assert not wrong, "\n".join(wrong)


@then("le pare-feu a journalisé l'attaque")
def attack_is_logged(volley: tuple[Attack, ...], preuves: Recorder) -> None:
    missing = unlogged(volley)
    preuves.measure("lignes de journal", sum(len(attack.drops) for attack in volley), "lignes")
    assert not missing, "\n".join(missing)


@then("seuls les services publiés ont répondu")
def only_published_answered(volley: tuple[Attack, ...], preuves: Recorder) -> None:
    require_controls(volley)
    answers = [answer for attack in volley for answer in attack.answers]
    preuves.measure("réponses à un flux refusé", len(answers), "paquets", "= 0", not answers)
    assert not answers, "Réponses reçues : " + " ; ".join(answers[:20])


@then("l'adresse virtuelle de la zone n'a pas changé de porteur")
def owner_resists(volley: tuple[Attack, ...], preuves: Recorder) -> None:
    require_controls(volley)
    taken = [f"{attack.name} : {attack.details['changes']}" for attack in volley if attack.details["taken"]]
    preuves.measure("changements de porteur", len(taken), "changements", "= 0", not taken)
    assert not taken, "\n".join(taken)


@then(parsers.parse('la route de "{victim}" n\'a pas changé'))
def route_unchanged(victim: str, volley: tuple[Attack, ...], preuves: Recorder) -> None:
    require_controls(volley)
    details = volley[0].details
    preuves.note(f"{victim} : vers {details['about']}, avant {details['before']}, après {details['after']}.")
    assert not details["accepted"], f"{victim} — Obtenu : {details['after']} — Attendu : {details['before']}"


@then("aucune machine de la zone ne s'y est fiée")
def nobody_believes_router(volley: tuple[Attack, ...], preuves: Recorder) -> None:
    require_controls(volley)
    routers, addresses = volley[0].details["routers"], volley[0].details["addresses"]
    preuves.measure("machines trompées", len({*routers, *addresses}), "machines", "= 0", not (routers or addresses))
    assert not routers, f"Routes apprises : {routers}"
    assert not addresses, f"Adresses apprises : {addresses}"


@then(parsers.parse('"{victim}" retrouve la vraie passerelle en au plus {limit:d} secondes'))
def gateway_recovers(victim: str, limit: int, volley: tuple[Attack, ...], preuves: Recorder) -> None:
    require_controls(volley)
    details = volley[0].details
    preuves.note(
        f"{victim} a été {'trompé' if details['poisoned'] else 'épargné'} ({details['poisoned_s']} s en tout)."
    )
    recovered = 0.0 if not details["poisoned"] else details["recovered_s"]
    assert recovered is not None, f"{victim} est resté trompé — Attendu : réparé en au plus {limit} s"
    assert measured_within(preuves, "retour de la vraie passerelle", recovered, "s", limit), f"{recovered} s"


@then(parsers.parse("au moins {share:d} % des sondes ont reçu une réponse"))
def users_are_served(share: int, volley: tuple[Attack, ...], scene: Scene, preuves: Recorder) -> None:
    require_controls(volley)
    scene.watch.stop()
    samples = scene.watch.samples
    served = 100 * sum(sample.received_s is not None for sample in samples) / len(samples)
    preuves.measure("sondes répondues pendant l'inondation", round(served, 2), "%", f"≥ {share} %", served >= share)
    assert served >= share, f"Obtenu : {served:.2f} % — Attendu : au moins {share} %"


@then(parsers.parse("la coupure la plus longue est d'au plus {limit:g} seconde"))
def longest_outage(limit: float, scene: Scene, preuves: Recorder) -> None:
    outage, upper_s = worst_outage(scene.watch)
    assert measured_within(preuves, "coupure la plus longue, borne haute", upper_s, "s", limit), f"Obtenu : {outage}"
