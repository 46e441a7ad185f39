#!/usr/bin/python3
"""Set what a directory holds beside its people: password policy, quotas, names of the site."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: annuaire_reglages
short_description: Password policy and DNS zones of an Active Directory domain
description:
  - Sets the password and lockout policy, forbids everybody but the chosen accounts to join hosts, refuses anonymous
    reading, gives the privileged groups the members of a new domain and no others, takes from accounts the flags that
    weaken them, keeps the address records of the site's own zones as they are declared, and those by which clients
    find the controllers.
  - Works in the database of a controller, whether its service runs or not.
options:
  policy:
    description: Password policy.
    type: dict
    required: true
    options:
      length: {description: Shortest password., type: int, required: true}
      history: {description: Former passwords that are refused., type: int, required: true}
      max_age_days: {description: Days after which a password expires; 0 for never., type: int, required: true}
      failures: {description: Wrong passwords after which an account is locked., type: int, required: true}
      minutes: {description: Minutes for which it is locked., type: int, required: true}
  zones:
    description: Zones of the site.
    type: list
    elements: dict
    required: true
    options:
      name: {description: Name of the zone., type: str, required: true}
      records:
        description: Names of the zone and their IPv4 addresses.
        type: list
        elements: dict
        required: true
        options:
          name: {description: Name within the zone., type: str, required: true}
          addresses: {description: Its addresses., type: list, elements: str, required: true}
  realm: {description: Realm of the domain., type: str, required: true}
  servers:
    description: Full names of the controllers, which serve the zones too.
    type: list
    elements: str
    required: true
author: [recette]
"""

EXAMPLES = r"""
- name: Set the policy and the names of the site
  annuaire_reglages:
    policy: {length: 12, history: 12, max_age_days: 365, failures: 5, minutes: 15}
    realm: AD.CENEXIS.EXAMPLE
    servers: [dc1.ad.cenexis.example, dc2.ad.cenexis.example]
    zones:
      - name: fsb.cenexis.example
        records:
          - {name: mail, addresses: [10.94.30.21, 10.94.30.22]}
"""

RETURN = r"""
changes:
  description: What was set, or would be in check mode.
  type: list
  returned: always
new_zones:
  description: Zones that were created; a running service answers for them after a restart only.
  type: list
  returned: always
"""

from typing import Any  # noqa: E402 - Ansible wants the documentation first

from ansible.module_utils.annuaire import PRIVATE, open_database  # noqa: E402
from ansible.module_utils.basic import AnsibleModule  # noqa: E402

MINUTE, DAY = 60 * 10**7, 86400 * 10**7
"""In the directory's unit, 100 ns; delays are negative."""
NEVER = -(2**63)
COMPLEX = 1
"""DOMAIN_PASSWORD_COMPLEX."""
ANONYMOUS = 6
"""Rank of the character of dSHeuristics that lets anonymous operations through when it is 2."""
TTL_S = 900
SERVICES = (
    ("_ldap._tcp", "", 389),
    ("_kerberos._tcp", "", 88),
    ("_kerberos._udp", "", 88),
    ("_kpasswd._tcp", "", 464),
    ("_kpasswd._udp", "", 464),
    ("_gc._tcp", "", 3268),
    ("_ldap._tcp.Default-First-Site-Name._sites", "", 389),
    ("_kerberos._tcp.Default-First-Site-Name._sites", "", 88),
    ("_gc._tcp.Default-First-Site-Name._sites", "", 3268),
    ("_ldap._tcp.dc", "_msdcs", 389),
    ("_kerberos._tcp.dc", "_msdcs", 88),
    ("_ldap._tcp.gc", "_msdcs", 3268),
    ("_ldap._tcp.{domain}.domains", "_msdcs", 389),
    ("_ldap._tcp.Default-First-Site-Name._sites.dc", "_msdcs", 389),
    ("_kerberos._tcp.Default-First-Site-Name._sites.dc", "_msdcs", 88),
    ("_ldap._tcp.Default-First-Site-Name._sites.gc", "_msdcs", 3268),
)
"""Names by which clients find the controllers: name, zone below the domain's, port."""

PRIVILEGED: dict[str, set[str]] = {
    "Administrators": {"Administrator", "Domain Admins", "Enterprise Admins"},
    "Domain Admins": {"Administrator"},
    "Enterprise Admins": {"Administrator"},
    "Schema Admins": {"Administrator"},
    "Group Policy Creator Owners": {"Administrator"},
    "Account Operators": set(),
    "Server Operators": set(),
    "Print Operators": set(),
    "Backup Operators": set(),
    "DnsAdmins": set(),
}
"""Members of the groups that can take the domain over: those of a new one."""
WEAK = 0x20 | 0x80 | 0x80000 | 0x200000 | 0x400000
"""Bits of userAccountControl: no password, reversible password, any delegation, DES, no preauthentication."""
CONTROLLER, DISABLED = 0x2000, 0x2


def wanted_policy(policy: dict[str, int]) -> dict[str, str]:
    """Attributes of the domain's head."""
    age = policy["max_age_days"]
    return {
        "minPwdLength": str(policy["length"]),
        "pwdProperties": str(COMPLEX),
        "pwdHistoryLength": str(policy["history"]),
        "minPwdAge": "0",
        "maxPwdAge": str(-age * DAY if age else NEVER),
        "lockoutThreshold": str(policy["failures"]),
        "lockoutDuration": str(-policy["minutes"] * MINUTE),
        "lockOutObservationWindow": str(-policy["minutes"] * MINUTE),
        # Only who was given the right may join hosts.
        "ms-DS-MachineAccountQuota": "0",
    }


class Directory:
    """The database of this controller, changed in one transaction."""

    def __init__(self) -> None:
        self.database = open_database()
        self.changes: list[str] = []
        self.new_zones: list[str] = []

    def set(self, dn: str, wanted: dict[str, str]) -> None:
        """Give an object these values."""
        import ldb

        (found,) = self.database.search(dn, scope=ldb.SCOPE_BASE, attrs=list(wanted))
        message = ldb.Message(found.dn)
        for name, value in wanted.items():
            if name not in found or str(found[name][0]) != value:
                message[name] = ldb.MessageElement(value, ldb.FLAG_MOD_REPLACE, name)
                self.changes.append(f"{name}={value}")
        if len(message):
            self.database.modify(message)

    def refuse_anonymous(self) -> None:
        """Take back the permission that anonymous operations may have been given."""
        import ldb

        dn = f"CN=Directory Service,CN=Windows NT,CN=Services,{self.database.get_config_basedn()}"
        (found,) = self.database.search(dn, scope=ldb.SCOPE_BASE, attrs=["dSHeuristics"])
        flags = str(found.get("dSHeuristics") or "")
        if flags[ANONYMOUS : ANONYMOUS + 1] == "2":
            self.set(dn, {"dSHeuristics": f"{flags[:ANONYMOUS]}0{flags[ANONYMOUS + 1 :]}"})

    def privileges(self) -> None:
        """Give each privileged group its members and no others, by the names of their accounts."""
        import ldb

        accounts = {
            str(entry["sAMAccountName"]): entry
            for entry in self.database.search(
                self.database.domain_dn(), expression="(sAMAccountName=*)", attrs=["sAMAccountName", "member"]
            )
        }
        names = {str(entry.dn).lower(): name for name, entry in accounts.items()}
        for group in PRIVILEGED.keys() & accounts.keys():
            present = {names.get(str(dn).lower(), str(dn)): str(dn) for dn in accounts[group].get("member") or []}
            message = ldb.Message(accounts[group].dn)
            gone = [dn for name, dn in present.items() if name not in PRIVILEGED[group]]
            come = [str(accounts[name].dn) for name in PRIVILEGED[group] - present.keys()]
            if gone:
                message["gone"] = ldb.MessageElement(gone, ldb.FLAG_MOD_DELETE, "member")
            if come:
                message["come"] = ldb.MessageElement(come, ldb.FLAG_MOD_ADD, "member")
            if len(message):
                self.database.modify(message)
                self.changes.append(f"{group}: {', '.join([*gone, *come])}")

    def flags(self) -> None:
        """Take what weakens an account from all that may be used, controllers and their delegation excepted."""
        for entry in self.database.search(
            self.database.domain_dn(), expression="(objectClass=user)", attrs=["userAccountControl"]
        ):
            held = int(str(entry["userAccountControl"]))
            if held & WEAK and not held & (CONTROLLER | DISABLED):
                self.set(str(entry.dn), {"userAccountControl": str(held & ~WEAK)})

    def zone(self, name: str, servers: list[str]) -> None:
        """Create a zone unless it exists, with its authority and its name servers."""
        from samba.dcerpc import security
        from samba.provision import sambadns

        domain = str(self.database.domain_dn())
        if self.found(f"DC={name},{self.zones('DomainDnsZones')}", "name") is not None:
            return
        sid = security.dom_sid(self.database.get_domain_sid())
        admins = sambadns.get_dnsadmins_sid(self.database, domain)
        sambadns.add_domain_record(self.database, domain, "DC=DomainDnsZones", name, sid, admins)
        authority = sambadns.SOARecord(servers[0], f"hostmaster.{name}", ttl=TTL_S)
        names = [sambadns.NSRecord(server, ttl=TTL_S) for server in servers]
        self.node(f"DC=@,DC={name},{self.zones('DomainDnsZones')}", [authority, *names])
        self.changes.append(f"zone {name}")
        self.new_zones.append(name)

    def zones(self, partition: str) -> str:
        """Where the zones of a partition stand."""
        return f"CN=MicrosoftDNS,DC={partition},{self.database.domain_dn()}"

    def found(self, dn: str, attribute: str) -> Any:
        """An object, or None."""
        import ldb

        try:
            return self.database.search(dn, scope=ldb.SCOPE_BASE, attrs=[attribute])[0]
        except ldb.LdbError as error:
            if error.args[0] != ldb.ERR_NO_SUCH_OBJECT:
                raise
            return None

    def node(self, dn: str, records: list[Any]) -> None:
        """Create a name that its zone does not hold yet."""
        from samba.ndr import ndr_pack

        packed = [ndr_pack(record) for record in records]
        self.database.add({"dn": dn, "objectClass": ["top", "dnsNode"], "dnsRecord": packed})

    def records(self, dn: str, wanted: list[Any]) -> None:
        """Give a name these records of one type, and no others of this type."""
        import ldb
        from samba.dcerpc import dnsp

        entry = self.found(dn, "dnsRecord")
        present = self.database.dns_extract(entry["dnsRecord"]) if entry and "dnsRecord" in entry else []
        kind = wanted[0].wType
        if sorted(text(each) for each in present if each.wType == kind) == sorted(map(text, wanted)):
            return
        if entry is None:
            self.node(dn, wanted)
        else:
            kept = [each for each in present if each.wType not in (kind, dnsp.DNS_TYPE_TOMBSTONE)]
            self.database.dns_replace_by_dn(ldb.Dn(self.database, dn), [*kept, *wanted])
        self.changes.append(f"{dn.partition(',CN=')[0]}: {' '.join(map(text, wanted))}")

    def services(self, realm: str, servers: list[str]) -> None:
        """Tell where every controller answers, as clients look them up; each one would do it itself, but late."""
        from samba.provision import sambadns

        identity = sambadns.get_domainguid(self.database, self.database.domain_dn())
        heads = {"": f"DC={realm},{self.zones('DomainDnsZones')}"}
        heads["_msdcs"] = f"DC=_msdcs.{realm},{self.zones('ForestDnsZones')}"
        for name, zone, port in SERVICES:
            records = [sambadns.SRVRecord(server, port, ttl=TTL_S) for server in servers]
            self.records(f"DC={name.format(domain=identity)},{heads[zone]}", records)


def text(record: Any) -> str:
    """What an address or service record says."""
    data = record.data
    return data if isinstance(data, str) else f"{data.nameTarget.rstrip('.').lower()}:{data.wPort}"


def apply(directory: Directory, parameters: dict[str, Any]) -> None:
    """Set everything."""
    from samba.provision import sambadns

    directory.set(str(directory.database.domain_dn()), wanted_policy(parameters["policy"]))
    directory.refuse_anonymous()
    directory.services(parameters["realm"].lower(), parameters["servers"])
    directory.privileges()
    directory.flags()
    for zone in parameters["zones"]:
        directory.zone(zone["name"], parameters["servers"])
        for record in zone["records"]:
            addresses = [sambadns.ARecord(address, ttl=TTL_S) for address in record["addresses"]]
            directory.records(f"DC={record['name']},DC={zone['name']},{directory.zones('DomainDnsZones')}", addresses)


def main() -> None:
    """Compare and set in one transaction, given up in check mode."""
    record = {
        "name": {"type": "str", "required": True},
        "addresses": {"type": "list", "elements": "str", "required": True},
    }
    module = AnsibleModule(
        argument_spec={
            "policy": {
                "type": "dict",
                "required": True,
                "options": {
                    name: {"type": "int", "required": True}
                    for name in ("length", "history", "max_age_days", "failures", "minutes")
                },
            },
            "zones": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "name": {"type": "str", "required": True},
                    "records": {"type": "list", "elements": "dict", "required": True, "options": record},
                },
            },
            "realm": {"type": "str", "required": True},
            "servers": {"type": "list", "elements": "str", "required": True},
        },
        supports_check_mode=True,
    )
    if not (PRIVATE / "sam.ldb").exists():
        module.exit_json(changed=True, changes=["the domain does not exist yet"], new_zones=[])
    directory = Directory()
    directory.database.transaction_start()
    try:
        apply(directory, module.params)
    except BaseException:
        directory.database.transaction_cancel()
        raise
    if module.check_mode or not directory.changes:
        directory.database.transaction_cancel()
    else:
        directory.database.transaction_commit()
    new = [] if module.check_mode else directory.new_zones
    module.exit_json(changed=bool(directory.changes), changes=directory.changes, new_zones=new)


if __name__ == "__main__":
    main()
