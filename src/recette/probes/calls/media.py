"""The voice of a telephone as its network interface carried it: RTP packets, deciphered by the telephone's own keys."""

from __future__ import annotations

import base64
import re
import struct
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from scapy.utils import RawPcapReader

from recette.probes.calls.messages import Message
from recette.probes.calls.srtp import TAGS, Session

CRYPTO = re.compile(r"^a=crypto:\d+ (\S+) inline:([A-Za-z0-9+/=]+)", re.MULTILINE)
MAPPED = re.compile(r"^a=rtpmap:(\d+) ([A-Za-z0-9-]+)/(\d+)", re.MULTILINE)
KEYPAD = "0123456789*#ABCD"
STATIC = {0: ("PCMU", 8000), 8: ("PCMA", 8000)}
"""Payload types that need no mapping (RFC 3551)."""
COMFORT_NOISE = 13
"""Payload type of RFC 3389: how much silence to play, no sound."""
ETHERNET, IP, UDP = 14, 20, 8
IPV4, UDP_PROTOCOL, RTP_VERSION, RTP_HEADER = 0x0800, 17, 2, 12
RTCP_TYPES = range(192, 224)


@dataclass(frozen=True, slots=True)
class Keys:
    """What the two ends agreed on, by SDP: every key of each direction, and the names of the payload types."""

    sent: tuple[tuple[str, bytes], ...]
    received: tuple[tuple[str, bytes], ...]
    names: Mapping[int, tuple[str, int]]

    @classmethod
    def of(cls, messages: Iterable[Message]) -> Keys:
        """Read them from a telephone's SIP messages."""
        keys: dict[bool, dict[tuple[str, bytes], None]] = {True: {}, False: {}}
        names = dict(STATIC)
        for message in messages:
            for suite, key in CRYPTO.findall(message.body):
                if suite in TAGS:
                    keys[message.sent][suite, base64.b64decode(key)] = None
            for number, name, rate in MAPPED.findall(message.body):
                names[int(number)] = (name.upper(), int(rate))
        return cls(tuple(keys[True]), tuple(keys[False]), names)


@dataclass(frozen=True, slots=True)
class Packet:
    """One RTP packet. `at_s` by CLOCK_MONOTONIC of the host; `payload` None if no key of the call opens it."""

    at_s: float
    sequence: int
    timestamp: int
    marker: bool
    kind: int
    payload: bytes | None


@dataclass(frozen=True, slots=True)
class Stream:
    """The packets of one SSRC from one end to the other, as they passed, with their keys' outcome."""

    source: int
    received: bool
    """By the telephone; else it was sent."""
    peer: tuple[str, int]
    name: str
    rate: int
    kind: int
    """Name, RTP clock (Hz) and payload type of the sound; of the keys pressed if it carries nothing else."""
    encrypted: bool
    """Whether the two ends had agreed on a key; else the packets were read as they are."""
    packets: tuple[Packet, ...]

    events: frozenset[int]
    """Payload types of the keys pressed."""

    @property
    def voice(self) -> tuple[Packet, ...]:
        """The packets that carry sound, keys pressed and comfort noise left aside."""
        mute = {*self.events, COMFORT_NOISE}
        return tuple(packet for packet in self.packets if packet.kind == self.kind and packet.kind not in mute)

    @property
    def pressed(self) -> tuple[tuple[str, float], ...]:
        """The keys pressed (RFC 4733) and when the first packet of each passed: several tell it, with one timestamp."""
        first: dict[int, tuple[str, float]] = {}
        for packet in self.packets:
            if packet.kind in self.events and packet.payload and packet.payload[0] < len(KEYPAD):
                first.setdefault(packet.timestamp, (KEYPAD[packet.payload[0]], packet.at_s))
        return tuple(first.values())

    @property
    def digits(self) -> str:
        return "".join(key for key, _ in self.pressed)

    @property
    def opened(self) -> int:
        return sum(packet.payload is not None for packet in self.packets)


@dataclass(frozen=True, slots=True)
class Media:
    """Every stream of a telephone, in the order in which they began."""

    streams: tuple[Stream, ...]
    raw: int
    """Packets captured, RTCP included."""

    @property
    def received(self) -> tuple[Stream, ...]:
        """Those that reached the telephone's ear: the keys of a call open something of them, or it has none."""
        heard = (stream for stream in self.streams if stream.received and stream.opened)
        return tuple(stream for stream in heard if stream.voice or stream.pressed)

    @property
    def digits(self) -> str:
        """Every key that the other ends have pressed."""
        return "".join(stream.digits for stream in self.received)

    @property
    def sent(self) -> tuple[Stream, ...]:
        return tuple(stream for stream in self.streams if not stream.received and stream.opened)

    @property
    def foreign(self) -> tuple[Stream, ...]:
        """Those that no key of the telephone opens: a stranger's."""
        return tuple(stream for stream in self.streams if not stream.opened)


def media(  # noqa: PLR0913 - where, and what of it
    path: Path, address: str, ports: tuple[int, int], keys: Keys, epoch_s: float, *, left_out: Collection[int] = ()
) -> Media:
    """Read a capture made on an Ethernet interface of a telephone; the capture may still be running.

    `left_out`: ports among those between `ports` that are somebody else's.
    """
    found: dict[tuple[int, bool, str, int], list[tuple[float, bytes]]] = {}
    raw = 0
    for at, source, target, data in datagrams(path):
        ends = (source, target)
        own = [end[0] == address and ports[0] <= end[1] <= ports[1] and end[1] not in left_out for end in ends]
        if not any(own):
            continue  # a neighbour on the same host, whose peer uses these ports
        raw += 1
        received = own[1]
        if len(data) < RTP_HEADER or data[0] >> 6 != RTP_VERSION or data[1] in RTCP_TYPES:
            continue
        peer = source if received else target
        key = (int.from_bytes(data[8:12], "big"), received, *peer)
        found.setdefault(key, []).append((at - epoch_s, data))
    return Media(tuple(_stream(key, packets, keys) for key, packets in found.items()), raw)


def datagrams(path: Path) -> Iterator[tuple[float, tuple[str, int], tuple[str, int], bytes]]:
    """Instant (seconds of the epoch), source, destination and content of each UDP datagram over IPv4 of a capture."""
    if not path.stat().st_size:
        return
    with RawPcapReader(str(path)) as reader:
        for frame, meta in reader:
            if len(frame) < ETHERNET + IP + UDP or frame[12:14] != IPV4.to_bytes(2, "big"):
                continue
            start = ETHERNET + 4 * (frame[ETHERNET] & 15)
            if frame[ETHERNET + 9] != UDP_PROTOCOL:
                continue
            ends = [".".join(map(str, frame[ETHERNET + at : ETHERNET + at + 4])) for at in (12, 16)]
            out, into, size = struct.unpack_from(">HHH", frame, start)
            yield meta.sec + meta.usec / 1e6, (ends[0], out), (ends[1], into), frame[start + UDP : start + size]


def _stream(key: tuple[int, bool, str, int], raw: list[tuple[float, bytes]], keys: Keys) -> Stream:
    source, received, address, port = key
    offered = keys.received if received else keys.sent
    opener = Opener([Session(suite, master) for suite, master in offered])
    packets = tuple(_packet(at, data, opener) for at, data in raw)
    events = frozenset(kind for kind, (name, _) in keys.names.items() if name == "TELEPHONE-EVENT")
    kinds = [packet.kind for packet in packets if packet.kind not in events] or [packets[0].kind]
    kind = max(set(kinds), key=kinds.count)
    name, rate = keys.names.get(kind, ("", 8000))
    return Stream(source, received, (address, port), name, rate, kind, bool(offered), packets, events)


class Opener:
    """Tries the keys of a call on a packet, the one that opened the last first; without keys, a packet is open."""

    def __init__(self, sessions: list[Session]) -> None:
        self._sessions = sessions

    def open(self, data: bytes) -> bytes | None:
        offset = offset_of(data)
        if not self._sessions:
            return data[offset:]
        for rank, session in enumerate(self._sessions):
            if (payload := session.open(data, offset)) is not None:
                self._sessions.insert(0, self._sessions.pop(rank))
                return payload
        return None


def _packet(at: float, data: bytes, opener: Opener) -> Packet:
    sequence, timestamp = struct.unpack_from(">HI", data, 2)
    return Packet(at, sequence, timestamp, bool(data[1] >> 7), data[1] & 127, opener.open(data))


def offset_of(data: bytes) -> int:
    """Where the payload begins: after the contributing sources and the extension."""
    offset = RTP_HEADER + 4 * (data[0] & 15)
    if data[0] & 16 and len(data) >= offset + 4:
        offset += 4 + 4 * int.from_bytes(data[offset + 2 : offset + 4], "big")
    return offset
