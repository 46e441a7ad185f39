"""Stands in for ulogd2 where it is not installed: NFLOG group 1 to the JSON lines that ulogd2 writes.

Run inside the network namespace of a firewall: nflog.py FILE. Prints "ready", lives until its stdin closes.
"""

from __future__ import annotations

import ipaddress
import json
import os
import select
import socket
import struct
import sys
from collections.abc import Iterator
from typing import Any, TextIO

NETLINK_NETFILTER, GROUP = 12, 1
PACKET, CONFIG = 4 << 8, 4 << 8 | 1
ATTRIBUTE_PAYLOAD, ATTRIBUTE_PREFIX = 9, 10
TCP, UDP, ICMP, ICMP6 = 6, 17, 1, 58


def attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= 4:
        size, kind = struct.unpack_from("=HH", data)
        yield kind & 0x7FFF, data[4:size]
        data = data[(size + 3) & ~3 :]


def request(kind: int, value: bytes) -> bytes:
    attribute = struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)
    body = struct.pack(">BBH", 0, 0, GROUP) + attribute
    return struct.pack("=IHHII", 16 + len(body), CONFIG, 1, 0, 0) + body


def fields(packet: bytes) -> dict[str, Any]:
    if packet[0] >> 4 == 4:
        protocol, start, ends = packet[9], (packet[0] & 15) * 4, (packet[12:16], packet[16:20])
    else:
        protocol, start, ends = packet[6], 40, (packet[8:24], packet[24:40])
    seen = {"src_ip": str(ipaddress.ip_address(ends[0])), "dest_ip": str(ipaddress.ip_address(ends[1]))}
    first, second, third = struct.unpack_from(">HHH", packet, start)
    ports: dict[str, int] = {}
    if protocol in (TCP, UDP):
        ports = {"src_port": first, "dest_port": second}
    elif protocol in (ICMP, ICMP6):
        ports = {"icmp.type" if protocol == ICMP else "icmpv6.type": first >> 8, "icmp.echoid": third}
    return {"ip.protocol": protocol, **ports, **seen}


def write(data: bytes, log: TextIO) -> None:
    while len(data) >= 16:
        size, kind = struct.unpack_from("=IH", data)
        if kind == PACKET:
            found = dict(attributes(data[20:size]))
            prefix = found[ATTRIBUTE_PREFIX].rstrip(b"\0").decode()
            log.write(json.dumps({"oob.prefix": prefix, **fields(found[ATTRIBUTE_PAYLOAD])}) + "\n")
        data = data[(size + 3) & ~3 :]
    log.flush()


def main() -> None:
    netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
    netlink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    netlink.bind((0, 0))
    netlink.send(request(1, b"\1"))  # bind to the group
    netlink.send(request(2, struct.pack(">IBB", 128, 2, 0)))  # copy the head of each packet
    with open(sys.argv[1], "a", encoding="utf-8") as log:  # noqa: PTH123 - a script of its own
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            ready, _, _ = select.select([0, netlink.fileno()], [], [])
            if netlink.fileno() in ready:
                write(netlink.recv(1 << 20), log)
            elif not os.read(0, 100):
                return


if __name__ == "__main__":
    main()
