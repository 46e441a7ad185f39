"""Points of control of an Active Directory that ANSSI publishes, for those that a Samba directory can fail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from recette.errors import Inconclusive
from recette.probes.directory import Directory, Entry

ENABLED_ONLY_FLAGS = {
    "dispensé de mot de passe": 0x20,
    "enregistré avec un mot de passe réversible": 0x80,
    "limité au chiffrement DES": 0x200000,
    "dispensé de préauthentification Kerberos": 0x400000,
}
"""Words of the feature -> bit of userAccountControl that no active account may have."""
DELEGATED, SERVER = 0x80000, 0x2000
GUEST_RID, KRBTGT_RID = 501, 502
EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
"""Instants of the directory count in tenths of microseconds from there."""

DECLARED: Mapping[str, frozenset[str]] = {
    "Administrators": frozenset({"Administrator", "Domain Admins", "Enterprise Admins"}),
    "Domain Admins": frozenset({"Administrator"}),
    "Enterprise Admins": frozenset({"Administrator"}),
    "Schema Admins": frozenset({"Administrator"}),
    "Group Policy Creator Owners": frozenset({"Administrator"}),
    "Account Operators": frozenset(),
    "Server Operators": frozenset(),
    "Print Operators": frozenset(),
    "Backup Operators": frozenset(),
    "DnsAdmins": frozenset(),
}
"""Members of each privileged group: those of a new domain, for administrators are made through delegated groups."""


@dataclass(frozen=True)
class Checklist:
    """Every account and group, by name, and the quota of the domain."""

    accounts: tuple[Entry, ...]
    groups: Mapping[str, Entry]
    quota: int
    now: datetime

    def weak(self, weakness: str) -> list[str]:
        """Accounts that have this weakness. KeyError for words that mean nothing."""
        return [one.first("sAMAccountName") for one in self.accounts if self._has(one, weakness)]

    def unexpected(self) -> list[str]:
        """Members of privileged groups who are not declared, and declared ones who are missing."""
        lines = []
        for name, declared in DECLARED.items():
            if name not in self.groups:
                lines.append(f"{name} — Obtenu : groupe absent de l'annuaire")
                continue
            found = self.members(name)
            if found != declared:
                lines.append(
                    f"{name} — Obtenu : {', '.join(sorted(found)) or 'personne'}"
                    f" — Attendu : {', '.join(sorted(declared)) or 'personne'}"
                )
        return lines

    def members(self, group: str) -> frozenset[str]:
        """Direct members of a group, by account name."""
        named = {one.dn.lower(): one.first("sAMAccountName") for one in (*self.accounts, *self.groups.values())}
        return frozenset(named.get(dn.lower(), dn) for dn in self.groups[group].all("member"))

    def privileged(self) -> list[Entry]:
        """Accounts that a privileged group counts, directly or not."""
        names: set[str] = set()
        waiting = [name for name in DECLARED if name in self.groups]
        seen: set[str] = set()
        while waiting:
            group = waiting.pop()
            if group in self.groups and group not in seen:
                seen.add(group)
                found = self.members(group)
                names |= found
                waiting += found
        return [one for one in self.accounts if one.first("sAMAccountName") in names]

    def krbtgt(self) -> Entry:
        """The account whose password signs every ticket."""
        return next(one for one in self.accounts if _rid(one) == KRBTGT_RID)

    def age_days(self, account: Entry) -> float:
        """Age of the password, in days. Inconclusive if it was never set."""
        ticks = account.number("pwdLastSet")
        if not ticks:
            raise Inconclusive(f"{account.first('sAMAccountName')} : date du mot de passe inconnue")
        return (self.now - EPOCH - timedelta(microseconds=ticks / 10)).total_seconds() / 86400

    def _has(self, one: Entry, weakness: str) -> bool:
        flags = one.number("userAccountControl")
        if weakness in ENABLED_ONLY_FLAGS:
            return not one.disabled and bool(flags & ENABLED_ONLY_FLAGS[weakness])
        return {
            "délégué sans contrainte, contrôleurs exceptés": bool(flags & DELEGATED) and not flags & SERVER,
            "privilégié par un ancien groupe (adminCount)": self._was_privileged(one),
            "invité et actif": _rid(one) == GUEST_RID and not one.disabled,
        }[weakness]

    def _was_privileged(self, one: Entry) -> bool:
        present = one in self.privileged() or _rid(one) == KRBTGT_RID
        return one.first("adminCount") == "1" and not present


def audit(directory: Directory, now: datetime) -> Checklist:
    """Read every account and every group of the domain. Inconclusive if the directory does not answer."""
    named = ("sAMAccountName", "objectSid", "userAccountControl", "pwdLastSet", "adminCount")
    accounts = directory.search("(objectClass=user)", named)
    groups = directory.search("(objectClass=group)", ("sAMAccountName", "member"))
    (domain,) = directory.search("(objectClass=domainDNS)", ("ms-DS-MachineAccountQuota",))
    if not accounts or not groups:
        raise Inconclusive("L'annuaire ne contient ni compte ni groupe")
    quota = domain.number("ms-DS-MachineAccountQuota")
    return Checklist(accounts, {group.first("sAMAccountName"): group for group in groups}, quota, now)


def _rid(account: Entry) -> int:
    """Last part of the security identifier: 4 bytes, the smallest first."""
    return int.from_bytes(bytes.fromhex(account.first("objectSid"))[-4:], "little")
