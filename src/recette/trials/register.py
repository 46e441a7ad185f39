"""The directory compared with the personnel file: what each account and each group must be, and is not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from recette.errors import Inconclusive
from recette.personnel import Account
from recette.probes.directory import Directory, Entry
from recette.site import Host

STAFF, LEAVERS = "OU=Personnel,", "OU=Partis,"
ATTRIBUTES = (
    "sAMAccountName",
    "userPrincipalName",
    "mail",
    "employeeID",
    "displayName",
    "givenName",
    "sn",
    "physicalDeliveryOfficeName",
    "title",
    "department",
    "userAccountControl",
    "memberOf",
    "pwdLastSet",
)
GROUP_KINDS = ("batiment-", "metier-", "acces-")


@dataclass(frozen=True)
class Register:
    """Both sides of the comparison, and the differences as sentences. `entries` are by matricule."""

    people: tuple[Account, ...]
    entries: Mapping[str, Entry]
    groups: Mapping[str, frozenset[str]]
    """Members of each group, by lower-case DN."""
    realm: str
    mail_domain: str

    def absent(self) -> list[str]:
        """Employees without an active account."""
        return [
            f"{one.matricule} {one.display_name} — Obtenu : {self._state(one)} — Attendu : un compte actif"
            for one in self.people
            if one.active and self._state(one) != "un compte actif"
        ]

    def active(self) -> int:
        """How many active employees have an active account."""
        return sum(one.active and self._state(one) == "un compte actif" for one in self.people)

    def strangers(self) -> list[str]:
        """Active accounts of people whom the file does not know."""
        known = {one.matricule for one in self.people}
        return [entry.dn for number, entry in self.entries.items() if number not in known and not entry.disabled]

    def wrong(self) -> list[str]:
        """Attributes of active accounts that are not those of the file."""
        return [
            f"{one.login} : {name} — Obtenu : {found or 'rien'} — Attendu : {wanted}"
            for one in self.people
            if one.active and one.matricule in self.entries
            for name, wanted in self.expected(one).items()
            if (found := self.entries[one.matricule].first(name)) != wanted
        ]

    def expected(self, one: Account) -> dict[str, str]:
        """What the directory must hold of an active employee."""
        return {
            "sAMAccountName": one.login,
            "userPrincipalName": f"{one.login}@{self.realm}",
            "mail": f"{one.local_part}@{self.mail_domain}",
            "displayName": one.display_name,
            "givenName": one.given_name,
            "sn": one.family_name,
            "physicalDeliveryOfficeName": one.building,
            "department": one.trade,
        }

    def misplaced(self) -> list[str]:
        """Differences of membership, group by group, both ways."""
        wanted: dict[str, set[str]] = {name: set() for name in self.groups}
        for one in self.people:
            for group in one.groups:
                wanted.setdefault(group, set()).add(one.matricule)
        numbers = {entry.dn.lower(): number for number, entry in self.entries.items()}
        lines = []
        for name in sorted(wanted):
            found = {numbers.get(member, member) for member in self.groups.get(name, frozenset())}
            lines += [f"{name} : {one} manque" for one in sorted(wanted[name] - found)]
            lines += [f"{name} : {one} est de trop" for one in sorted(found - wanted[name])]
        return lines

    def homonyms(self) -> list[str]:
        """Logins or addresses that two accounts share."""
        lines = []
        for name in ("sAMAccountName", "userPrincipalName", "mail"):
            counted = Counter(entry.first(name).lower() for entry in self.entries.values() if entry.first(name))
            lines += [f"{name} {value} : {count} comptes" for value, count in counted.items() if count > 1]
        return lines

    def namesakes(self) -> int:
        """How many employees share their first and last names with another one."""
        counted = Counter((one.given_name, one.family_name) for one in self.people)
        return sum(count for count in counted.values() if count > 1)

    def lingering(self) -> list[str]:
        """What leavers still have."""
        lines = []
        for one in self.people:
            entry = self.entries.get(one.matricule)
            if one.active or entry is None:
                continue
            held = [name for name in entry.all("memberOf") if "OU=Groupes," in name]
            lines += [f"{one.login} : compte actif"] * (not entry.disabled)
            lines += [f"{one.login} : hors de {LEAVERS.strip(',')}"] * (LEAVERS not in entry.dn)
            lines += [f"{one.login} : membre de {', '.join(held)}"] * bool(held)
        return lines

    def _state(self, one: Account) -> str:
        entry = self.entries.get(one.matricule)
        if entry is None:
            return "aucun compte"
        if entry.disabled:
            return "un compte désactivé"
        return "un compte actif" if STAFF in entry.dn else f"un compte rangé ailleurs ({entry.dn})"


def compare(directory: Directory, people: Sequence[Account], server: Host | None = None) -> Register:
    """Read every employee's account and every group, on the first server by default.

    Inconclusive if the directory does not answer, or holds none.
    """
    base = directory.base
    entries = directory.search("(&(objectCategory=person)(employeeID=*))", ATTRIBUTES, base=base, server=server)
    groups = directory.search("(objectClass=group)", ("sAMAccountName", "member"), base=base, server=server)
    if not entries or not groups:
        raise Inconclusive(f"L'annuaire ne contient ni compte ni groupe sous {directory.base}")
    return Register(
        tuple(people),
        {entry.first("employeeID"): entry for entry in entries},
        {
            group.first("sAMAccountName"): frozenset(member.lower() for member in group.all("member"))
            for group in groups
            if group.first("sAMAccountName").startswith(GROUP_KINDS)
        },
        directory.realm.lower(),
        str(directory.site.variables["site_mail_domain"]),
    )


def changes(before: Register, after: Register, ignored: Iterable[str] = ()) -> list[str]:
    """Accounts that are not what they were, by matricule; `ignored` are those that had to change."""
    left_out = set(ignored)
    numbers = sorted((set(before.entries) | set(after.entries)) - left_out)
    return [
        f"{number} — Obtenu : {_shown(after.entries.get(number))} — Attendu : {_shown(before.entries.get(number))}"
        for number in numbers
        if _content(before.entries.get(number)) != _content(after.entries.get(number))
    ]


def _content(entry: Entry | None) -> object:
    if entry is None:
        return None
    return entry.dn, {name: frozenset(values) for name, values in entry.attributes.items()}


def _shown(entry: Entry | None) -> str:
    return "aucun compte" if entry is None else f"{entry.dn} ({entry.first('userAccountControl')})"
