"""What is said of the accounts, the protocols, the log and the replication, from answers kept here."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from recette.errors import Inconclusive
from recette.probes.agents import resolve
from recette.probes.directory import Answer, Entry
from recette.probes.tls import Endpoint, Handshake, Version
from recette.trials import auditing, replication
from recette.trials.checklist import DECLARED, EPOCH, Checklist
from recette.trials.names import wire
from recette.trials.passwords import CONSTRAINT, Choice
from recette.trials.protocols import Demand, granted, unproven

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def account(name: str, flags: int, rid: int = 1100, age_days: float = 10, **others: str) -> Entry:
    ticks = int((NOW - timedelta(days=age_days) - EPOCH).total_seconds() * 10**7)
    held = {
        "sAMAccountName": name,
        "userAccountControl": str(flags),
        "objectSid": "010500000000000515000000" + "00" * 12 + rid.to_bytes(4, "little").hex(),
        "pwdLastSet": str(ticks),
        **others,
    }
    return Entry(f"CN={name},DC=site", {key: (value,) for key, value in held.items()})


def group(name: str, *members: str) -> Entry:
    return Entry(
        f"CN={name},DC=site", {"sAMAccountName": (name,), "member": tuple(f"CN={one},DC=site" for one in members)}
    )


def checklist(*accounts: Entry, **changed: tuple[str, ...]) -> Checklist:
    held = {name: tuple(members) for name, members in DECLARED.items()} | {
        name.replace("_", " "): members for name, members in changed.items()
    }
    everybody = (account("Administrator", 512, 500, adminCount="1"), account("krbtgt", 514, 502, 40), *accounts)
    return Checklist(everybody, {name: group(name, *members) for name, members in held.items()}, 0, NOW)


@pytest.mark.parametrize(
    ("flags", "weakness"),
    [
        (0x220, "dispensé de mot de passe"),
        (0x280, "enregistré avec un mot de passe réversible"),
        (0x200200, "limité au chiffrement DES"),
        (0x400200, "dispensé de préauthentification Kerberos"),
        (0x80200, "délégué sans contrainte, contrôleurs exceptés"),
    ],
)
def test_a_weak_account_is_named(flags: int, weakness: str) -> None:
    assert checklist(account("jpetit", 512), account("faible", flags)).weak(weakness) == ["faible"]


def test_a_disabled_account_and_a_controller_are_no_weakness() -> None:
    found = checklist(account("Guest", 0x222, 501), account("DC1$", 0x82000))
    assert not found.weak("dispensé de mot de passe")
    assert not found.weak("délégué sans contrainte, contrôleurs exceptés")
    assert not found.weak("invité et actif")


def test_an_active_guest_and_a_former_administrator_are_named() -> None:
    found = checklist(account("Guest", 0x220, 501), account("ancien", 512, adminCount="1"))
    assert found.weak("invité et actif") == ["Guest"]
    assert found.weak("privilégié par un ancien groupe (adminCount)") == ["ancien"]


def test_privileged_groups_count_their_declared_members() -> None:
    assert not checklist().unexpected()
    assert checklist(account("intrus", 512), Domain_Admins=("Administrator", "intrus")).unexpected() == [
        "Domain Admins — Obtenu : Administrator, intrus — Attendu : Administrator"
    ]


def test_privileges_are_inherited_through_groups() -> None:
    found = checklist(account("intrus", 512), Backup_Operators=("Enterprise Admins",))
    assert [one.first("sAMAccountName") for one in found.privileged()] == ["Administrator"]


def test_the_age_of_a_password_is_in_days() -> None:
    found = checklist(account("jamais", 512, pwdLastSet="0"))
    assert found.age_days(found.krbtgt()) == pytest.approx(40)
    with pytest.raises(Inconclusive, match="jamais"):
        found.age_days(found.accounts[-1])


def test_a_password_is_refused_for_its_defect_only() -> None:
    def choice(message: str, code: int = CONSTRAINT) -> bool:
        return Choice(None, "trop court", Answer(code, "x", message, ())).refused_for_its_defect  # type: ignore[arg-type] # not read

    assert choice("0000052D: check_password_restrictions: the password is too short. It should be 12 characters!")
    assert not choice("0000052D: check_password_restrictions: the password does not meet the complexity criteria!")
    assert not choice("too short", code=0)


def test_a_demand_is_judged_with_its_witness() -> None:
    right = Demand("dc1", granted=False, said="refus", witnessed=True, proof="session ouverte")
    wrong = Demand("dc2", granted=True, said="session ouverte", witnessed=False, proof="NT_STATUS_LOGON_FAILURE")
    assert granted([right, wrong]) == ["dc2 — Obtenu : session ouverte — Attendu : un refus"]
    assert unproven([right, wrong]) == ["dc2 — Obtenu : NT_STATUS_LOGON_FAILURE — Attendu : acceptée"]


def handshake(version: str, cipher: str, reason: str = "") -> Handshake:
    return Handshake(Endpoint("192.0.2.1", 636, "dc1"), Version.TLS_1_1, version, cipher, 90.0, reason, reason)


def test_only_the_server_refuses() -> None:
    assert handshake("", "", "TLSV1_ALERT_PROTOCOL_VERSION").refused
    assert handshake("", "", "UNEXPECTED_EOF_WHILE_READING").refused
    assert not handshake("", "", "NO_PROTOCOLS_AVAILABLE").refused
    assert not handshake("", "", "TimeoutError").refused


def test_suites_are_judged_by_their_exchange_and_their_cipher() -> None:
    best, good, weak = (
        handshake("TLSv1.3", "TLS_AES_256_GCM_SHA384"),
        handshake("TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256"),
        handshake("TLSv1.2", "AES128-SHA"),
    )
    assert [one.forward_secret and one.authenticated for one in (best, good, weak)] == [True, True, False]


def test_a_security_identifier_is_written_as_people_do() -> None:
    raw = "010500000000000515000000" + "010000000200000003000000" + "f4010000"
    assert auditing.sid(raw) == "S-1-5-21-1-2-3-500"


CHANGE: dict[str, Any] = {
    "timestamp": "2026-11-23T08:00:00.000000+0100",
    "dsdbChange": {
        "dn": "CN=jpetit,OU=Personnel,DC=site",
        "performedAsSystem": False,
        "userSid": "S-1-5-21-1-2-3-500",
        "attributes": {"description": {"actions": [{"action": "replace", "values": [{"value": "neuf"}]}]}},
    },
}


def test_a_change_is_found_by_its_object_and_tells_its_author_and_value() -> None:
    wanted = auditing.changes_of("cn=JPETIT,ou=personnel,dc=site")
    assert wanted(CHANGE)
    assert not wanted({"dsdbChange": {**CHANGE["dsdbChange"], "performedAsSystem": True}})
    assert auditing.author(CHANGE) == "S-1-5-21-1-2-3-500"
    assert auditing.written(CHANGE, "description") == ["neuf"]
    assert not auditing.written(CHANGE, "mail")


def test_a_refused_log_on_is_found_by_its_account() -> None:
    wanted = auditing.refusals_of("jpetit")
    told = {"clientAccount": "JPetit@ad.site.example", "mappedAccount": None, "status": "NT_STATUS_WRONG_PASSWORD"}
    assert wanted({"Authentication": told})
    assert not wanted({"Authentication": {**told, "status": "NT_STATUS_OK"}})
    assert not wanted(CHANGE)


SHOWN = {
    "repsFrom": [
        {"DSA": "Default-First-Site-Name\\DC2", "NC dn": "DC=site", "consecutive failures": 0,
         "last attempt message": "was successful", "is deleted": False},
        {"DSA": "Default-First-Site-Name\\DC2", "NC dn": "CN=Configuration,DC=site", "consecutive failures": 3,
         "last attempt message": "failed, result 8457", "is deleted": False},
        # Of a controller that another machine has replaced: it has no name left.
        {"NC dn": "DC=site", "consecutive failures": 0, "last attempt message": "was successful", "is deleted": True},
    ]
}  # fmt: skip


def test_a_partition_never_taken_or_in_failure_is_named() -> None:
    servers = [type("Server", (), {"name": name})() for name in ("dc1", "dc2")]
    found = list(replication.parse("dc1", SHOWN))
    lines = replication.broken(found, servers, ["DC=site", "CN=Configuration,DC=site"])
    assert lines == [
        "dc1 depuis dc2, CN=Configuration,DC=site : 3 échecs (failed, result 8457)",
        "dc2 ne prend pas DC=site de dc1",
        "dc2 ne prend pas CN=Configuration,DC=site de dc1",
    ]


def test_a_name_is_looked_for_as_it_travels() -> None:
    assert wire("FSB.Site") == b"\x03fsb\x04site"


def test_an_answer_of_a_resolver_is_read_through_its_pointers() -> None:
    question = b"\x03dc1\x04site\x00" + struct.pack(">HH", 1, 1)
    record = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 900, 4) + bytes([10, 0, 0, 11])
    alias = b"\xc0\x0c" + struct.pack(">HHIH", 5, 1, 900, 2) + b"\xc0\x10"
    answer = struct.pack(">6H", 7, 0x8580, 1, 2, 0, 0) + question + alias + record
    assert resolve.read(answer) == {"code": 0, "addresses": ["10.0.0.11"], "authoritative": True}
    assert resolve.read(struct.pack(">6H", 7, 0x8183, 1, 0, 0, 0) + question)["code"] == 3
