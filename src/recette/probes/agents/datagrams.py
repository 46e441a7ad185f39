"""Datagrams sent one after the other to a UDP port, and what each is answered.

Payload: {"address", "port", "messages": [hexadecimal], "limit_s"}. Prints [hexadecimal or null] in the same order. Each
goes from a port of its own, so that a late answer is never taken for the next one's.
"""

from __future__ import annotations

import json
import socket
import sys


def ask(address: str, port: int, message: str, limit_s: float) -> str | None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(limit_s)
        sock.connect((address, port))
        try:
            sock.send(bytes.fromhex(message))
            return sock.recv(65535).hex()
        except OSError:
            return None


def main() -> None:
    asked = json.load(sys.stdin)
    answers = [ask(asked["address"], asked["port"], each, asked["limit_s"]) for each in asked["messages"]]
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
