"""Steps of who tries to take the copies away, and of what does so by mistake."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from pytest_bdd import given, parsers, then, when

from recette.evidence import Recorder
from recette.platform import Platform
from recette.trials.backup import assault, pruning, safe
from recette.trials.backup.assault import Altered, Attempt, Ransom
from recette.trials.backup.pruning import Pruned
from recette.trials.backup.safe import Full, Opened

CLOCKS = {"avancée d'un an": "+1y", "reculée de 2 mois": "-60d"}
SHOWN = 10


@when(parsers.parse('root sur "{host}" tente, avec tout ce que l\'hôte sait, de {words}'), target_fixture="attempt")
def root_attacks(host: str, words: str, platform: Platform, preuves: Recorder) -> Attempt:
    found = assault.attempted(platform, platform.site.host(host), words)
    preuves.note(f"{words} : réponse {found.status} ({found.said or 'sans message'}).")
    return found


@then("le serveur des sauvegardes refuse")
def server_refuses(attempt: Attempt, preuves: Recorder) -> None:
    preuves.measure("code de la réponse", attempt.status, "HTTP", "401, 403 ou 405", attempt.refused)
    assert attempt.refused, f"{attempt.words} — Obtenu : réponse {attempt.status} — Attendu : un refus"


@then("aucune copie ne manque")
def no_copy_is_missing(attempt: Attempt, preuves: Recorder) -> None:
    gone = attempt.before - attempt.after
    preuves.measure("copies avant l'attaque", len(attempt.before), "copies")
    preuves.measure("copies disparues", len(gone), "copies", "= 0", not gone)
    assert not gone, f"Obtenu : {len(gone)} copies de moins — Attendu : toutes"


@when(
    parsers.parse('les fichiers de "{host}" sont chiffrés et copiés ainsi, puis restaurés de la copie d\'avant'),
    target_fixture="ransom",
)
def ransomware_strikes(host: str, platform: Platform) -> Iterator[Ransom]:
    with assault.ransomed(platform, platform.site.host(host)) as ransom:
        yield ransom


@then("chaque fichier est ce qu'il était avant d'être chiffré")
def files_are_back(ransom: Ransom, preuves: Recorder) -> None:
    assert ransom.done.done, f"Obtenu : {ransom.done.said} — Attendu : une restauration"
    assert ransom.before, "Obtenu : aucun fichier — Attendu : ceux qui ont été chiffrés"
    assert not set(ransom.before.values()) & set(ransom.encrypted.values()), (
        "Obtenu : des fichiers restés clairs — Attendu : tous chiffrés, sans quoi l'essai ne montre rien"
    )
    wrong = sorted(path for path, digest in ransom.before.items() if ransom.restored.get(path) != digest)
    preuves.measure(
        "fichiers rendus tels quels", len(ransom.before) - len(wrong), "fichiers", f"= {len(ransom.before)}"
    )
    assert not wrong, f"Obtenu : {', '.join(wrong[:SHOWN])} autres — Attendu : les fichiers d'avant"


@when(parsers.parse('un octet de la dernière copie de "{host}" est altéré sur le serveur'), target_fixture="alteration")
def alter_copy(host: str, platform: Platform, preuves: Recorder) -> Altered:
    found = assault.altered(platform, platform.site.host(host))
    preuves.measure("relecture entière du dépôt", round(found.before.took_s, 1), "s")
    return found


@then("la relecture entière la signale")
def alteration_is_seen(alteration: Altered, preuves: Recorder) -> None:
    preuves.note(f"Relecture pendant l'altération : {alteration.during.faults or 'rien à redire'}.")
    assert not alteration.during.sound, "Obtenu : rien à redire — Attendu : l'altération signalée"


@then("la copie d'avant se restaure")
def older_copy_holds(alteration: Altered) -> None:
    assert alteration.older.done, f"Obtenu : {alteration.older.said} — Attendu : la copie d'avant restaurée"


@then("la relecture n'a rien à redire avant ni après")
def copies_are_whole(alteration: Altered) -> None:
    assert alteration.before.sound, f"Obtenu : {alteration.before.faults} avant — Attendu : un dépôt intact"
    assert alteration.after.sound, f"Obtenu : {alteration.after.faults} après — Attendu : un dépôt intact"


@given("un dépôt d'essai qui a une copie par jour sur 40 jours, puis une par mois")
def aged_repository(platform: Platform) -> Iterator[None]:
    with pruning.aged(platform, pruning.days(datetime.now(UTC))):
        yield


@when("la rétention y passe", target_fixture="pruned")
def prune(platform: Platform, preuves: Recorder) -> Pruned:
    return noted(preuves, pruning.pruned(platform))


@when(parsers.parse("la rétention y passe avec une horloge {words}"), target_fixture="pruned")
def prune_with_a_false_clock(words: str, platform: Platform, preuves: Recorder) -> Pruned:
    return noted(preuves, pruning.pruned(platform, clock=CLOCKS[words]))


@then("il reste une copie pour au moins 7 jours, 4 semaines et 12 mois")
def retention_holds(pruned: Pruned, preuves: Recorder) -> None:
    assert pruned.rc == 0, f"Obtenu : {pruned.said} — Attendu : une rétention"
    for unit, least in (("jours", 7), ("semaines", 4), ("mois", 12)):
        kept = pruned.kept(unit)
        preuves.measure(f"{unit} qui ont une copie", kept, unit, f"≥ {least}", kept >= least)
        assert kept >= least, f"Obtenu : {kept} {unit} — Attendu : au moins {least}"


@then("elle a retiré des copies")
def something_was_forgotten(pruned: Pruned) -> None:
    assert len(pruned.after) < len(pruned.before), f"Obtenu : {len(pruned.after)} copies — Attendu : moins qu'avant"


@then("elle refuse et dit pourquoi")
def retention_refuses(pruned: Pruned) -> None:
    assert pruned.rc == 1, f"Obtenu : code {pruned.rc}, {pruned.said or 'sans message'} — Attendu : un refus"


@then("aucune copie d'essai ne manque")
def nothing_was_forgotten(pruned: Pruned, preuves: Recorder) -> None:
    gone = pruning.lost(pruned)
    preuves.measure("copies oubliées à tort", len(gone), "copies", "= 0", not gone)
    assert pruned.before, "Obtenu : aucune copie d'essai — Attendu : celles de 40 jours"
    assert not gone, f"Obtenu : {len(gone)} copies de moins — Attendu : toutes"


@when(
    parsers.parse('la réserve du disque des sauvegardes est atteinte et que "{host}" copie'), target_fixture="full_disk"
)
def disk_is_full(host: str, platform: Platform, preuves: Recorder) -> Iterator[Full]:
    with safe.full(platform, platform.site.host(host)) as found:
        preuves.note(f"L'hôte dit : {found.said or 'rien'}.")
        yield found


@then("sa copie est refusée")
def new_copy_is_refused(full_disk: Full) -> None:
    assert full_disk.refused, "Obtenu : une copie acceptée — Attendu : un refus, la réserve étant atteinte"


@then("le serveur signale son disque")
def full_disk_is_told(full_disk: Full) -> None:
    assert full_disk.told, "Obtenu : rien de signalé — Attendu : le disque des sauvegardes"


@then("les copies d'avant sont intactes")
def older_copies_are_whole(full_disk: Full, preuves: Recorder) -> None:
    preuves.measure("copies d'avant", full_disk.older, "copies", "≥ 1", full_disk.older > 0)
    assert full_disk.older, "Obtenu : aucune copie — Attendu : celles d'avant"
    assert full_disk.readable, "Obtenu : un dépôt altéré — Attendu : les copies d'avant intactes"


@when("les clés scellées sont ouvertes avec ce que tient le coffre", target_fixture="sealed")
def open_seal(platform: Platform) -> Opened:
    return safe.opened(platform, "dc1")


@then("elles ont la clé de chaque hôte du site")
def every_key_is_there(sealed: Opened, preuves: Recorder) -> None:
    preuves.measure("clés scellées", len(sealed.hosts), "clés")
    assert sealed.hosts, f"Obtenu : rien ({sealed.said}) — Attendu : les clés de chaque hôte"
    assert not sealed.missing, f"Obtenu : sans {', '.join(sealed.missing[:SHOWN])} — Attendu : chaque hôte du site"


@then(parsers.parse('celle de "{host}" ouvre son dépôt'))
def key_opens(host: str, sealed: Opened) -> None:
    assert sealed.opens, f"{host} — Obtenu : {sealed.said} — Attendu : un dépôt ouvert"


@then("elles ne s'ouvrent pas autrement")
def nobody_else_opens(sealed: Opened) -> None:
    assert sealed.blind, "Obtenu : ouvertes sans le coffre — Attendu : un refus"


def noted(preuves: Recorder, found: Pruned) -> Pruned:
    """Keep what the program said."""
    preuves.measure("copies d'essai avant", len(found.before), "copies")
    preuves.measure("copies d'essai après", len(found.after), "copies")
    preuves.note(f"Rétention : {found.said or 'sans objection'}.")
    return found
