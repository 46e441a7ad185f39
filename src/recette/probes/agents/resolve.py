"""Names asked of resolvers by UDP, one question at a time.

Payload: {"questions": [[server, name]], "limit_s"}. Prints [{"code", "addresses", "authoritative"}] in the same order;
the code is that of the answer (0 found, 3 unknown name), or -1 when none came.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
from typing import Any

DNS = 53
A, IN = 1, 1
RECURSION_WANTED, AUTHORITATIVE = 0x0100, 0x0400
CODE = 0x000F
POINTER = 0xC0
NO_ANSWER = -1
HEADER = struct.Struct(">6H")
RECORD = struct.Struct(">HHIH")


def ask(server: str, name: str, limit_s: float) -> dict[str, Any]:
    number = os.urandom(2)
    question = b"".join(bytes([len(label)]) + label.encode() for label in name.rstrip(".").split(".")) + b"\0"
    sent = number + HEADER.pack(0, RECURSION_WANTED, 1, 0, 0, 0)[2:] + question + struct.pack(">HH", A, IN)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(limit_s)
        try:
            sock.connect((server, DNS))
            sock.send(sent)
            answer = sock.recv(4096)
            while answer[:2] != number:
                answer = sock.recv(4096)
        except OSError:
            return {"code": NO_ANSWER, "addresses": [], "authoritative": False}
    return read(answer)


def read(answer: bytes) -> dict[str, Any]:
    _, flags, questions, answers, _, _ = HEADER.unpack_from(answer)
    place = HEADER.size
    for _ in range(questions):
        place = after_name(answer, place) + 4
    addresses = []
    for _ in range(answers):
        place = after_name(answer, place)
        kind, _, _, length = RECORD.unpack_from(answer, place)
        place += RECORD.size
        if kind == A:
            addresses.append(socket.inet_ntoa(answer[place : place + length]))
        place += length
    return {"code": flags & CODE, "addresses": sorted(addresses), "authoritative": bool(flags & AUTHORITATIVE)}


def after_name(answer: bytes, place: int) -> int:
    while answer[place]:
        if answer[place] >= POINTER:
            return place + 2
        place += 1 + answer[place]
    return place + 1


def main() -> None:
    payload = json.load(sys.stdin)
    told = [ask(server, name, payload["limit_s"]) for server, name in payload["questions"]]
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
