"""Steps of the logs: whose arrive, whose do not, and what becomes of them."""

from __future__ import annotations

from pathlib import Path

from pytest_bdd import parsers, then, when

from recette.evidence import Recorder
from recette.platform import Platform
from recette.trials.siem import archive, coverage, overheard, senders
from steps.reseau.en_service import measured_within

LOOKED_FOR_S = 30.0
"""Longer than what the feature allows: a late event is measured rather than missed."""


@when("chaque hôte du site journalise un événement", target_fixture="covered")
def log_everywhere(platform: Platform) -> coverage.Coverage:
    return coverage.covered(platform, LOOKED_FOR_S)


@then(parsers.parse("le SIEM a l'événement de chaque hôte en au plus {limit:d} secondes"))
def everybody_is_heard(limit: int, covered: coverage.Coverage, preuves: Recorder) -> None:
    assert covered.delays_s, "Obtenu : aucun hôte — Attendu : tous ceux de l'inventaire"
    preuves.attach("delais.csv", "\n".join(f"{host};{delay:.2f}" for host, delay in covered.delays_s.items()) + "\n")
    preuves.measure("hôtes entendus", len(covered.delays_s) - len(covered.silent), "hôtes")
    slowest = max(covered.delays_s.values())
    held = measured_within(preuves, "événement du dernier hôte", round(slowest, 2), "s", limit)
    assert not covered.silent, f"Obtenu : rien de {', '.join(covered.silent)} — Attendu : un événement de chaque hôte"
    assert held, f"Obtenu : le dernier hôte entendu après {slowest:.1f} s — Attendu : au plus {limit} s"


@when("le SIEM est interrogé sur les hôtes qui lui parlent", target_fixture="reporting")
def ask_who_speaks(platform: Platform) -> frozenset[str]:
    return platform.siem.reporting()


@then("tous les hôtes du site en sont")
def everybody_speaks(reporting: frozenset[str], platform: Platform, preuves: Recorder) -> None:
    wanted = set(coverage.hosts(platform))
    missing = sorted(wanted - reporting)
    preuves.measure("hôtes présents", len(wanted) - len(missing), "hôtes", f"= {len(wanted)}", not missing)
    assert not missing, f"Obtenu : rien de {', '.join(missing)} — Attendu : tous les hôtes du site"


@when(
    parsers.parse(
        "le collecteur est coupé {seconds:d} secondes pendant que chaque hôte journalise {count:d} événements"
    ),
    target_fixture="kept",
)
def cut_collector(seconds: int, count: int, platform: Platform) -> coverage.Kept:
    return coverage.cut(platform, seconds, count)


@then("aucun des événements ne manque")
def nothing_is_lost(kept: coverage.Kept, preuves: Recorder) -> None:
    lost = {host: missing for host, missing in kept.missing.items() if missing}
    total = kept.count * len(kept.missing)
    assert total, "Obtenu : aucun événement — Attendu : ceux de chaque hôte"
    preuves.measure("coupure du collecteur", round(kept.cut_s, 1), "s")
    preuves.measure("événements journalisés pendant la coupure", total, "événements")
    preuves.measure("événements reçus deux fois", kept.doubled, "événements")
    preuves.measure("événements perdus", sum(lost.values()), "événements", "= 0", not lost)
    told = ", ".join(f"{host} ({missing})" for host, missing in lost.items())
    assert not lost, f"Obtenu : événements perdus sur {told} — Attendu : aucun"


@when(
    parsers.parse("un événement est présenté au collecteur avec un certificat de {signer}"),
    target_fixture="offered",
)
def offer_event(signer: str, platform: Platform) -> senders.Offered:
    return senders.offered(platform, signer)


@then("le collecteur refuse l'événement")
def collector_refuses(offered: senders.Offered, preuves: Recorder) -> None:
    preuves.note(f"Réponse au certificat étranger : {offered.outcome} ({offered.detail}) ; au bon : {offered.witness}.")
    assert offered.outcome == "refused", f"Obtenu : {offered.outcome} ({offered.detail}) — Attendu : un refus"


@then("l'archive ne le contient pas")
def nothing_is_kept(offered: senders.Offered, preuves: Recorder) -> None:
    preuves.measure("événements archivés", len(offered.kept), "événements", "= 0", not offered.kept)
    assert not offered.kept, f"Obtenu : archivé comme venant de {offered.kept[0].host} — Attendu : rien"


@when(
    "chaque hôte du site journalise un événement devant une écoute placée à l'entrée du SIEM", target_fixture="listened"
)
def log_before_a_listener(platform: Platform, tmp_path: Path, preuves: Recorder) -> overheard.Overheard:
    found = overheard.overheard(platform, tmp_path, LOOKED_FOR_S)
    preuves.attach("octets.csv", "\n".join(f"{host};{count}" for host, count in found.sent.items()) + "\n")
    preuves.note("L'écoute a lu le texte qu'un hôte a envoyé en clair au même port.")
    return found


@then("l'archive a l'événement de chaque hôte")
def everything_arrived(listened: overheard.Overheard, preuves: Recorder) -> None:
    archived = listened.archived
    assert archived.delays_s, "Obtenu : aucun hôte — Attendu : tous ceux de l'inventaire"
    preuves.measure("hôtes archivés", len(archived.delays_s) - len(archived.silent), "hôtes")
    assert not archived.silent, f"Obtenu : rien de {', '.join(archived.silent)} — Attendu : un événement de chaque hôte"


@then("l'écoute a vu passer les journaux de chaque hôte")
def everybody_was_heard(listened: overheard.Overheard, preuves: Recorder) -> None:
    preuves.measure("octets vus par l'écoute", sum(listened.sent.values()), "octets")
    assert not listened.unheard, f"Obtenu : rien vu de {', '.join(listened.unheard)} — Attendu : les journaux de chacun"


@then("l'écoute n'y lit aucun des événements")
def nothing_can_be_read(listened: overheard.Overheard, preuves: Recorder) -> None:
    preuves.measure("événements lisibles", len(listened.readable), "événements", "= 0", not listened.readable)
    told = ", ".join(listened.readable)
    assert not listened.readable, f"Obtenu : événement lisible de {told} — Attendu : aucun"


@when("un octet d'une archive scellée est changé", target_fixture="sealing")
def alter_archive(platform: Platform) -> archive.Sealing:
    return archive.altered(platform)


@then("la vérification nomme l'archive changée")
def alteration_is_noticed(sealing: archive.Sealing, preuves: Recorder) -> None:
    preuves.measure("archives scellées", sealing.before.checked, "archives")
    preuves.note(f"Vérification : {'; '.join(sealing.altered.faults) or 'rien à redire'}.")
    name = sealing.file.rsplit("/", 1)[-1]
    found = [fault for fault in sealing.altered.faults if name in fault]
    assert found, f"Obtenu : altération non vue de {name} — Attendu : la vérification la nomme"


@then("elle n'a rien à redire avant ni après")
def archive_is_whole(sealing: archive.Sealing) -> None:
    faults = [*sealing.before.faults, *sealing.after.faults]
    assert sealing.before.checked, "Obtenu : aucune archive vérifiée — Attendu : au moins une"
    assert not faults, f"Obtenu : {' ; '.join(faults)} — Attendu : une archive intacte"
