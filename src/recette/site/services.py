"""Ports tried beside those of the flow matrix, and their usual names."""

from __future__ import annotations

_TCP = {
    22: "ssh",
    23: "telnet",
    25: "smtp",
    80: "http",
    102: "s7",
    389: "ldap",
    443: "https",
    445: "smb",
    502: "modbus",
    636: "ldaps",
    1433: "mssql",
    1514: "wazuh",
    1515: "wazuh-inscription",
    1521: "oracle",
    1883: "mqtt",
    3306: "mysql",
    3389: "rdp",
    4840: "opc-ua",
    5060: "sip",
    5432: "postgresql",
    6379: "redis",
    8006: "proxmox",
    27017: "mongodb",
}
_UDP = {
    53: "dns",
    69: "tftp",
    123: "ntp",
    161: "snmp",
    500: "ike",
    514: "syslog",
    1514: "wazuh",
    4500: "ike-nat-t",
    5060: "sip",
    47808: "bacnet",
}
_OF_THE_MATRIX = {
    88: "kerberos",
    135: "rpc",
    464: "kpasswd",
    465: "submissions",
    587: "submission",
    993: "imaps",
    3128: "proxy",
    3268: "catalogue-global",
    3269: "catalogue-global-tls",
    3300: "ceph",
    3493: "nut",
    5061: "sips",
    5405: "corosync",
    6514: "syslog-tls",
    6789: "ceph",
    8000: "restic",
    10050: "zabbix",
    10051: "zabbix-serveur",
}
COMMON_PORTS = frozenset([("tcp", port) for port in _TCP] + [("udp", port) for port in _UDP])
"""Services that an intruder tries first, of offices as of production lines."""
NAMES = {**_TCP, **_UDP, **_OF_THE_MATRIX}
"""Usual name of a port; both protocols agree on it."""
