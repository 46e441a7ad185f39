"""Whose is this frame: joins what captures kept to the shots that were fired."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from recette.probes.attacks import dissect
from recette.probes.attacks.agents.link import Frame
from recette.probes.attacks.model import Marker, Shot

UNMARKED = {"vrrp", "router-advertisement", "tiny-fragments"}
"""Kinds whose frames do not all bear the nonce: they are known by their mark and their source."""
EVERYBODY = "255.255.255.255"


@dataclass(frozen=True)
class Fired:
    """A shot that `host` has sent; `error` says why it could not, if it could not."""

    host: str
    shot: Shot
    marker: Marker
    sent: int
    error: str | None


def owners(fired: Sequence[Fired], frames: Iterable[Frame]) -> dict[int, tuple[Frame, ...]]:
    """Frames of each shot, by the position of the shot; frames of nobody are left out."""
    marks = {mark: at for at, one in enumerate(fired) for mark in range(one.marker.first, one.marker.last + 1)}
    found: dict[int, list[Frame]] = defaultdict(list)
    for frame in frames:
        packet = dissect.packet(frame.data)
        at = marks.get(packet.mark) if packet else None
        if packet is not None and at is not None and _bears(fired[at], frame, packet):
            found[at].append(frame)
    return {at: tuple(kept) for at, kept in found.items()}


def _bears(one: Fired, frame: Frame, packet: dissect.Packet) -> bool:
    if one.marker.nonce.to_bytes(4, "big") in frame.data:
        return True
    return one.shot.kind in UNMARKED and packet.source == one.marker.source


def harmful(one: Fired, frame: Frame) -> bool:
    """Whether a frame of this shot is what its attack wanted on the target.

    Overlapping fragments may come through as the permitted segment that they pretend to be: then the forgery failed.
    """
    packet = dissect.packet(frame.data)
    return one.shot.kind != "overlapping-fragments" or (packet is not None and packet.dport == one.marker.dport)


def answers(fired: Sequence[Fired], captures: Mapping[str, Iterable[Frame]]) -> dict[int, tuple[Frame, ...]]:
    """Packets that came to an attacker, by the position of its shot that they answer; -1 for those of no shot.

    Those of no shot are not noise by nature: an attacked site that says anything unforeseen speaks there.
    """
    found: dict[int, list[Frame]] = defaultdict(list)
    for host, frame in ((host, frame) for host, frames in captures.items() for frame in frames if not frame.out):
        packet = dissect.packet(frame.data)
        if packet is not None and not _of_the_link(packet):
            own = (at for at, one in enumerate(fired) if one.host == host and _answers(one, frame, packet))
            found[next(own, -1)].append(frame)
    return {at: tuple(kept) for at, kept in found.items()}


def _of_the_link(packet: dissect.Packet) -> bool:
    """What neighbours say to everybody, or to find each other: nobody's answer."""
    if ip_address(packet.destination).is_multicast or packet.destination == EVERYBODY:
        return True
    return packet.protocol == dissect.ICMP6 and packet.icmp is not None and packet.icmp[0] in dissect.NEIGHBOURHOOD


def _answers(one: Fired, frame: Frame, packet: dissect.Packet) -> bool:
    marker = one.marker
    if packet.quoted is not None:
        return marker.first <= packet.quoted.mark <= marker.last
    if packet.icmp is not None:
        reply = packet.icmp[0] == dissect.ECHO_REPLY[packet.protocol]
        return reply and packet.sport == marker.sport and marker.nonce.to_bytes(4, "big") in frame.data
    if packet.dport is not None:
        return packet.dport == marker.sport and packet.sport == marker.dport
    return packet.source == marker.destination and packet.protocol == one.shot.options.get("protocol")


@dataclass(frozen=True)
class Seen:
    """What one host's capture saw of one shot."""

    inbound: tuple[Frame, ...]
    outbound: tuple[Frame, ...]


def split(frames: Iterable[Frame], dev: str | None = None) -> Seen:
    """Frames by direction, on one device or on all."""
    kept = [frame for frame in frames if dev is None or frame.dev == dev]
    return Seen(tuple(frame for frame in kept if not frame.out), tuple(frame for frame in kept if frame.out))
