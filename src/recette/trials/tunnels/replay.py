"""Encrypted packets recorded at an operator's, and sent a second time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from scapy.layers.inet import IP, UDP
from scapy.packet import Packet

from recette.platform import Platform
from recette.probes.agents import source as agent
from recette.probes.capture import capture
from recette.trials.tunnels.ends import Ends
from recette.trials.tunnels.secrecy import DRAIN_S, listened, talk

ENCAPSULATED = 4500
IKE_MARK = bytes(4)
"""What begins a message of IKE on that port, where encrypted traffic has its SPI (RFC 3948)."""
KEEPALIVE = 1


@dataclass(frozen=True, slots=True)
class Replay:
    """Counts: messages come out of the tunnel at first, frames sent again, met again, and messages come out then."""

    first: int
    sent: int
    met: int
    again: int


def replay(platform: Platform, ends: Ends, folder: Path, count: int) -> Replay:
    """Record `count` messages of the other site at the operator in service, and send their frames again from there."""
    wan = next(zone for zone in ends.active.zones if ends.near.name.endswith(zone))
    operator = next(host for host in platform.site.hosts.values() if wan in host.zones and host.level is None)
    heard = f"udp port {ENCAPSULATED} and src host {ends.near.peer_address}"
    remote = platform.remote
    with (
        listened(platform, ends.zone, platform.site.sondes()[ends.zone.name], folder) as exchange,
        capture(remote, operator.name, wan, folder / "esp.pcap", heard) as esp,
    ):
        talk(platform, exchange, count)
    frames = [packet for packet in esp.packets() if _is_traffic(packet)]
    with (
        capture(remote, ends.active.name, wan, folder / "rejeu-recu.pcap", heard) as met,
        capture(remote, exchange.server.name, exchange.server.zones[0], folder / "rejeu-dedans.pcap", "udp") as inside,
    ):
        order = {"interface": wan, "frames": [bytes(frame).hex() for frame in frames]}
        sent = remote.python(operator.name, agent("frames"), order)
        time.sleep(DRAIN_S)
    known = {bytes(frame[UDP].payload) for frame in frames}
    return Replay(
        first=len(exchange.arrived()),
        sent=sent,
        met=sum(UDP in packet and bytes(packet[UDP].payload) in known for packet in met.packets()),
        again=sum(exchange.marker in bytes(packet) for packet in inside.packets()),
    )


def _is_traffic(packet: Packet) -> bool:
    """Whether a packet carries encrypted traffic, whole."""
    if UDP not in packet or packet[IP].len != len(packet[IP]):
        return False
    content = bytes(packet[UDP].payload)
    return len(content) > KEEPALIVE and not content.startswith(IKE_MARK)
