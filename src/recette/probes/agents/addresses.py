"""Tells which addresses this host holds, then every gain and loss, as the kernel announces them.

Payload: {"life_s": float}. Prints JSON lines [instant, event, address, interface], instants in nanoseconds of
CLOCK_MONOTONIC, event "has" (held at the start), "add" or "del"; [instant, "ready", clock offset, null] ends the state
of the start: the offset is CLOCK_REALTIME - CLOCK_MONOTONIC in nanoseconds, to compare hosts that share no kernel.
Lives until stdin closes. The announcements are subscribed to before the state is read, so none is missed.
"""

from __future__ import annotations

import json
import os
import select
import socket
import struct
import sys
import time
from collections.abc import Iterator

STDIN = 0
NETLINK_ROUTE = 0
GROUPS = 0x10 | 0x100  # RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR
NLMSG_DONE, RTM_NEWADDR, RTM_DELADDR, RTM_GETADDR = 3, 20, 21, 22
NLM_F_REQUEST_DUMP = 0x301
IFA_ADDRESS, IFA_LOCAL = 1, 2
HEADER, IFADDRMSG, ATTRIBUTE = struct.Struct("=IHHII"), struct.Struct("=BBBBI"), struct.Struct("=HH")
BUFFER = 1 << 20


def align(size: int) -> int:
    return (size + 3) & ~3


def messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= HEADER.size:
        size, kind, *_ = HEADER.unpack_from(data)
        yield kind, data[HEADER.size : size]
        data = data[align(size) :]


def address_of(body: bytes) -> tuple[str, int]:
    """(address, interface index); IFA_LOCAL wins, for on a point-to-point link the other one is the peer's."""
    family, _, _, _, index = IFADDRMSG.unpack_from(body)
    found, at = {}, IFADDRMSG.size
    while at + ATTRIBUTE.size <= len(body):
        size, kind = ATTRIBUTE.unpack_from(body, at)
        found[kind] = body[at + ATTRIBUTE.size : at + size]
        at += max(align(size), ATTRIBUTE.size)
    raw = found.get(IFA_LOCAL) or found[IFA_ADDRESS]
    return socket.inet_ntop(family, raw), index


def name_of(index: int) -> str:
    try:
        return socket.if_indextoname(index)
    except OSError:
        return str(index)  # the interface went away with its address


def say(*line: object) -> None:
    sys.stdout.write(json.dumps(line) + "\n")


def tell(data: bytes, dump: bool) -> bool:  # noqa: FBT001 - private to this script
    """Prints what a read brought; returns whether the state of the start is not complete yet."""
    now = time.monotonic_ns()
    for kind, body in messages(data):
        if kind in (RTM_NEWADDR, RTM_DELADDR):
            event = "del" if kind == RTM_DELADDR else "has" if dump else "add"
            address, index = address_of(body)
            say(now, event, address, name_of(index))
        elif kind == NLMSG_DONE:
            dump = False
            say(now, "ready", time.time_ns() - time.monotonic_ns(), None)
    sys.stdout.flush()
    return dump


def main() -> None:
    end = time.monotonic() + json.loads(sys.stdin.buffer.readline())["life_s"]
    netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_ROUTE)
    netlink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
    netlink.bind((0, GROUPS))
    netlink.send(
        HEADER.pack(HEADER.size + IFADDRMSG.size, RTM_GETADDR, NLM_F_REQUEST_DUMP, 1, 0) + IFADDRMSG.pack(0, 0, 0, 0, 0)
    )
    dump = True
    while (left := end - time.monotonic()) > 0:
        ready, _, _ = select.select([STDIN, netlink.fileno()], [], [], left)
        if netlink.fileno() in ready:
            dump = tell(netlink.recv(BUFFER), dump)
        if STDIN in ready and not os.read(STDIN, 4096):
            return


if __name__ == "__main__":
    main()
