"""The time that servers give to this host, beside its own (RFC 5905, client mode, one question each).

Payload: {"servers": [address], "limit_s"}. Prints, in the same order, [{"offset_s", "delay_s", "stratum"}]: how far the
server's clock is ahead of this host's, known to half of the delay; null where no usable answer came.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
import time
from typing import Any

NTP = 123
CLIENT = 0x23  # version 4, mode 3
SIZE = 48
UNIX_EPOCH = 2_208_988_800
FRACTION = 2**32
UNUSABLE = 16


def ask(server: str, limit_s: float) -> dict[str, Any] | None:
    """The mark of the question is drawn: an answer that does not bear it is somebody else's."""
    mark = os.urandom(8)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(limit_s)
        try:
            sock.connect((server, NTP))
            sent = time.time()
            sock.send(bytes([CLIENT]) + bytes(39) + mark)
            answer = sock.recv(1024)
            received = time.time()
        except OSError:
            return None
    if len(answer) < SIZE or answer[24:32] != mark or not 0 < answer[1] < UNUSABLE:
        return None
    arrived, left = instant(answer[32:40]), instant(answer[40:48])
    return {
        "offset_s": ((arrived - sent) + (left - received)) / 2,
        "delay_s": (received - sent) - (left - arrived),
        "stratum": answer[1],
    }


def instant(raw: bytes) -> float:
    whole, part = struct.unpack(">II", raw)
    return float(whole - UNIX_EPOCH + part / FRACTION)


def main() -> None:
    payload = json.load(sys.stdin)
    json.dump([ask(server, payload["limit_s"]) for server in payload["servers"]], sys.stdout)


if __name__ == "__main__":
    main()
