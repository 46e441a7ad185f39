"""Steps about the accounts: the directory beside the personnel file."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_bdd import parsers, then, when

from recette.evidence import Recorder
from recette.platform import Platform
from recette.probes.directory import Directory
from recette.trials.arrivals import Loaded, Upheaval, loaded
from recette.trials.people import People
from recette.trials.register import Register, changes, compare
from steps.annuaire.en_service import require_none


@when("l'annuaire est comparé au fichier du personnel", target_fixture="register")
def compare_with_file(annuaire: Directory, personnel: People) -> Register:
    return compare(annuaire, personnel.accounts)


@then(parsers.parse("{count:d} employés en poste ont chacun un compte actif"))
def everybody_has_an_account(count: int, register: Register, preuves: Recorder) -> None:
    found, absent = register.active(), register.absent()
    preuves.measure("employés en poste au compte actif", found, "employés", f"= {count}", found == count)
    assert not absent, "\n".join(absent)
    assert found == count, f"Obtenu : {found} employés — Attendu : {count}"


@then("chaque compte porte le nom, l'adresse, le bâtiment et le métier de son titulaire")
def accounts_are_exact(register: Register, preuves: Recorder) -> None:
    require_none(preuves, "attributs inexacts", "attributs", register.wrong())


@then("aucun compte actif n'est étranger au fichier")
def no_stranger(register: Register, preuves: Recorder) -> None:
    require_none(preuves, "comptes étrangers au fichier", "comptes", register.strangers())


@then("chaque groupe de bâtiment et de métier réunit exactement ses employés")
def groups_are_exact(register: Register, preuves: Recorder) -> None:
    preuves.measure("groupes comparés", len(register.groups), "groupes")
    require_none(preuves, "appartenances inexactes", "appartenances", register.misplaced())


@then("chaque homonyme a son compte et son adresse à lui")
def namesakes_are_distinct(register: Register, preuves: Recorder) -> None:
    count = register.namesakes()
    preuves.measure("employés homonymes", count, "employés", "≥ 2", count > 1)
    require_none(preuves, "identifiants partagés", "identifiants", register.homonyms())


@then("chaque compte d'un employé parti est désactivé, rangé à part et sans groupe")
def leavers_are_out(register: Register, personnel: People, preuves: Recorder) -> None:
    gone = len(personnel.gone)
    preuves.measure("employés partis", gone, "employés", "≥ 1", gone > 0)
    require_none(preuves, "droits restés à des employés partis", "droits", register.lingering())


@when(
    parsers.parse(
        "un fichier du personnel avec {joiners:d} arrivées, {leavers:d} départs et {moves:d} mutations est chargé"
    ),
    target_fixture="load",
)
def load_upheaval(joiners: int, leavers: int, moves: int, platform: Platform, personnel: People) -> Iterator[Loaded]:
    with loaded(platform, personnel, Upheaval(joiners=joiners, leavers=leavers, moves=moves)) as load:
        yield load


@when(
    parsers.parse("un fichier du personnel avec {joiners:d} arrivée et {malformed:d} ligne mal formée est chargé"),
    target_fixture="load",
)
def load_malformed(joiners: int, malformed: int, platform: Platform, personnel: People) -> Iterator[Loaded]:
    with loaded(platform, personnel, Upheaval(joiners=joiners, malformed=malformed)) as load:
        yield load


@then(parsers.re(r"(?:les (?P<count>\d+) arrivants ont|l'arrivant a) un compte actif et (?:leurs|ses) groupes"))
def joiners_have_accounts(count: str | None, load: Loaded, preuves: Recorder) -> None:
    wanted, found = int(count or 1), len(load.joined())
    preuves.measure("arrivées chargées", found, "employés", f"= {wanted}", found == wanted)
    require_none(preuves, "arrivées mal chargées", "écarts", load.unlike(load.chosen.joined))


@then(parsers.parse("les {count:d} partants n'ont plus ni compte actif ni groupe"))
def leavers_have_none(count: int, load: Loaded, preuves: Recorder) -> None:
    preuves.measure("départs chargés", len(load.chosen.left), "employés", f"= {count}", len(load.chosen.left) == count)
    require_none(preuves, "départs mal chargés", "écarts", load.unlike(load.chosen.left))


@then(parsers.parse("les {count:d} mutés ont les groupes de leur nouvelle place"))
def movers_have_groups(count: int, load: Loaded, preuves: Recorder) -> None:
    ok = len(load.chosen.moved) == count
    preuves.measure("mutations chargées", len(load.chosen.moved), "employés", f"= {count}", ok)
    require_none(preuves, "mutations mal chargées", "écarts", load.unlike(load.chosen.moved))


@then("aucun autre compte n'a changé")
def nobody_else_changed(load: Loaded, preuves: Recorder) -> None:
    preuves.measure("autres comptes comparés", len(load.before.entries), "comptes")
    require_none(preuves, "autres comptes changés", "comptes", changes(load.before, load.after, load.concerned()))


@then("la ligne mal formée est nommée")
def malformed_line_is_named(load: Loaded, preuves: Recorder) -> None:
    for said in load.complaints:
        preuves.note(f"Le rôle a dit : {said}")
    require_none(preuves, "lignes mal formées passées sous silence", "lignes", load.unnamed())
