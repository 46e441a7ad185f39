"""Steps about passwords and privileges."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

from pytest_bdd import given, parsers, then, when

from recette.evidence import Recorder
from recette.personnel import Account
from recette.platform import Platform
from recette.probes.directory import Directory
from recette.trials.checklist import DECLARED, Checklist, audit
from recette.trials.delays import seconds_until
from recette.trials.passwords import Choice, choose, guess, refused, refuses, strong
from recette.trials.people import People
from steps.annuaire.en_service import require_none
from steps.reseau.en_service import measured_within

CHOOSER, LOCKED, COLLEAGUE = 10, 11, 12
"""Ranks of the employees of these scenarios, in the trade « administration »."""
TRADE = "administration"

Locked = tuple[Account, float]
"""An account that was attacked, and the instant of the last wrong password (CLOCK_MONOTONIC, seconds)."""


@given("un employé et son mot de passe", target_fixture="employee")
def employee_and_password(platform: Platform, personnel: People) -> Iterator[Account]:
    account = personnel.one(CHOOSER, trade=TRADE)
    undo = [("reset", account.login, account.secret)]
    with platform.accounts.changed("mot de passe changé", platform.directory.servers[0].name, (), undo):
        yield account


@when(parsers.parse("il choisit un mot de passe {defect}"), target_fixture="choice")
def choose_password(defect: str, employee: Account, platform: Platform, personnel: People) -> Choice:
    server = platform.directory.servers[0]
    return choose(platform.accounts, server, employee, personnel.password(employee), defect)


@then(parsers.parse("l'annuaire refuse ce mot de passe parce qu'il est {defect}"))
def weak_password_is_refused(defect: str, choice: Choice, preuves: Recorder) -> None:
    preuves.note(f"Réponse de l'annuaire à un mot de passe {defect} : {choice.answer}.")
    assert choice.refused_for_its_defect, (
        f"{choice.account.login} — Obtenu : {choice.answer} — Attendu : un refus, parce que {defect}"
    )


@then("l'annuaire en accepte un solide")
def strong_password_is_accepted(employee: Account, platform: Platform, personnel: People) -> None:
    server = platform.directory.servers[0].name
    answer = platform.accounts.change_password(server, employee.login, personnel.password(employee), strong())
    assert answer.granted, f"{employee.login} — Obtenu : {answer} — Attendu : un mot de passe solide est accepté"


@when(parsers.parse("{tries:d} mots de passe faux sont essayés sur le compte d'un employé"), target_fixture="locked")
def try_wrong_passwords(tries: int, platform: Platform, personnel: People, preuves: Recorder) -> Iterator[Locked]:
    account = personnel.one(LOCKED, trade=TRADE)
    server = platform.directory.servers[0]
    with platform.accounts.changed("compte bloqué", server.name, (), [("unlock", account.login)]):
        answers = guess(platform.directory, server, personnel.login(account), tries)
        locked_at_s = time.monotonic()
        preuves.measure("mots de passe faux refusés", sum(map(refused, answers)), "essais")
        yield account, locked_at_s


@then(parsers.parse("son compte est bloqué sur chaque contrôleur en au plus {limit:d} secondes"))
def account_is_locked(limit: int, locked: Locked, annuaire: Directory, personnel: People, preuves: Recorder) -> None:
    account, since_s = locked
    right = personnel.login(account)
    for server in annuaire.servers:
        delay = seconds_until(refuses(annuaire, server, right), since_s, limit)
        held = measured_within(preuves, f"blocage du compte sur {server.name}", delay, "s", limit)
        assert held, f"{server.name} accepte encore le bon mot de passe de {right.user} — Attendu : compte bloqué"


@then("le compte d'un collègue ne l'est pas")
def colleague_is_not_locked(annuaire: Directory, personnel: People) -> None:
    colleague = personnel.login(personnel.one(COLLEAGUE, trade=TRADE))
    for server in annuaire.servers:
        bind = annuaire.talk(login=colleague, server=server).bind
        assert bind.granted, f"{server.name} refuse {colleague.user} : {bind} — Attendu : compte non bloqué"


@when("les comptes et les groupes privilégiés sont relevés", target_fixture="checklist")
def read_privileges(annuaire: Directory) -> Checklist:
    return audit(annuaire, datetime.now(UTC))


@then("chaque groupe privilégié ne compte que ses membres déclarés")
def privileges_are_declared(checklist: Checklist, preuves: Recorder) -> None:
    preuves.measure("groupes privilégiés relevés", len(DECLARED), "groupes")
    require_none(preuves, "groupes privilégiés inexacts", "groupes", checklist.unexpected())


@then(parsers.parse("le mot de passe de krbtgt a au plus {limit:d} jours"))
def krbtgt_is_young(limit: int, checklist: Checklist, preuves: Recorder) -> None:
    age = checklist.age_days(checklist.krbtgt())
    assert measured_within(preuves, "âge du mot de passe de krbtgt", round(age, 3), "jours", limit), f"{age:.0f} jours"


@then(parsers.parse("celui de chaque compte privilégié a au plus {limit:d} jours"))
def privileged_passwords_are_young(limit: int, checklist: Checklist, preuves: Recorder) -> None:
    accounts = checklist.privileged()
    assert accounts, "Aucun compte privilégié trouvé"
    for account in accounts:
        name, age = account.first("sAMAccountName"), checklist.age_days(account)
        assert measured_within(preuves, f"âge du mot de passe de {name}", round(age, 3), "jours", limit), f"{name}"


@then(parsers.parse("aucun compte n'est {weakness}"))
def no_weak_account(weakness: str, checklist: Checklist, preuves: Recorder) -> None:
    preuves.measure("comptes relevés", len(checklist.accounts), "comptes")
    require_none(preuves, f"comptes : {weakness}", "comptes", checklist.weak(weakness))


@then(parsers.parse("un compte ordinaire peut joindre {count:d} machine"))
def nobody_joins(count: int, checklist: Checklist, preuves: Recorder) -> None:
    ok = checklist.quota == count
    preuves.measure("machines qu'un compte ordinaire peut joindre", checklist.quota, "machines", f"= {count}", ok)
    assert ok, f"ms-DS-MachineAccountQuota — Obtenu : {checklist.quota} — Attendu : {count}"
