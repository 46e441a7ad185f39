"""Steps of what must be copied, and of what tells that it is not."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_bdd import parsers, then, when

from recette.errors import Inconclusive
from recette.evidence import Recorder
from recette.platform import Platform
from recette.policy.backing import backed
from recette.probes.backups import Verified
from recette.trials.backup import markers, rounds, safe
from recette.trials.backup.markers import Marked
from recette.trials.backup.rounds import Coverage, Round
from recette.trials.supervision.incidents import Incident
from steps.reseau.en_service import measured_within

MINUTE_S, PERCENT, MEBIBYTE = 60.0, 100, 1 << 20
SHOWN = 20
SEARCH = "grep --recursive --files-with-matches --fixed-strings {text} /srv/sauvegarde /var/lib/sauvegarde"


@when("les copies sont comparées à l'inventaire", target_fixture="covered")
def compare_with_inventory(platform: Platform, preuves: Recorder) -> Coverage:
    found = rounds.coverage(platform)
    preuves.measure("ensembles de données de l'inventaire", found.expected, "ensembles")
    preuves.measure("part du RPO écoulée, au pire", round(found.oldest_share * PERCENT), "%", "≤ 100")
    return found


@then("aucun hôte du site n'est sans ensemble de données")
def no_bare_host(covered: Coverage, preuves: Recorder) -> None:
    require_none(preuves, "hôtes sans ensemble de données", "hôtes", covered.bare)


@then("aucun ensemble n'est sans copie")
def no_set_without_copy(covered: Coverage, preuves: Recorder) -> None:
    require_none(preuves, "ensembles sans copie", "ensembles", covered.missing)


@then("aucune copie la plus récente n'est plus vieille que son RPO")
def no_late_copy(covered: Coverage, preuves: Recorder) -> None:
    require_none(preuves, "ensembles en retard", "ensembles", covered.late)


@when("les objectifs de reprise sont lus à l'inventaire", target_fixture="undefined")
def read_objectives(platform: Platform, preuves: Recorder) -> list[str]:
    preuves.measure("ensembles de données", len(rounds.expected(platform)), "ensembles")
    return rounds.undefined(platform)


@then("aucun n'est absent")
def nothing_is_undefined(undefined: list[str], preuves: Recorder) -> None:
    require_none(preuves, "objectifs de reprise absents", "objectifs", undefined)


@when("tout le site est copié d'un coup", target_fixture="round_")
def copy_everything(platform: Platform) -> Round:
    return rounds.copied(platform, backed(platform.site))


@then(parsers.parse("tout a été copié en au plus {limit:d} minutes"))
def everything_was_copied(limit: int, round_: Round, preuves: Recorder) -> None:
    assert round_.sets, "Obtenu : aucun ensemble — Attendu : ceux de l'inventaire"
    require_none(preuves, "copies échouées", "copies", round_.failed)
    minutes = round(round_.took_s / MINUTE_S, 1)
    held = measured_within(preuves, "fenêtre de sauvegarde du site", minutes, "min", limit)
    assert held, f"Obtenu : {minutes} min — Attendu : au plus {limit} min"


@then(parsers.parse("les copies n'ont ajouté au dépôt qu'au plus {limit:d} pour cent de ce qu'elles représentent"))
def only_changes_cost(limit: int, round_: Round, preuves: Recorder) -> None:
    preuves.measure("données représentées", round(round_.weighed / MEBIBYTE), "Mio")
    preuves.measure("données ajoutées", round(round_.added / MEBIBYTE, 1), "Mio")
    share = PERCENT * round_.added / max(1, round_.weighed)
    held = measured_within(preuves, "part ajoutée", round(share, 1), "%", limit)
    assert held, f"Obtenu : {share:.1f} % — Attendu : au plus {limit} %"


@when("tous les dépôts sont relus en entier", target_fixture="read")
def read_everything(platform: Platform, preuves: Recorder) -> list[Verified]:
    found = [platform.backups.verify(host.name) for host in backed(platform.site)]
    preuves.measure("dépôts relus", len(found), "dépôts")
    preuves.measure("durée de la relecture", round(sum(each.took_s for each in found)), "s")
    return found


@then("aucun n'est altéré")
def nothing_is_altered(read: list[Verified], preuves: Recorder) -> None:
    assert read, "Obtenu : aucun dépôt — Attendu : ceux de l'inventaire"
    require_none(
        preuves, "dépôts altérés", "dépôts", [f"{each.host} : {each.faults}" for each in read if not each.sound]
    )


@when("le disque des sauvegardes est fouillé", target_fixture="traces")
def search_disk(mark: Marked, platform: Platform) -> list[str]:
    server = platform.backups.server.name
    content, name = markers.BEFORE.strip(), markers.FILE.rsplit("/", 1)[-1]
    witness = platform.remote.run(
        mark.host.name, f"grep --quiet --fixed-strings '{markers.AFTER.strip()}' {markers.FILE}"
    )
    if witness.rc != 0:
        raise Inconclusive(f"{mark.host.name} : le fichier numéroté ne se lit pas là où il est")
    found = []
    for text in (content, name):
        done = platform.remote.run(server, SEARCH.format(text=f"'{text}'"), timeout_s=300.0)
        if done.rc > 1:
            raise Inconclusive(f"{server} : {done.stderr.strip()}")
        found += [f"« {text} » dans {path}" for path in done.stdout.splitlines()]
    return found


@then("ni le contenu ni le nom du fichier ne s'y lisent")
def nothing_can_be_read(traces: list[str], preuves: Recorder) -> None:
    require_none(preuves, "fichiers du serveur où la copie se lit", "fichiers", traces)


@when(parsers.parse("l'annuaire de \"{host}\" n'a plus de copie assez récente"), target_fixture="happening")
def directory_is_late(host: str, platform: Platform) -> Iterator[Incident]:
    with safe.overdue(platform, host, "annuaire") as since_s:
        yield Incident(since_s, platform.backups.server.name)


def require_none(preuves: Recorder, what: str, unit: str, found: list[str] | tuple[str, ...]) -> None:
    """Measure how many there are, and name them: there must be none."""
    preuves.measure(what, len(found), unit, "= 0", not found)
    assert not found, f"{what} — Obtenu : {' ; '.join(found[:SHOWN])} — Attendu : aucun"
