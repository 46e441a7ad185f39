"""RTP packets of somebody who is not in the call, sent to the ports where its voice comes in.

Payload: {"source", "source_port", "targets": [[address, port]...], "payload": base64 of 20 ms, "kind", "count",
"gap_s", "ssrc", "sequence", "timestamp"}. The source may be pretended: the packets are made whole. Prints {"sent":
number}.
"""

from __future__ import annotations

import base64
import json
import socket
import struct
import sys
import time
from typing import Any

MAX_PACKETS, MAX_S = 6000, 60.0
TTL, EXPEDITED = 64, 0xB8
STEP = 160


def checksum(data: bytes) -> int:
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def datagram(wish: dict[str, Any], target: tuple[str, int], number: int, voice: bytes) -> bytes:
    """IPv4, UDP (whose checksum is optional) and RTP."""
    clock = (wish["timestamp"] + STEP * number) % (1 << 32)
    sequence = (wish["sequence"] + number) % (1 << 16)
    rtp = struct.pack("!BBHII", 0x80, wish["kind"], sequence, clock, wish["ssrc"]) + voice
    udp = struct.pack("!HHHH", wish["source_port"], target[1], 8 + len(rtp), 0) + rtp
    ends = socket.inet_aton(wish["source"]) + socket.inet_aton(target[0])
    head = (
        struct.pack("!BBHHHBBH", 0x45, EXPEDITED, 20 + len(udp), number % 65536, 0, TTL, socket.IPPROTO_UDP, 0) + ends
    )
    return head[:10] + checksum(head).to_bytes(2, "big") + head[12:] + udp


def main() -> None:
    wish = json.loads(sys.stdin.buffer.readline())
    targets = [(address, port) for address, port in wish["targets"]]
    if wish["count"] * len(targets) > MAX_PACKETS or wish["count"] * wish["gap_s"] > MAX_S:
        raise SystemExit(f"at most {MAX_PACKETS} packets and {MAX_S:g} s")
    voice = base64.b64decode(wish["payload"])
    sent, due = 0, time.monotonic()
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as door:
        for number in range(wish["count"]):
            for target in targets:
                door.sendto(datagram(wish, target, number, voice), (target[0], 0))
                sent += 1
            due += wish["gap_s"]
            time.sleep(max(0.0, due - time.monotonic()))
    json.dump({"sent": sent}, sys.stdout)


if __name__ == "__main__":
    main()
