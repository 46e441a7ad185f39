"""Steps about the accounts: the directory beside the personnel file."""

from __future__ import annotations

from pytest_bdd import parsers, then, when

from recette.evidence import Recorder
from recette.probes.directory import Directory
from recette.trials.people import People
from recette.trials.register import Register, compare
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
