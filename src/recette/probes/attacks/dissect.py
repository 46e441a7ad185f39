"""What a captured frame says, as far as attacks need it: standard library, so that reports need no scapy."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from recette.probes.attacks.agents.link import ARP, IPV4, IPV6

ICMP, TCP, UDP, ICMP6 = 1, 6, 17, 58
ETHERNET, IPV6_HEADER, ICMP_HEADER = 14, 40, 8
ARP_BODY = 28
QUOTING = {ICMP: {3, 4, 5, 11, 12}, ICMP6: {1, 2, 3, 4}}
"""ICMP types that quote the packet they are about."""
ECHO_REPLY = {ICMP: 0, ICMP6: 129}
NEIGHBOURHOOD = range(133, 138)
"""ICMPv6 types of neighbour and router discovery: the link's own business, never an answer."""
FLAGS = "FSRPAUEC"


@dataclass(frozen=True)
class Packet:
    """An IP packet. Ports are those of TCP or UDP; for an echo, the source port is its identifier."""

    source: str
    destination: str
    mark: int
    protocol: int
    sport: int | None = None
    dport: int | None = None
    flags: str = ""
    icmp: tuple[int, int] | None = None
    quoted: Packet | None = None


@dataclass(frozen=True)
class Resolution:
    """An ARP message: `address` would be at link address `mac`."""

    address: str
    mac: str
    answer: bool


def resolution(frame: bytes) -> Resolution | None:
    """The ARP message of an Ethernet frame, if it is one."""
    if len(frame) < ETHERNET + ARP_BODY or frame[12:14] != ARP.to_bytes(2, "big"):
        return None
    operation, mac, address = struct.unpack("!H6s4s", frame[20:32])
    return Resolution(str(IPv4Address(address)), mac.hex(":"), operation != 1)


def packet(frame: bytes) -> Packet | None:
    """The IP packet of an Ethernet frame, if it is one and whole enough to be read."""
    kind = int.from_bytes(frame[12:14], "big")
    return datagram(frame[ETHERNET:], kind) if kind in {IPV4, IPV6} else None


def datagram(data: bytes, kind: int) -> Packet | None:
    """An IP packet without its link header. Later fragments and truncated contents have no ports."""
    try:
        if kind == IPV6:
            mark = int.from_bytes(data[:4], "big") & 0xFFFFF
            head = (str(IPv6Address(data[8:24])), str(IPv6Address(data[24:40])), mark, data[6])
            return _transport(head, data[IPV6_HEADER:])
        source, destination = str(IPv4Address(data[12:16])), str(IPv4Address(data[16:20]))
        mark, fragment = struct.unpack("!HH", data[4:8])
        content = b"" if fragment & 0x1FFF else data[(data[0] & 0xF) * 4 :]
        return _transport((source, destination, mark, data[9]), content)
    except (IndexError, struct.error, ValueError):
        return None


def _transport(head: tuple[str, str, int, int], content: bytes) -> Packet:
    protocol = head[3]
    if protocol in {TCP, UDP} and len(content) >= 4:  # noqa: PLR2004 - two ports
        sport, dport = struct.unpack("!HH", content[:4])
        flags = content[13] if protocol == TCP and len(content) > 13 else 0  # noqa: PLR2004 - RFC 9293, byte 13
        return Packet(*head, sport, dport, "".join(name for bit, name in enumerate(FLAGS) if flags >> bit & 1))
    if protocol in QUOTING and len(content) >= ICMP_HEADER:
        kind, code = content[0], content[1]
        quoted = content[ICMP_HEADER:] if kind in QUOTING[protocol] else b""
        about = datagram(quoted, IPV4 if protocol == ICMP else IPV6) if quoted else None
        identifier = int.from_bytes(content[4:6], "big")
        return Packet(*head, identifier, icmp=(kind, code), quoted=about)
    return Packet(*head)


def told(answer: Packet) -> str:
    """One line for the report: who answers, with what, about what."""
    if answer.icmp is not None:
        about = answer.quoted
        what = f"ICMP {answer.icmp[0]}/{answer.icmp[1]}"
        port = f":{about.dport}" if about and about.dport is not None else ""
        return f"{answer.source} {what}" + (f" ({about.destination}{port})" if about else "")
    if answer.protocol == TCP:
        return f"{answer.source}:{answer.sport} TCP {answer.flags}"
    return f"{answer.source}:{answer.sport} UDP" if answer.protocol == UDP else f"{answer.source} IP {answer.protocol}"
