"""Frames brought back from hosts: reading them, and writing them down as evidence."""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterable, Mapping
from typing import Any

from recette.probes.attacks.agents.link import Frame

ETHERNET = 1
SECTION, INTERFACE, PACKET = 0x0A0D0D0A, 1, 6
IF_NAME, IF_TSRESOL, EPB_FLAGS = 2, 9, 2
INBOUND, OUTBOUND = 1, 2
MICROSECONDS = 6


def unpack(packed: Iterable[list[Any]]) -> tuple[Frame, ...]:
    """Frames as an agent writes them in JSON."""
    return tuple(Frame(time, dev, out, base64.b64decode(data)) for time, dev, out, data in packed)


def pcapng(captures: Mapping[str, Iterable[Frame]]) -> bytes:
    """One pcapng file of several captures, by host: each device is an interface `host/device`, in order of time."""
    frames = [(host, frame) for host, kept in captures.items() for frame in kept]
    frames.sort(key=lambda found: found[1].time)
    names = list(dict.fromkeys(f"{host}/{frame.dev}" for host, frame in frames))
    blocks = [_block(SECTION, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))]
    for name in names:
        options = _option(IF_NAME, name.encode()) + _option(IF_TSRESOL, bytes([MICROSECONDS]))
        blocks.append(_block(INTERFACE, struct.pack("<HHI", ETHERNET, 0, 0) + options + _option(0, b"")))
    blocks.extend(_packet(names.index(f"{host}/{frame.dev}"), frame) for host, frame in frames)
    return b"".join(blocks)


def _packet(interface: int, frame: Frame) -> bytes:
    stamp = round(frame.time * 10**MICROSECONDS)
    head = struct.pack("<IIIII", interface, stamp >> 32, stamp & 0xFFFFFFFF, len(frame.data), len(frame.data))
    flags = _option(EPB_FLAGS, struct.pack("<I", OUTBOUND if frame.out else INBOUND))
    return _block(PACKET, head + _padded(frame.data) + flags + _option(0, b""))


def _block(kind: int, body: bytes) -> bytes:
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("<HH", code, len(value)) + _padded(value)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
