"""Steps about the log of the directory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from pytest_bdd import parsers, then, when

from recette.evidence import Recorder
from recette.personnel import Account
from recette.platform import Platform
from recette.probes.directory import ADMINISTRATION, ADMINISTRATOR, DISABLED, Entry
from recette.trials.auditing import AuditTrail, Event, author, changes_of, refusals_of, sid, written
from recette.trials.passwords import WRONG, guess
from recette.trials.people import People

CHANGED, MISTAKEN = 20, 21
"""Ranks of the employees of these scenarios, in the trade « administration »."""
TRADE, GROUP = "administration", "metier-qualite"
TEXT = "Changement tracé par la recette"
WITHIN_S = 60.0


@dataclass(frozen=True)
class Change:
    """A change that was made, and how the log must speak of it: the object, the attribute and the value."""

    dn: str
    attribute: str
    value: str
    trail: AuditTrail

    def event(self) -> Event | None:
        return self.trail.find(changes_of(self.dn))


def acts_of(words: str, account: Account, entry: Entry) -> tuple[tuple[str, ...], tuple[str, ...], str, str]:
    """What the words of the feature do, what undoes it, and the attribute and the value that the log must hold."""
    login, flags = account.login, entry.number("userAccountControl")
    return {
        "un changement de description d'un compte": (
            ("describe", login, TEXT), ("describe", login, ""), "description", TEXT,
        ),
        "une désactivation de compte": (
            ("disable", login), ("enable", login), "userAccountControl", str(flags | DISABLED),
        ),
        "une entrée dans un groupe": (
            ("join", login, GROUP), ("leave", login, GROUP), "member", entry.dn,
        ),
    }[words]  # fmt: skip


@when(parsers.parse("un administrateur fait {words}"), target_fixture="change")
def administrator_changes(words: str, platform: Platform, personnel: People) -> Iterator[Change]:
    directory, account = platform.directory, personnel.one(CHANGED, trade=TRADE)
    entry = directory.account(account.login)
    act, undo, attribute, value = acts_of(words, account, entry)
    about = directory.account(GROUP).dn if attribute == "member" else entry.dn
    trail = AuditTrail.begin(platform.remote, directory.servers)
    with platform.accounts.changed(words, directory.servers[0].name, [act], [undo]):
        yield Change(about, attribute, value, trail)


@then("le journal dit qui l'a fait, sur quel compte et quand")
def log_names_the_author(change: Change, platform: Platform, preuves: Recorder) -> None:
    event = change.event()
    assert event is not None, f"Aucune ligne du journal ne parle de {change.dn}"
    preuves.attach("evenement.json", json.dumps(event, ensure_ascii=False, indent=1))
    administrator = sid(platform.directory.account(ADMINISTRATOR, ("objectSid",)).first("objectSid"))
    assert author(event) == administrator, f"Auteur — Obtenu : {author(event)} — Attendu : {administrator}"
    age = abs((datetime.now(UTC) - datetime.fromisoformat(event["timestamp"])).total_seconds())
    assert age < WITHIN_S, f"Instant — Obtenu : {event['timestamp']}, à {age:.0f} s — Attendu : à l'instant"


@then("le journal dit la nouvelle valeur")
@then("le journal dit le groupe et le membre")
def log_tells_the_value(change: Change, preuves: Recorder) -> None:
    event = change.event()
    assert event is not None, f"Aucune ligne du journal ne parle de {change.dn}"
    found = written(event, change.attribute)
    preuves.note(f"{change.dn}, {change.attribute} : {', '.join(found) or 'rien'}.")
    assert any(change.value.lower() in value.lower() for value in found), (
        f"{change.attribute} — Obtenu : {', '.join(found) or 'rien'} — Attendu : {change.value}"
    )


@when("un employé se trompe de mot de passe", target_fixture="mistaken")
def employee_mistakes(platform: Platform, personnel: People) -> tuple[Account, AuditTrail]:
    account, server = personnel.one(MISTAKEN, trade=TRADE), platform.directory.servers[0]
    trail = AuditTrail.begin(platform.remote, platform.directory.servers)
    guess(platform.directory, server, personnel.login(account), 1)
    return account, trail


@then("le journal dit quel compte a été refusé, d'où et pourquoi")
def log_tells_the_refusal(mistaken: tuple[Account, AuditTrail], platform: Platform, preuves: Recorder) -> None:
    account, trail = mistaken
    event = trail.find(refusals_of(account.login))
    assert event is not None, f"Aucune ligne du journal ne parle du refus de {account.login}"
    told = event["Authentication"]
    preuves.note(f"{account.login} refusé depuis {told['remoteAddress']} : {told['status']}.")
    asker = str(platform.site.host(ADMINISTRATION).address)
    assert asker in told["remoteAddress"], f"Origine — Obtenu : {told['remoteAddress']} — Attendu : {asker}"
    assert told["status"] == "NT_STATUS_WRONG_PASSWORD", f"Motif — Obtenu : {told['status']}"


@then("aucun mot de passe ne se lit dans le journal")
def log_holds_no_password(mistaken: tuple[Account, AuditTrail], personnel: People, preuves: Recorder) -> None:
    account, trail = mistaken
    text = trail.text()
    preuves.measure("lignes de journal lues", len(text.splitlines()), "lignes", "≥ 1", bool(text))
    assert personnel.password(account) not in text, "Le mot de passe se lit dans le journal"
    assert WRONG not in text, "Le mot de passe essayé se lit dans le journal"
