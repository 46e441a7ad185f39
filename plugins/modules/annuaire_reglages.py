#!/usr/bin/python3
"""Set what a directory holds beside its people: password policy, quotas, names of the site."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: annuaire_reglages
short_description: Password policy and DNS zones of an Active Directory domain
description:
  - Sets the password and lockout policy, forbids everybody but the chosen accounts to join hosts, refuses anonymous
    operations, and keeps the address records of the site's own zones as they are declared.
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
  servers: {description: Name servers of the zones., type: list, elements: str, required: true}
author: [recette]
"""

EXAMPLES = r"""
- name: Set the policy and the names of the site
  annuaire_reglages:
    policy: {length: 12, history: 12, max_age_days: 365, failures: 5, minutes: 15}
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
TTL_S = 900


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

    def zone(self, name: str, servers: list[str]) -> None:
        """Create a zone unless it exists, with its authority and its name servers."""
        from samba.dcerpc import security
        from samba.provision import sambadns

        domain = str(self.database.domain_dn())
        zones = f"CN=MicrosoftDNS,DC=DomainDnsZones,{domain}"
        if self.database.search(zones, expression=f"(&(objectClass=dnsZone)(name={name}))", attrs=["name"]):
            return
        sid = security.dom_sid(self.database.get_domain_sid())
        admins = sambadns.get_dnsadmins_sid(self.database, domain)
        sambadns.add_domain_record(self.database, domain, "DC=DomainDnsZones", name, sid, admins)
        authority = sambadns.SOARecord(servers[0], f"hostmaster.{name}", ttl=TTL_S)
        self.node("@", name, [authority, *[sambadns.NSRecord(server, ttl=TTL_S) for server in servers]])
        self.changes.append(f"zone {name}")
        self.new_zones.append(name)

    def node(self, name: str, zone: str, records: list[Any]) -> None:
        """Create a name that the zone does not hold yet."""
        from samba.ndr import ndr_pack

        dn = f"DC={name},DC={zone},CN=MicrosoftDNS,DC=DomainDnsZones,{self.database.domain_dn()}"
        packed = [ndr_pack(record) for record in records]
        self.database.add({"dn": dn, "objectClass": ["top", "dnsNode"], "dnsRecord": packed})

    def addresses(self, name: str, zone: str, wanted: list[str]) -> None:
        """Give a name these addresses, and no others; its other records stay."""
        from samba.dcerpc import dnsp
        from samba.provision import sambadns

        base = f"DC={zone},CN=MicrosoftDNS,DC=DomainDnsZones,{self.database.domain_dn()}"
        found = self.database.search(base, expression=f"(&(objectClass=dnsNode)(name={name}))", attrs=["dnsRecord"])
        records = self.database.dns_extract(found[0]["dnsRecord"]) if found and "dnsRecord" in found[0] else []
        if sorted(record.data for record in records if record.wType == dnsp.DNS_TYPE_A) == sorted(wanted):
            return
        new = [sambadns.ARecord(address, ttl=TTL_S) for address in wanted]
        if found:
            kept = [each for each in records if each.wType not in (dnsp.DNS_TYPE_A, dnsp.DNS_TYPE_TOMBSTONE)]
            self.database.dns_replace_by_dn(str(found[0].dn), [*kept, *new])
        else:
            self.node(name, zone, new)
        self.changes.append(f"{name}.{zone} A {' '.join(wanted)}")


def apply(directory: Directory, parameters: dict[str, Any]) -> None:
    """Set everything."""
    directory.set(str(directory.database.domain_dn()), wanted_policy(parameters["policy"]))
    for zone in parameters["zones"]:
        directory.zone(zone["name"], parameters["servers"])
        for record in zone["records"]:
            directory.addresses(record["name"], zone["name"], record["addresses"])


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
