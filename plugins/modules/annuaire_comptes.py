#!/usr/bin/python3
"""Bring the people, groups and service accounts of a directory to what is declared."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: annuaire_comptes
short_description: Load the people of a site into its directory
description:
  - Creates the accounts that are missing and gives the others the attributes and groups that are declared; disables who
    has left and moves him to OU=Partis; brings back who has returned. An account is known by its matricule.
  - Never changes the password of an account that exists, never enables one that was disabled by hand, and never
    touches an account that is not declared. These last two are named in warnings.
  - Writes through the service of the controller when it runs, so that its audit log tells the changes; otherwise into
    its database, in one transaction.
options:
  root: {description: "Name of the organisational unit that holds everything.", type: str, required: true}
  realm: {description: Realm of the domain., type: str, required: true}
  mail_domain: {description: Domain of the mail addresses., type: str, required: true}
  direct_prefix:
    description: Direct numbers as they are written, up to the extension; empty where nobody has one.
    type: str
    default: ""
  people:
    description: "JSON text: accounts (with their initial passwords), groups, refusals (lines that were refused)."
    type: json
    required: true
  services:
    description: Service accounts.
    type: list
    elements: dict
    required: true
    options:
      name: {description: Login., type: str, required: true}
      description: {description: What it serves for., type: str, required: true}
      password: {description: Initial password., type: str, required: true}
      joins_hosts: {description: Whether it may join hosts to the domain., type: bool, default: false}
      mail: {description: Local part of the address that it may send as; none if empty., type: str, default: ""}
author: [recette]
"""

EXAMPLES = r"""
- name: Load the accounts
  annuaire_comptes:
    root: CENEXIS
    realm: AD.CENEXIS.EXAMPLE
    mail_domain: cenexis.example
    people: "{{ lookup('recette_comptes', 'personnel.csv', buildings=['b25-labo']) }}"
    services: []
"""

RETURN = r"""
created: {description: Logins of the accounts that were created., type: list, returned: always}
changed_accounts: {description: Logins whose attributes were put right., type: list, returned: always}
moved: {description: Logins whose building or trade has changed., type: list, returned: always}
disabled: {description: Logins of those who have left., type: list, returned: always}
returned: {description: Logins of those who have come back., type: list, returned: always}
groups: {description: "Groups created (name) and members set right (name + login, name - login).", type: list,
         returned: always}
refused: {description: Lines of the file and accounts that were left alone., type: list, returned: always}
"""

import json  # noqa: E402 - Ansible wants the documentation first
import socket  # noqa: E402
from typing import Any  # noqa: E402

from ansible.module_utils.annuaire import PRIVATE, open_database  # noqa: E402
from ansible.module_utils.basic import AnsibleModule  # noqa: E402

SOCKET = PRIVATE / "ldap_priv/ldapi"
UNITS = ("Personnel", "Groupes", "Services", "Partis")
DISABLED, NORMAL, NEVER_EXPIRES = 0x2, 0x200, 0x10000
"""Bits of userAccountControl."""
SECURITY_GROUP = "-2147483646"
"""Global security group, as a signed number."""
COMPUTER = "bf967a86-0de6-11d0-a285-00aa003049e2"
JOINING = ("(OA;CI;CCDC;{0};;{1})", "(OA;CIIO;CCDCLCSWRPWPDTLOCRSDRCWDWO;;{0};{1})")
"""Rights on the container of computers: create and delete them, and everything on those below."""
LISTS = ("created", "changed_accounts", "moved", "disabled", "returned", "groups")


class Directory:
    """Read in the database of this controller; written there, or through its service when it runs."""

    def __init__(self, *, check: bool) -> None:
        from samba.credentials import Credentials
        from samba.samdb import SamDB

        self.database = open_database()
        self.writer, self.check, self.live = self.database, check, serves()
        if self.live:
            nobody = Credentials()
            nobody.set_anonymous()
            url = f"ldapi://{str(SOCKET).replace('/', '%2F')}"
            self.writer = SamDB(url=url, credentials=nobody, lp=self.database.lp)

    def search(self, base: str, expression: str, attributes: list[str]) -> list[Any]:
        """Objects below a base that need not exist."""
        import ldb

        try:
            return list(self.database.search(base, expression=expression, attrs=attributes))
        except ldb.LdbError as error:
            if error.args[0] != ldb.ERR_NO_SUCH_OBJECT:
                raise
            return []

    def add(self, dn: str, attributes: dict[str, Any]) -> None:
        """Create an object."""
        if not self.check:
            self.writer.add({"dn": dn, **attributes})

    def replace(self, dn: str, attributes: dict[str, str]) -> None:
        """Give attributes other values."""
        import ldb

        message = ldb.Message(ldb.Dn(self.writer, dn))
        for name, value in attributes.items():
            message[name] = ldb.MessageElement(value, ldb.FLAG_MOD_REPLACE, name)
        if not self.check:
            self.writer.modify(message)

    def move(self, old: str, new: str) -> None:
        """Rename an object, or move it elsewhere."""
        if not self.check:
            self.writer.rename(old, new)

    def members(self, dn: str, come: list[str], gone: list[str]) -> None:
        """Add members to a group and remove others, all at once."""
        import ldb

        message = ldb.Message(ldb.Dn(self.writer, dn))
        if come:
            message["come"] = ldb.MessageElement(come, ldb.FLAG_MOD_ADD, "member")
        if gone:
            message["gone"] = ldb.MessageElement(gone, ldb.FLAG_MOD_DELETE, "member")
        if not self.check:
            self.writer.modify(message)


def serves() -> bool:
    """Whether the service of this controller answers on its privileged socket."""
    with socket.socket(socket.AF_UNIX) as attempt:
        return attempt.connect_ex(str(SOCKET)) == 0


def password(text: str) -> bytes:
    """A password as the attribute unicodePwd wants it."""
    return f'"{text}"'.encode("utf-16-le")


class Load:
    """Compares what is declared with what the directory holds, and changes what differs."""

    def __init__(self, directory: Directory, parameters: dict[str, Any]) -> None:
        self.directory = directory
        self.realm, self.mail_domain = parameters["realm"].lower(), parameters["mail_domain"]
        self.direct_prefix = parameters["direct_prefix"]
        self.root = f"OU={parameters['root']},{directory.database.domain_dn()}"
        self.done: dict[str, list[str]] = {name: [] for name in LISTS}
        self.warnings: list[str] = []
        self.left_alone: set[str] = set()

    def units(self) -> None:
        """Create the organisational units."""
        known = {
            str(found.dn).lower() for found in self.directory.search(self.root, "(objectClass=organizationalUnit)", [])
        }
        for dn in [self.root, *[f"OU={name},{self.root}" for name in UNITS]]:
            if dn.lower() not in known:
                self.directory.add(dn, {"objectClass": "organizationalUnit"})
                self.done["groups"].append(dn)

    def services(self, declared: list[dict[str, Any]]) -> None:
        """Create the service accounts, whose passwords do not expire, and give their rights."""
        base = f"OU=Services,{self.root}"
        known = {
            str(found["cn"]): found
            for found in self.directory.search(base, "(objectClass=user)", ["cn", "description", "mail"])
        }
        for service in declared:
            name = service["name"]
            told = {"description": service["description"]}
            if service["mail"]:
                told["mail"] = f"{service['mail']}@{self.mail_domain}"
            dn = f"CN={name},{base}"
            if name not in known:
                control = str(NORMAL | NEVER_EXPIRES)
                self.directory.add(
                    dn,
                    {
                        "objectClass": "user",
                        "sAMAccountName": name,
                        "userPrincipalName": f"{name}@{self.realm}",
                        **told,
                        "userAccountControl": control,
                        "unicodePwd": password(service["password"]),
                    },
                )
                self.done["created"].append(name)
            elif any(str(known[name].get(attribute)) != value for attribute, value in told.items()):
                self.directory.replace(dn, told)
                self.done["changed_accounts"].append(name)
            if service["joins_hosts"]:
                self.let_join(dn, name)

    def let_join(self, dn: str, name: str) -> None:
        """Let an account create the computers of the domain."""
        import ldb
        from samba.dcerpc import security
        from samba.ndr import ndr_pack, ndr_unpack

        found = self.directory.search(dn, "(objectClass=user)", ["objectSid"])
        if not found:
            return
        database = self.directory.database
        sid = str(ndr_unpack(security.dom_sid, found[0]["objectSid"][0]))
        container = database.get_wellknown_dn(database.get_default_basedn(), "aa312825768811d1aded00c04fd8d5cd")
        (holder,) = database.search(container, scope=ldb.SCOPE_BASE, attrs=["nTSecurityDescriptor"])
        domain = security.dom_sid(database.get_domain_sid())
        text = ndr_unpack(security.descriptor, holder["nTSecurityDescriptor"][0]).as_sddl(domain)
        missing = [entry for entry in (form.format(COMPUTER, sid) for form in JOINING) if entry not in text]
        if missing:
            head, _, entries = text.partition("(")
            descriptor = security.descriptor.from_sddl(f"{head}{''.join(missing)}({entries}", domain)
            message = ldb.Message(holder.dn)
            message["sd"] = ldb.MessageElement(ndr_pack(descriptor), ldb.FLAG_MOD_REPLACE, "nTSecurityDescriptor")
            if not self.directory.check:
                database.modify(message)
            self.done["changed_accounts"].append(f"{name} may join hosts")

    def attributes(self, account: dict[str, Any]) -> dict[str, str]:
        """What the directory says of an account, but its rights and its password."""
        return {
            "sAMAccountName": account["login"],
            "userPrincipalName": f"{account['login']}@{self.realm}",
            "mail": f"{account['local_part']}@{self.mail_domain}",
            "employeeID": account["matricule"],
            "displayName": account["display_name"],
            "givenName": account["given_name"],
            "sn": account["family_name"],
            "physicalDeliveryOfficeName": account["building"],
            "title": account["trade"],
            "department": account["trade"],
            **self.telephone(account),
        }

    def telephone(self, account: dict[str, Any]) -> dict[str, str]:
        """Extension and direct number of an account; a leaver keeps them, since nobody else is ever given his."""
        extension = account["extension"]
        if not extension or not self.direct_prefix:
            return {}
        return {"ipPhone": extension, "telephoneNumber": f"{self.direct_prefix} {extension}"}

    def dn(self, account: dict[str, Any]) -> str:
        """Where the account of someone present, or of a leaver, stands."""
        return f"CN={account['login']},OU={'Personnel' if account['active'] else 'Partis'},{self.root}"

    def accounts(self, declared: list[dict[str, Any]]) -> None:
        """Create, put right, disable, bring back."""
        names = [*self.attributes(declared[0]), "userAccountControl"] if declared else []
        found = {
            str(entry["employeeID"]): entry
            for entry in self.directory.search(self.root, "(&(objectClass=user)(employeeID=*))", names)
        }
        owners = {str(entry["sAMAccountName"]).lower(): number for number, entry in found.items()}
        for account in declared:
            entry = found.get(account["matricule"])
            if owners.get(account["login"], account["matricule"]) != account["matricule"]:
                self.warnings.append(
                    f"{account['login']}: matricule {owners[account['login']]} has this login, {account['matricule']}"
                    " was left alone; has the file lost a leaver?"
                )
                account["groups"] = []
                self.left_alone |= {str(entry.dn).lower()} if entry else set()
            elif entry is None:
                self.create(account)
            else:
                self.put_right(account, entry)
        for number in found.keys() - {account["matricule"] for account in declared}:
            self.left_alone.add(str(found[number].dn).lower())
            login = found[number]["sAMAccountName"]
            self.warnings.append(f"{login}: matricule {number} is not in the file, the account was left alone")

    def create(self, account: dict[str, Any]) -> None:
        """Create an account with its initial password; a leaver's is disabled from the start."""
        control = NORMAL if account["active"] else NORMAL | DISABLED
        self.directory.add(
            self.dn(account),
            {
                "objectClass": "user",
                **self.attributes(account),
                "userAccountControl": str(control),
                "unicodePwd": password(account["password"]),
            },
        )
        self.done["created"].append(account["login"])

    def put_right(self, account: dict[str, Any], entry: Any) -> None:
        """Give an account its attributes, its state and its place."""
        login = account["login"]
        differing = {
            name: value
            for name, value in self.attributes(account).items()
            if name not in entry or str(entry[name]) != value
        }
        control, place = int(str(entry["userAccountControl"])), str(entry.dn)
        departed = f",ou=partis,{self.root}".lower() in place.lower()
        if not account["active"] and not control & DISABLED:
            differing["userAccountControl"] = str(control | DISABLED)
            self.done["disabled"].append(login)
        elif account["active"] and departed:
            differing["userAccountControl"] = str(control & ~DISABLED)
            self.done["returned"].append(login)
        elif account["active"] and control & DISABLED:
            self.warnings.append(f"{login}: disabled by hand, the account was left so")
        if differing.keys() & {"title", "physicalDeliveryOfficeName"}:
            self.done["moved"].append(login)
        elif differing.keys() - {"userAccountControl"} or (place.lower() != self.dn(account).lower() and not differing):
            self.done["changed_accounts"].append(login)
        if differing:
            self.directory.replace(place, differing)
        if place.lower() != self.dn(account).lower():
            self.directory.move(place, self.dn(account))

    def groups(self, names: list[str], declared: list[dict[str, Any]]) -> None:
        """Create the groups, and give each one its members and no others but accounts that were left alone."""
        base = f"OU=Groupes,{self.root}"
        known = {
            str(entry["cn"]): entry
            for entry in self.directory.search(base, "(objectClass=group)", ["cn", "mail", "member"])
        }
        for name in names:
            dn, mail = f"CN={name},{base}", f"{name}@{self.mail_domain}"
            entry = known.get(name)
            if entry is None:
                kind = {"objectClass": "group", "sAMAccountName": name, "groupType": SECURITY_GROUP, "mail": mail}
                self.directory.add(dn, kind)
                self.done["groups"].append(name)
            elif str(entry.get("mail")) != mail:
                self.directory.replace(dn, {"mail": mail})
                self.done["groups"].append(f"{name} mail")
            present = {str(member).lower(): str(member) for member in (entry.get("member") or [])} if entry else {}
            wanted = {self.dn(account).lower(): self.dn(account) for account in declared if name in account["groups"]}
            come = [wanted[key] for key in wanted if key not in present]
            gone = [present[key] for key in present if key not in wanted and key not in self.left_alone]
            if come or gone:
                self.directory.members(dn, come, gone)
            if entry is not None:
                self.done["groups"] += [f"{name} + {common_name(each)}" for each in come]
                self.done["groups"] += [f"{name} - {common_name(each)}" for each in gone]


def common_name(dn: str) -> str:
    """The first name of a DN."""
    return dn.split(",", maxsplit=1)[0].split("=")[1]


def load(directory: Directory, parameters: dict[str, Any]) -> Load:
    """Load everything, in one transaction where the database is written."""
    people, work = json.loads(parameters["people"]), Load(directory, parameters)
    if not directory.live:
        directory.database.transaction_start()
    try:
        work.units()
        work.services(parameters["services"])
        work.accounts(people["accounts"])
        work.groups(people["groups"], people["accounts"])
    except BaseException:
        if not directory.live:
            directory.database.transaction_cancel()
        raise
    if not directory.live:
        directory.database.transaction_commit()
    work.warnings[:0] = people["refusals"]
    return work


def main() -> None:
    """Load, or say what would be."""
    service = {
        "name": {"type": "str", "required": True},
        "description": {"type": "str", "required": True},
        "password": {"type": "str", "required": True, "no_log": True},
        "joins_hosts": {"type": "bool", "default": False},
        "mail": {"type": "str", "default": ""},
    }
    module = AnsibleModule(
        argument_spec={
            "root": {"type": "str", "required": True},
            "realm": {"type": "str", "required": True},
            "mail_domain": {"type": "str", "required": True},
            "direct_prefix": {"type": "str", "default": ""},
            "people": {"type": "json", "required": True, "no_log": True},
            "services": {"type": "list", "elements": "dict", "required": True, "options": service},
        },
        supports_check_mode=True,
    )
    if not (PRIVATE / "sam.ldb").exists():
        module.exit_json(changed=True, refused=[], **{name: [] for name in LISTS})
    work = load(Directory(check=module.check_mode), module.params)
    for warning in work.warnings:
        module.warn(warning)
    module.exit_json(changed=any(work.done.values()), refused=work.warnings, **work.done)


if __name__ == "__main__":
    main()
