"""Steps of what is destroyed, and of how it comes back."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_bdd import given, parsers, then, when

from recette.errors import Inconclusive
from recette.evidence import Recorder
from recette.platform import Platform
from recette.probes.backups import Restored
from recette.site import Host
from recette.trials.backup import machines, mailboxes, markers, rates, rounds, services
from recette.trials.backup.machines import Replaced
from recette.trials.backup.markers import Marked
from recette.trials.backup.rates import Rates
from recette.trials.backup.services import Counted, Returned
from recette.trials.mail.parties import Parties
from steps.reseau.en_service import measured_within

SHOWN = 5


@given(parsers.parse('un fichier numéroté de "{host}", copié puis changé'), target_fixture="mark")
def numbered_file(host: str, platform: Platform) -> Iterator[Marked]:
    with markers.marked(platform, platform.site.host(host)) as mark:
        yield mark


@when("le fichier est détruit, puis restauré seul", target_fixture="restored")
def destroy_and_restore(mark: Marked, platform: Platform) -> Restored:
    markers.restored(platform, mark)
    if mark.restored is None:
        raise Inconclusive("Rien n'a été restauré")
    return mark.restored


@then("il porte le numéro d'avant la copie")
def file_is_that_of_the_copy(mark: Marked, restored: Restored) -> None:
    assert restored.done, f"{mark.host.name} — Obtenu : {restored.said} — Attendu : une restauration"
    assert mark.content == markers.BEFORE, (
        f"{mark.host.name} — Obtenu : « {mark.content.strip()} » — Attendu : « {markers.BEFORE.strip()} »"
    )


@then("la restauration a tenu son RTO")
def file_came_back_in_time(mark: Marked, restored: Restored, platform: Platform, preuves: Recorder) -> None:
    in_time(platform, preuves, mark.host, markers.SYSTEM, restored.took_s)


@when("les deux contrôleurs perdent leur annuaire et que le premier est restauré", target_fixture="returned")
def lose_directory(platform: Platform, preuves: Recorder) -> Iterator[Returned]:
    first, second = platform.site.members("annuaire")
    with services.directory(platform, first, second) as returned:
        for note in returned.notes:
            preuves.note(note)
        yield returned


@then("un compte d'avant la copie ouvre une session sur chaque contrôleur")
def account_is_back(returned: Returned, preuves: Recorder) -> None:
    # The trial waits for a ticket of each controller, and gives no answer without.
    preuves.measure("comptes d'avant la copie retrouvés", int(returned.kept), "compte", "= 1", returned.kept)
    assert returned.done.done, f"Obtenu : {returned.done.said} — Attendu : une restauration"
    assert returned.kept, "Obtenu : compte inconnu — Attendu : celui d'avant la copie"


@then("un compte créé après la copie a disparu")
def later_account_is_lost(returned: Returned) -> None:
    assert returned.lost, "Obtenu : le compte créé après la copie — Attendu : l'annuaire tel qu'il a été copié"


@then("la restauration de l'annuaire a tenu son RTO")
def directory_came_back_in_time(returned: Returned, platform: Platform, preuves: Recorder) -> None:
    in_time(platform, preuves, returned.host, "annuaire", returned.done.took_s)


@when("les deux serveurs perdent toutes les boîtes et sont restaurés", target_fixture="returned")
def lose_mail(platform: Platform, preuves: Recorder) -> Iterator[Returned]:
    parties = Parties(platform.site)
    with mailboxes.every_mailbox(platform, parties.employee, parties.colleague) as (returned, before, after):
        preuves.attach("avant.eml", before.letter.raw, "message/rfc822")
        preuves.attach("apres.eml", after.letter.raw, "message/rfc822")
        preuves.note(f"Courriel d'après la copie : {'perdu, comme le RPO le permet' if returned.lost else 'retrouvé'}.")
        yield returned


@then("un courriel d'avant la copie est lu par son destinataire")
def letter_is_back(returned: Returned) -> None:
    assert returned.done.done, f"Obtenu : {returned.done.said} — Attendu : une restauration"
    assert returned.kept, "Obtenu : boîte sans le courriel — Attendu : celui d'avant la copie"


@then("la restauration du courrier a tenu son RTO")
def mail_came_back_in_time(returned: Returned, platform: Platform, preuves: Recorder) -> None:
    in_time(platform, preuves, returned.host, "boites", returned.done.took_s)


@when("l'autocommutateur de secours perd sa mémoire et qu'elle est restaurée", target_fixture="returned")
def lose_exchange(platform: Platform) -> Iterator[Returned]:
    with services.exchange(platform, standby_exchange(platform)) as returned:
        yield returned


@then("il se souvient de ce qu'il savait avant la copie")
def exchange_remembers(returned: Returned) -> None:
    assert returned.done.done, f"Obtenu : {returned.done.said} — Attendu : une restauration"
    assert returned.kept, "Obtenu : mémoire vide — Attendu : celle d'avant la copie"


@then("la restauration de sa mémoire a tenu son RTO")
def exchange_came_back_in_time(returned: Returned, platform: Platform, preuves: Recorder) -> None:
    in_time(platform, preuves, returned.host, "messages", returned.done.took_s)


@when("la copie de la base de la supervision est chargée à côté de celle qui sert", target_fixture="counted")
def load_database(platform: Platform) -> Counted:
    host = services.writing_database(platform)
    with markers.beside(platform, host) as folder:
        return services.database(platform, host, folder)


@then("elle a autant d'hôtes, de mesures, d'alertes et de comptes")
def database_is_whole(counted: Counted, preuves: Recorder) -> None:
    preuves.measure("relecture de la base", round(counted.took_s, 1), "s")
    for table, rows in counted.live.items():
        preuves.measure(f"lignes de {table} dans la copie", counted.restored[table], "lignes", f"= {rows}")
    assert all(counted.live.values()), f"Obtenu : base vide ({counted.live}) — Attendu : celle qui sert"
    assert counted.restored == counted.live, f"Obtenu : {counted.restored} — Attendu : {counted.live}"


@when("l'autorité de certification est détruite, puis restaurée", target_fixture="authority_files")
def lose_authority(platform: Platform) -> Iterator[tuple[Returned, dict[str, str], dict[str, str]]]:
    (host,) = platform.site.members("administration")
    with services.authority(platform, host) as found:
        yield found


@then("chacun de ses fichiers est ce qu'il était")
def authority_is_whole(authority_files: tuple[Returned, dict[str, str], dict[str, str]], preuves: Recorder) -> None:
    returned, before, after = authority_files
    assert returned.done.done, f"Obtenu : {returned.done.said} — Attendu : une restauration"
    assert before, "Obtenu : aucun fichier — Attendu : ceux de l'autorité"
    wrong = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    preuves.measure("fichiers de l'autorité comparés", len(before), "fichiers")
    assert not wrong, f"Obtenu : {', '.join(wrong)} autres — Attendu : chaque fichier d'avant"


@then("la restauration de l'autorité a tenu son RTO")
def authority_came_back_in_time(
    authority_files: tuple[Returned, dict[str, str], dict[str, str]], platform: Platform, preuves: Recorder
) -> None:
    returned = authority_files[0]
    in_time(platform, preuves, returned.host, "autorite", returned.done.took_s)


@when(parsers.parse('un gros fichier de "{host}" est copié, puis restauré à côté'), target_fixture="rates_found")
def restore_big_file(host: str, platform: Platform, preuves: Recorder) -> Rates:
    found = rates.rates(platform, platform.site.host(host))
    preuves.measure("copie vers le serveur", round(found.copied, 1), "Mio/s")
    preuves.measure("copie simple, sur le disque de l'hôte", round(found.bare, 1), "Mio/s")
    return found


@then("il est revenu octet pour octet")
def big_file_is_the_same(rates_found: Rates) -> None:
    assert rates_found.same, "Obtenu : d'autres octets — Attendu : ceux d'avant"


@then(parsers.parse("la restauration a tenu au moins {least:d} Mio par seconde"))
def restoration_is_fast(least: int, rates_found: Rates, preuves: Recorder) -> None:
    rate = round(rates_found.restored, 1)
    preuves.measure("restauration", rate, "Mio/s", f"≥ {least}", rate >= least)
    assert rate >= least, f"Obtenu : {rate} Mio/s — Attendu : au moins {least}"


@given(parsers.parse('les règles de "{host}" sont copiées'), target_fixture="rules")
def rules_are_copied(host: str, platform: Platform, preuves: Recorder) -> str:
    found = machines.rules_copied(platform, platform.site.host(host))
    preuves.attach("regles-copiees.nft", found)
    return found


@given("un compte créé dans l'annuaire", target_fixture="account")
def new_account(platform: Platform) -> Iterator[tuple[str, str]]:
    with services.account(platform, platform.site.members("annuaire")[0]) as account:
        yield account


@when(parsers.parse('"{host}" est détruit et remplacé par une machine neuve'), target_fixture="replaced")
def replace_machine(host: str, platform: Platform) -> Replaced:
    return machines.replaced(platform, platform.site.host(host))


@then("ses règles en vigueur sont celles de sa copie")
def rules_are_those_of_the_copy(replaced: Replaced, rules: str, platform: Platform, preuves: Recorder) -> None:
    found = machines.rules_in_force(platform, replaced.host)
    preuves.attach("regles-en-vigueur.nft", found)
    wrong = machines.differences(found, rules)
    preuves.measure("lignes de règles", len(rules.splitlines()), "lignes")
    preuves.measure("lignes qui diffèrent", len(wrong), "lignes", "= 0", not wrong)
    assert not wrong, f"Obtenu : {' ; '.join(wrong[:SHOWN])} — Attendu : les règles de la copie"


@then("il ouvre la session de ce compte")
def controller_serves(replaced: Replaced, account: tuple[str, str], platform: Platform, preuves: Recorder) -> None:
    delay_s, said = services.ticket_after(platform, replaced.host, *account)
    assert delay_s is not None, f"Obtenu : aucun ticket ({said}) — Attendu : une session ouverte"
    preuves.measure("premier ticket du contrôleur neuf", round(delay_s, 1), "s")


@then(parsers.parse('son remplacement a tenu le RTO de "{data_set}"'))
def machine_came_back_in_time(data_set: str, replaced: Replaced, platform: Platform, preuves: Recorder) -> None:
    in_time(platform, preuves, replaced.host, data_set, replaced.took_s)


def in_time(platform: Platform, preuves: Recorder, host: Host, data_set: str, took_s: float) -> None:
    """Judge how long a restoration took, against the RTO that the inventory writes."""
    limit_s = rounds.rto_s(platform, host, data_set)
    held = measured_within(preuves, f"restauration de {data_set} ({host.name})", round(took_s, 1), "s", limit_s)
    assert held, f"{host.name}, {data_set} — Obtenu : {took_s:.0f} s — Attendu : au plus {limit_s:.0f} s"


def standby_exchange(platform: Platform) -> Host:
    """The exchange that does not carry the virtual address."""
    members = platform.site.members("telephonie")
    answers = platform.remote.map([host.name for host in members], "ip -oneline -4 address show")
    (address,) = {str(each) for each in platform.site.vips["pbx"].values()}
    resting = [host for host in members if f" {address}/" not in answers[host.name].stdout]
    if len(resting) != 1:
        raise Inconclusive(f"{len(resting)} autocommutateur(s) sans l'adresse partagée — attendu : un")
    return resting[0]
