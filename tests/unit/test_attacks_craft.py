"""Crafted packets, read back byte by byte: none of them is sent."""

from __future__ import annotations

import socket
import struct
from ipaddress import ip_address
from typing import Any

import pytest
from scapy.layers.inet import IP, TCP

from recette.probes.attacks.agents import craft, flood
from recette.probes.attacks.dissect import datagram, packet, resolution

MAC, PEER = "02:94:c0:00:02:42", "02:94:c0:00:02:01"
MARK, NONCE = 0x1234, 0xDEADBEEF
SHOT = {
    "source": "10.94.30.11",
    "destination": "198.51.100.4",
    "sport": 20_000,
    "dport": 443,
    "flags": "S",
    "mark": MARK,
    "nonce": NONCE,
}


def crafted(kind: str, **options: Any) -> list[bytes]:
    return craft.frames({**SHOT, "kind": kind, **options}, MAC, PEER)


def verified(frame: bytes) -> bytes:
    """The IPv4 packet of a frame whose link addresses and header checksum are right."""
    assert frame[:14] == bytes.fromhex((PEER + MAC).replace(":", "")) + b"\x08\x00"
    header = frame[14 : 14 + (frame[14] & 0xF) * 4]
    assert flood.checksum(header) == 0
    assert struct.unpack("!H", header[4:6]) == (MARK,)
    return frame[14:]


def transport_checksum(ip: bytes, content: bytes) -> int:
    """0 when the content, with its IPv4 pseudo-header, has the right checksum."""
    padded = content + bytes(len(content) % 2)
    return flood.checksum(ip[12:20] + struct.pack("!HH", ip[9], len(content)) + padded)


@pytest.mark.parametrize(("flags", "expected"), [("S", 0x02), ("FPU", 0x29), ("", 0), ("F", 0x01), ("A", 0x10)])
def test_flags_of_scans_are_those_of_rfc_9293(flags: str, expected: int) -> None:
    (frame,) = crafted("tcp", flags=flags)
    ip = verified(frame)
    segment = ip[20:]
    assert segment[13] == expected
    assert struct.unpack("!HHI", segment[:8]) == (20_000, 443, NONCE)
    assert transport_checksum(ip, segment) == 0
    assert (ip[12:16], ip[16:20]) == (socket.inet_aton("10.94.30.11"), socket.inet_aton("198.51.100.4"))


def test_ipv6_bears_the_mark_as_flow_label() -> None:
    (frame,) = crafted("tcp", source="fd94:0:0:30::11", destination="fd94:0:0:10::80")
    assert frame[12:14] == b"\x86\xdd"
    assert struct.unpack("!I", frame[14:18])[0] & 0xFFFFF == MARK
    assert frame[22:38] == ip_address("fd94:0:0:30::11").packed


@pytest.mark.parametrize("kind", ["udp", "echo"])
def test_payloads_bear_the_nonce_and_a_right_checksum(kind: str) -> None:
    ip = verified(crafted(kind)[0])
    assert NONCE.to_bytes(4, "big") in ip[20:]
    assert (transport_checksum(ip, ip[20:]) if kind == "udp" else flood.checksum(ip[20:])) == 0


@pytest.mark.parametrize(("strict", "option"), [(False, 0x83), (True, 0x89)], ids=["loose", "strict"])
def test_source_route_is_the_option_of_rfc_791(strict: bool, option: int) -> None:  # noqa: FBT001 - a case
    ip = verified(crafted("source-route", strict=strict, hops=["10.94.30.11"])[0])
    assert ip[0] == 0x47
    assert ip[20:28] == bytes([option, 7, 4]) + socket.inet_aton("10.94.30.11") + b"\x00"
    assert transport_checksum(ip, ip[28:]) == 0


def test_tiny_fragments_hide_the_flags_from_the_first() -> None:
    fragments = [verified(frame) for frame in crafted("tiny-fragments", dport=22)]
    cut = [(len(ip) - 20, struct.unpack("!H", ip[6:8])[0]) for ip in fragments]
    assert cut == [(8, 0x2000), (8, 0x2001), (8, 0x0002)]
    whole = b"".join(ip[20:] for ip in fragments)
    assert struct.unpack("!HH", whole[:4]) == (20_000, 22)
    assert transport_checksum(fragments[0], whole) == 0


@pytest.mark.parametrize(("shown", "hidden"), [(24, 8), (16, 24)], ids=["contained", "longer"])
def test_overlapping_fragments_rewrite_the_permitted_port(shown: int, hidden: int) -> None:
    frames = crafted("overlapping-fragments", dport=22, decoy=443, shown=shown, hidden=hidden)
    pieces = [verified(frame) for frame in frames]
    assert [struct.unpack("!H", ip[6:8])[0] for ip in pieces] == [0x2000, 0x2000, 3]
    assert [len(ip) - 20 for ip in pieces] == [shown, hidden, 8]
    assert [struct.unpack("!H", ip[22:24])[0] for ip in pieces[:2]] == [443, 22]


def test_redirects_speak_for_the_gateway_and_quote_the_victim() -> None:
    shot = {"source": "10.94.50.1", "destination": "10.94.50.101", "about": "10.94.30.11", "gateway": "10.94.50.102"}
    frames = crafted("redirect", **shot)
    assert len(frames) == 2
    for frame in frames:
        ip = verified(frame)
        assert ip[20:22] == bytes([5, 1])
        assert ip[24:28] == socket.inet_aton("10.94.50.102")
        assert flood.checksum(ip[20:] + bytes(len(ip) % 2)) == 0
        told = packet(frame)
        assert told is not None
        assert told.quoted is not None
        assert (told.quoted.source, told.quoted.destination) == ("10.94.50.101", "10.94.30.11")


def vrrp(version: int) -> list[bytes]:
    options = {"priority": 255, "virtual": ["10.94.130.1"], "vrids": [130, 131], "advert_cs": 30, "version": version}
    return [verified(frame) for frame in crafted("vrrp", destination="224.0.0.18", **options)]


def test_vrrp_version_3_is_that_of_rfc_5798() -> None:
    packets = vrrp(3)
    assert [ip[21] for ip in packets] == [130, 131]
    for ip in packets:
        assert (ip[8], ip[9]) == (255, 112)
        advert = ip[20:]
        assert advert[0] == 0x31
        assert advert[2:4] == bytes([255, 1])
        assert struct.unpack("!H", advert[4:6]) == (30,)
        assert advert[8:] == socket.inet_aton("10.94.130.1")
        assert transport_checksum(ip, advert) == 0


def test_vrrp_version_2_has_seconds_and_no_pseudo_header() -> None:
    advert = vrrp(2)[0][20:]
    assert advert[0] == 0x21
    assert advert[4:6] == bytes([0, 1])
    assert flood.checksum(advert) == 0


@pytest.mark.parametrize(("at", "claimed"), [(None, MAC), ("02:94:0a:5e:32:02", "02:94:0a:5e:32:02")])
def test_arp_answers_claim_the_gateway(at: str | None, claimed: str) -> None:
    (frame,) = crafted("arp", destination="10.94.50.101", claimed="10.94.50.1", at=at)
    message = resolution(frame)
    assert message is not None
    assert (message.address, message.mac, message.answer) == ("10.94.50.1", claimed, True)
    assert frame[38:42] == socket.inet_aton("10.94.50.101")


@pytest.mark.parametrize("life", [10, 0])
def test_router_advertisements_are_forgotten_soon(life: int) -> None:
    (frame,) = crafted(
        "router-advertisement", source="fe80::1", destination="ff02::1", prefix="2001:db8:bad:bad::", life_s=life
    )
    content = frame[14 + 40 :]
    assert frame[14 + 7] == 255
    assert content[0] == 134
    assert struct.unpack("!H", content[6:8]) == (life,)
    valid, preferred = struct.unpack("!II", content[20:28])
    assert (valid, preferred) == (life, life // 2)
    told = datagram(frame[14:], 0x86DD)
    assert told is not None
    assert told.icmp == (134, 0)


def test_the_flood_is_what_scapy_would_send() -> None:
    payload = {
        "packets": 50,
        "sources": ["192.0.2.200", "192.0.2.201"],
        "destination": "198.51.100.4",
        "dport": 443,
        "mark": MARK,
        "nonce": NONCE,
    }
    packets = flood.packets(payload)
    assert packets == flood.packets(payload), "a run can be replayed"
    assert len(set(packets)) == 50
    for raw in packets:
        read = IP(raw)
        ip_sum, tcp_sum = read.chksum, read[TCP].chksum
        del read.chksum
        del read[TCP].chksum
        again = IP(bytes(read))
        assert (again.chksum, again[TCP].chksum) == (ip_sum, tcp_sum)
        assert (read.id, read[TCP].flags, read[TCP].dport, read[TCP].seq) == (MARK, "S", 443, NONCE)
