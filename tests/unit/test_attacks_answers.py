"""Answers of a careless firewall, recorded in the lab, and what is made of them."""

from __future__ import annotations

import base64
import io
import zlib
from dataclasses import replace
from typing import Any

import pytest
from scapy.utils import RawPcapNgReader

from recette.probes.attacks import attribution, capture, dissect
from recette.probes.attacks.agents.link import Frame
from recette.probes.attacks.attribution import Fired
from recette.probes.attacks.model import Marker, Shot

# Nine probes of 198.51.100.4 and 2001:db8:0:a::4 by 198.51.100.1 (marks 28476 to 28484), and eight answers: a
# closed port, a dropped one (25), an unexpected ACK, a UDP port that is unreachable, one that is prohibited…
RECORDED = (
    "eNqdk8Fr01Acx3/JslK7ZjoodimiWedmxW1VlB1G3WrVy8DYwbxNbLXIxtgye2kvBb3Mf0DwolIRVBREUaxH8bCbBz2KehS8mIJOEIT5"
    "+yUv8S19TauB1/6S1/f9/D7vpRFVjewBgDOZQwkJv7fYRc/o/jD7pkuGPrhcXBovpivF1fEi7MCZEJuj31G9yO6/FkLwfbelTWFNQ76x"
    "cbQk259SGE4DjJkZgGyoMUxPcCiGDvG+yu9BGgVZh42LuErpfUFcBYdzLTJOiePMxC1tEutJlyM5NJuTQgpyvlwiBs1BHEl4IUfLxwB6"
    "bzluiudZErgslwNdjtsuSc9lCLRtLhe6dfnw1OfCc1LmtM0Z8TjJv3uW36XD537XRfa58IzEs3/cryTl0+q8gvv1uN1+LfAelqVNYD0h"
    "8tDNGaQMNIY8j2F8HD13xeHw/S+w7CqXHWta2izWs639v4ZM7QdmSw/qbv89PXPXaWV3XNepKnB6u7cZ5JS1s3Uvez/cxexYd07KvmaQ"
    "00/b6Y7npM7VPKeO3CCne2cDnU4Qt5F2s8Nw/4gx4rxvYic++6M/m3/P9Novyn5Y8d4zeOLLlnzZ81z26qOmNor1qKjvQTOH2elG2O27"
    "td95lrnGZT7HTFwIOdEZHKtt2Wdw2zsDeXOFnUEAz3VYE/BuvoTENh5zWP9UAPMkRKeyuqS+wskIWyT57pWr8P68cUB0HiLeNz+P+SFv"
    "Z+6ggKf4+dfgnY8X5FcNSe39TkF0oKOfkaL/p2G096tzvDryyliXW/3U6X7IdPaTlDfrVPx/f+5+UF9/ACS5TLY="
)
FIRST, NONCE = 28476, 192412696
PROBES: tuple[tuple[str, str, str, dict[str, int]], ...] = (
    ("syn-23", "tcp", "198.51.100.4", {"dport": 23}),
    ("syn-25", "tcp", "198.51.100.4", {"dport": 25}),
    ("ack", "tcp", "198.51.100.4", {"dport": 23}),
    ("udp-69", "udp", "198.51.100.4", {"dport": 69}),
    ("udp-161", "udp", "198.51.100.4", {"dport": 161}),
    ("echo", "echo", "198.51.100.4", {}),
    ("gre", "protocol", "198.51.100.4", {"protocol": 47}),
    ("echo-ipv6", "echo", "2001:db8:0:a::4", {}),
    ("udp-ipv6", "udp", "2001:db8:0:a::4", {"dport": 69}),
)
ANSWERS = {
    "syn-23": ["198.51.100.4:23 TCP RA"],
    "ack": ["198.51.100.4:23 TCP R"],
    "udp-69": ["198.51.100.4 ICMP 3/3 (198.51.100.4:69)"],
    "udp-161": ["198.51.100.4 ICMP 3/13 (198.51.100.4:161)"],
    "echo": ["198.51.100.4 ICMP 0/0"],
    "gre": ["198.51.100.4 ICMP 3/2 (198.51.100.4)"],
    "echo-ipv6": ["2001:db8:0:a::4 ICMP 129/0"],
    "udp-ipv6": ["2001:db8:0:a::4 ICMP 1/4 (2001:db8:0:a::4:69)"],
}


def pcapng_frames(content: bytes) -> list[bytes]:
    reader: Any = RawPcapNgReader
    return [data for data, _ in reader(io.BytesIO(content))]


def recorded() -> list[Frame]:
    frames = pcapng_frames(zlib.decompress(base64.b64decode("".join(RECORDED))))
    return [Frame(float(at), "wan-a", _sent(data), data) for at, data in enumerate(frames)]


def _sent(data: bytes) -> bool:
    read = dissect.packet(data)
    return read is not None and read.source in {"198.51.100.1", "2001:db8:0:a::1"}


def fired() -> list[Fired]:
    marker = Marker(0, 0, NONCE, "198.51.100.1", "", None, None, 0.0, 1.0)
    return [
        Fired(
            "fai-a",
            Shot(name, kind, destination, options=options),
            replace(
                marker,
                first=FIRST + at,
                last=FIRST + at,
                destination=destination,
                sport=20_000 + at,
                dport=options.get("dport"),
            ),
            sent=1,
            error=None,
        )
        for at, (name, kind, destination, options) in enumerate(PROBES)
    ]


def told(frames: tuple[Frame, ...]) -> list[str]:
    return [dissect.told(read) for frame in frames if (read := dissect.packet(frame.data))]


def test_every_answer_goes_to_the_probe_that_provoked_it() -> None:
    shots = fired()
    found = attribution.answers(shots, {"fai-a": recorded()})
    assert {shots[at].shot.name: told(frames) for at, frames in found.items()} == ANSWERS


def test_every_probe_is_recognised_where_it_is_seen() -> None:
    shots = fired()
    found = attribution.owners(shots, [frame for frame in recorded() if frame.out])
    assert {shots[at].shot.name: len(frames) for at, frames in found.items()} == {name: 1 for name, *_ in PROBES}


def test_a_packet_with_the_mark_but_not_the_nonce_is_somebody_elses() -> None:
    strangers = [replace(one, marker=replace(one.marker, nonce=NONCE ^ 1)) for one in fired()]
    assert attribution.owners(strangers, recorded()) == {}


def test_an_answer_to_no_probe_is_kept_apart() -> None:
    found = attribution.answers(fired()[5:6], {"fai-a": recorded()})
    assert sorted(found) == [-1, 0]
    assert len(found[-1]) == len(ANSWERS) - 1


LINK = "029400000001" + "029400000002"
ROUTER = "fe800000000000000000000000000001"
NEIGHBOURS = {
    "neighbour advertisement": LINK + "86dd" + "6000000000083aff" + ROUTER * 2 + "88000000" + "00000000",
    "listener report to a group": LINK + "86dd" + "6000000000080001" + ROUTER + "ff02" + "0" * 27 + "016" + "3a" * 8,
    "advertisement to a group": LINK + "0800" + "450000140000000001700000" + "c6336402" + "e0000012",
    "address resolution": LINK + "0806" + "0001080006040001" + "029400000002" + "c6336402" + "0" * 12 + "c6336401",
    "truncated": LINK + "0800" + "4500",
}


@pytest.mark.parametrize("content", NEIGHBOURS.values(), ids=NEIGHBOURS)
def test_what_neighbours_say_to_each_other_is_no_answer(content: str) -> None:
    frame = Frame(0.0, "wan-a", out=False, data=bytes.fromhex(content))
    assert attribution.answers(fired(), {"fai-a": [frame]}) == {}


def test_evidence_is_a_pcapng_with_one_interface_a_host_and_device() -> None:
    frames = recorded()
    content = capture.pcapng({"fw-ext-1": [frames[1]], "fai-a": [frames[0]]})
    assert pcapng_frames(content) == [frames[0].data, frames[1].data], "in order of time"
    assert b"fw-ext-1/wan-a" in content
    assert b"fai-a/wan-a" in content


def test_frames_survive_the_way_from_the_host() -> None:
    frames = recorded()
    assert capture.unpack(frame.packed() for frame in frames) == tuple(frames)
