"""Steps about log-ons, rights and revocation."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pytest_bdd import given, parsers, then, when

from recette.actions import Fault
from recette.errors import Inconclusive
from recette.evidence import Recorder
from recette.platform import Platform
from recette.probes.logon import Logon
from recette.site import Host
from recette.trials.delays import seconds_until
from recette.trials.passwords import refuses
from recette.trials.people import People
from recette.trials.sessions import (
    Visitor,
    administers,
    employee,
    identity,
    impostors,
    let_in,
    open_session,
    refuses_ticket,
    rights,
    said,
    turned_away,
    wrong_groups,
)
from steps.annuaire.en_service import Inspect, View, require_none
from steps.reseau.en_service import measured_within

IMPOSTOR, COLLEAGUE, REVOKED, RESTORED, PROMOTED = 5, 6, 7, 8, 3
"""Ranks of the employees of these scenarios: what is done to one account is not felt by another."""
PRIVATE = 0o700


@dataclass(frozen=True)
class Changed:
    """An employee whose account was changed, and the instant from which the change must be felt."""

    visitor: Visitor
    at_s: float


@when(parsers.parse('un employé de "{building}" ouvre sa session sur "{poste}"'), target_fixture="session")
def log_on_somewhere(
    building: str, poste: str, platform: Platform, personnel: People, preuves: Recorder
) -> tuple[Visitor, Logon]:
    visitor = employee(personnel, personnel.one(building=building))
    logon = open_session(platform.remote, poste, visitor)
    preuves.note(f"{visitor.login} sur {poste} : {said(logon)}.")
    return visitor, logon


@then(parsers.parse("la session s'ouvre en au plus {limit:d} secondes"))
def session_opens(limit: int, session: tuple[Visitor, Logon], preuves: Recorder) -> None:
    visitor, logon = session
    assert logon.accepted, f"{visitor.login} sur {logon.host} — Obtenu : {said(logon)} — Attendu : une session ouverte"
    held = measured_within(preuves, "ouverture de session", round(logon.duration_s, 3), "s", limit)
    assert held, f"{visitor.login} — Obtenu : {logon.duration_s:.1f} s — Attendu : au plus {limit} s"


@then("l'employé a reçu un ticket Kerberos")
def session_has_a_ticket(session: tuple[Visitor, Logon]) -> None:
    assert session[1].ticket, f"{session[0].login} — Obtenu : aucun ticket — Attendu : un ticket Kerberos"


@then("son dossier personnel est là, à lui seul")
def home_is_private(session: tuple[Visitor, Logon], inspect: Inspect, preuves: Recorder) -> None:
    visitor, logon = session
    host = inspect(logon.host)
    home = host.file(host.user(visitor.login).home)
    assert home.is_directory, f"{home.path} n'existe pas"
    preuves.note(f"{home.path} : {home.user}, {home.mode:o}.")
    assert home.user == visitor.login, f"{home.path} — Obtenu : à {home.user} — Attendu : à {visitor.login}"
    assert home.mode == PRIVATE, f"{home.path} — Obtenu : {home.mode:o} — Attendu : {PRIVATE:o}"


@then("ses groupes sont ceux de son bâtiment et de son métier")
def session_has_its_groups(session: tuple[Visitor, Logon], preuves: Recorder) -> None:
    visitor, logon = session
    assert visitor.person, f"{visitor.login} n'est pas un employé"
    require_none(preuves, "groupes inexacts", "groupes", wrong_groups(logon, visitor.person))


@when(parsers.parse('{words} tente d\'ouvrir une session sur "{poste}"'), target_fixture="session")
def impostor_tries(words: str, poste: str, platform: Platform, personnel: People) -> tuple[Visitor, Logon]:
    visitor = impostors(platform.directory, personnel, IMPOSTOR)[words]
    return visitor, open_session(platform.remote, poste, visitor)


@then("la session est refusée")
def session_is_refused(session: tuple[Visitor, Logon], preuves: Recorder) -> None:
    visitor, logon = session
    preuves.note(f"{visitor.login} sur {logon.host} : {said(logon)}.")
    assert not logon.accepted, f"{visitor.login} sur {logon.host} — Obtenu : {said(logon)} — Attendu : un refus"


@then(parsers.parse('un collègue ouvre la sienne au même instant sur "{poste}"'))
def colleague_gets_in(poste: str, platform: Platform, personnel: People) -> None:
    visitor = employee(personnel, personnel.one(COLLEAGUE))
    logon = open_session(platform.remote, poste, visitor)
    assert logon.accepted, f"{visitor.login} sur {poste} — Obtenu : {said(logon)} — Attendu : une session ouverte"


@dataclass(frozen=True)
class Workstation:
    """What a workstation says of itself."""

    member: bool
    said: str
    running: bool
    enabled: bool


def workstation(inspect: Inspect, name: str, domain: str) -> Workstation:
    """Ask a workstation whether the domain still knows it, and whether it will at the next boot."""
    host = inspect(name)
    joined, service = host.run(f"adcli testjoin --domain={domain}"), host.service("sssd")
    complaint = " ".join(joined.stderr.split())
    return Workstation(joined.rc == 0, complaint, service.is_running, service.is_enabled)


@when("l'état des postes est relevé", target_fixture="states")
def read_workstations(postes: tuple[Host, ...], inspect: Inspect, platform: Platform) -> dict[str, Workstation]:
    domain = platform.directory.realm.lower()
    return {poste.name: workstation(inspect, poste.name, domain) for poste in postes}


@then("chaque poste est membre du domaine")
def workstations_are_members(states: dict[str, Workstation], preuves: Recorder) -> None:
    wrong = [f"{name} n'est pas membre du domaine : {one.said}" for name, one in states.items() if not one.member]
    preuves.measure("postes relevés", len(states), "postes", "≥ 1", bool(states))
    require_none(preuves, "postes hors du domaine", "postes", wrong)


@then("chaque poste s'en remet à l'annuaire, dès son démarrage")
def workstations_rely_on_it(states: dict[str, Workstation], preuves: Recorder) -> None:
    wrong = [
        f"{name} : sssd {'actif' if one.running else 'arrêté'}, {'' if one.enabled else 'non '}lancé au démarrage"
        for name, one in states.items()
        if not (one.running and one.enabled)
    ]
    require_none(preuves, "postes sans annuaire", "postes", wrong)


@when(parsers.parse('un employé du métier "{trade}" demande à administrer "{poste}"'), target_fixture="session")
def asks_to_administer(trade: str, poste: str, platform: Platform, personnel: People) -> tuple[Visitor, Logon]:
    visitor = employee(personnel, personnel.one(trade=trade))
    return visitor, open_session(platform.remote, poste, visitor)


@then(parsers.re(r'il (?P<words>administre|n\'administre pas) "(?P<poste>[\w-]+)"$'))
def administers_or_not(words: str, poste: str, session: tuple[Visitor, Logon], preuves: Recorder) -> None:
    visitor, logon = session
    found = rights(logon)
    preuves.note(f"{visitor.login} sur {poste} : {'sudo accordé' if found else logon.sudo and logon.sudo.said}.")
    wanted = words == "administre"
    assert found is wanted, f"{visitor.login} sur {poste} — Obtenu : {shown(found)} — Attendu : {words}"


@given(parsers.re(r'un employé du métier "(?P<trade>\w+)" (?P<words>administre|n\'administre pas) "(?P<poste>[\w-]+)"'),
       target_fixture="visitor")  # fmt: skip
def someone_has_rights(trade: str, words: str, poste: str, platform: Platform, personnel: People) -> Visitor:
    visitor = employee(personnel, personnel.one(PROMOTED, trade=trade))
    found = rights(open_session(platform.remote, poste, visitor))
    if found is not (words == "administre"):
        raise Inconclusive(f"{visitor.login} sur {poste} : {shown(found)}, avant tout changement")
    return visitor


@when(parsers.re(r'il est (?P<words>sorti du|entré dans le) groupe "(?P<group>[\w-]+)"'), target_fixture="changed")
def changes_group(words: str, group: str, visitor: Visitor, platform: Platform) -> Iterator[Changed]:
    act, undo = ("leave", "join") if words == "sorti du" else ("join", "leave")
    with altered(platform, visitor, (act, visitor.login, group), (undo, visitor.login, group)) as changed:
        yield changed


@then(parsers.re(r'il (?P<words>administre|n\'administre plus) "(?P<poste>[\w-]+)" en au plus (?P<limit>\d+) secondes'))
def rights_follow(words: str, poste: str, limit: str, changed: Changed, view: View) -> None:
    login = changed.visitor.login
    happened = administers(view.platform.remote, poste, changed.visitor, wanted=words == "administre")
    delay = seconds_until(happened, changed.at_s, int(limit))
    otherwise = f"{login} sur {poste} — Obtenu : droits inchangés après {limit} s — Attendu : {words}"
    view.require_within("droits à jour", delay, int(limit), otherwise)


@contextmanager
def altered(platform: Platform, visitor: Visitor, act: tuple[str, ...], undo: tuple[str, ...]) -> Iterator[Changed]:
    """The account of somebody changed on the first server, and put back when the block ends."""
    server = platform.directory.servers[0].name
    with platform.accounts.changed(" ".join(act), server, [act], [undo]):
        yield Changed(visitor, time.monotonic())


def shown(granted: bool) -> str:  # noqa: FBT001 - a fact to be told
    return "administre" if granted else "n'administre pas"


@given(parsers.parse('un employé vient d\'ouvrir sa session sur "{poste}"'), target_fixture="visitor")
def someone_just_logged_on(poste: str, platform: Platform, personnel: People) -> Visitor:
    visitor = employee(personnel, personnel.one(REVOKED))
    logon = open_session(platform.remote, poste, visitor, sudo=False)
    if not logon.accepted:
        raise Inconclusive(f"{visitor.login} sur {poste} : {said(logon)}, avant tout changement")
    return visitor


@when("son compte est désactivé", target_fixture="changed")
def account_is_disabled(visitor: Visitor, platform: Platform) -> Iterator[Changed]:
    with altered(platform, visitor, ("disable", visitor.login), ("enable", visitor.login)) as changed:
        yield changed


@then(parsers.parse('"{poste}" refuse sa session en au plus {limit:d} secondes'))
def workstation_refuses(poste: str, limit: int, changed: Changed, view: View) -> None:
    delay = seconds_until(turned_away(view.platform.remote, poste, changed.visitor), changed.at_s, limit)
    otherwise = f"{poste} — Obtenu : session ouverte à {changed.visitor.login} après {limit} s — Attendu : un refus"
    view.require_within(f"refus par {poste}", delay, limit, otherwise)


@then(parsers.parse("Kerberos refuse son mot de passe sur chaque contrôleur en au plus {limit:d} secondes"))
def kerberos_refuses(limit: int, changed: Changed, view: View) -> None:
    person, directory = identity(changed.visitor, view.people), view.platform.directory
    for server in directory.servers:
        happened = refuses_ticket(view.platform.remote, directory, server, person)
        delay = seconds_until(happened, changed.at_s, limit)
        otherwise = f"{server.name} — Obtenu : un ticket pour {person.user} après {limit} s — Attendu : un refus"
        view.require_within(f"refus par Kerberos sur {server.name}", delay, limit, otherwise)


@then(parsers.parse("LDAPS refuse son mot de passe sur chaque contrôleur en au plus {limit:d} secondes"))
def ldaps_refuses(limit: int, changed: Changed, view: View) -> None:
    person, directory = identity(changed.visitor, view.people), view.platform.directory
    for server in directory.servers:
        delay = seconds_until(refuses(directory, server, person), changed.at_s, limit)
        otherwise = f"{server.name} — Obtenu : {person.user} accepté après {limit} s — Attendu : un refus"
        view.require_within(f"refus par LDAPS sur {server.name}", delay, limit, otherwise)


@given("le compte d'un employé a été désactivé", target_fixture="visitor")
def account_was_disabled(platform: Platform, personnel: People) -> Iterator[Visitor]:
    visitor = employee(personnel, personnel.one(RESTORED))
    with altered(platform, visitor, ("disable", visitor.login), ("enable", visitor.login)):
        yield visitor


@when("son compte est rétabli", target_fixture="changed")
def account_is_restored(visitor: Visitor, platform: Platform) -> Changed:
    platform.accounts.enable(platform.directory.servers[0].name, visitor.login)
    return Changed(visitor, time.monotonic())


@then(parsers.parse('"{poste}" lui ouvre une session en au plus {limit:d} secondes'))
def workstation_lets_in(poste: str, limit: int, changed: Changed, view: View) -> None:
    delay = seconds_until(let_in(view.platform.remote, poste, changed.visitor), changed.at_s, limit)
    otherwise = f"{poste} — Obtenu : {changed.visitor.login} refusé après {limit} s — Attendu : une session ouverte"
    view.require_within(f"retour sur {poste}", delay, limit, otherwise)


@when(parsers.parse('"{poste}" est coupé de l\'annuaire'))
def workstation_is_cut_off(poste: str, platform: Platform) -> Iterator[None]:
    host = platform.site.host(poste)
    with platform.faults.inject(Fault.LINK_DOWN, host, host.zones[0]):
        yield


@then(parsers.parse('"{poste}" ne lui ouvre aucune session'))
def cut_off_workstation_refuses(poste: str, visitor: Visitor, platform: Platform, preuves: Recorder) -> None:
    logon = open_session(platform.remote, poste, visitor, sudo=False)
    preuves.note(f"{visitor.login} sur {poste}, coupé de l'annuaire : {said(logon)}.")
    assert not logon.accepted, f"{visitor.login} sur {poste} — Obtenu : {said(logon)} — Attendu : un refus"
