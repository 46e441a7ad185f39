"""Packets of the attacks, by name. The only module that knows scapy.

A shot is a mapping: `kind` (a key of `RECIPES`), `source`, `destination`, `sport`, `dport`, `mark` (IPv4 identification
or IPv6 flow label), `nonce` (32 bits, in the TCP sequence or in the payload) and the options of its kind.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from typing import Any

from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_LSRR, IPOption_SSRR
from scapy.layers.inet6 import (
    ICMPv6EchoRequest,
    ICMPv6ND_RA,
    ICMPv6NDOptPrefixInfo,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
)
from scapy.layers.l2 import ARP, Ether
from scapy.layers.vrrp import VRRP, VRRPv3
from scapy.packet import Packet, Raw

Shot = dict[str, Any]

FRAGMENT = 8
"""Smallest fragment that IPv4 allows: ports and sequence in the first, flags only in the second."""
PROTO_TCP, PROTO_VRRP = 6, 112
V3 = 3
QUOTED_PORT = 53
"""A datagram that a redirect quotes would have gone to a name server."""


def is_ipv6(shot: Shot) -> bool:
    return isinstance(ip_address(shot["destination"]), IPv6Address)


def network(shot: Shot, **fields: Any) -> Packet:
    """IPv4 or IPv6 header that bears the mark of the shot."""
    if is_ipv6(shot):
        return IPv6(src=shot["source"], dst=shot["destination"], fl=shot["mark"], **fields)
    return IP(src=shot["source"], dst=shot["destination"], id=shot["mark"], **fields)


def nonce(shot: Shot) -> bytes:
    return int(shot["nonce"]).to_bytes(4, "big")


def _segment(shot: Shot) -> Packet:
    options = [("MSS", 1460)] if shot["flags"] == "S" else []
    return TCP(
        sport=shot["sport"],
        dport=shot["dport"],
        flags=shot["flags"],
        seq=shot["nonce"],
        # Where fragments are cut, the second one bears the nonce too.
        ack=shot["nonce"],
        urgptr=1 if "U" in shot["flags"] else 0,
        options=options,
    )


def tcp(shot: Shot) -> list[Packet]:
    return [network(shot) / _segment(shot)]


def udp(shot: Shot) -> list[Packet]:
    return [network(shot) / UDP(sport=shot["sport"], dport=shot["dport"]) / Raw(nonce(shot))]


def echo(shot: Shot) -> list[Packet]:
    seq = shot["nonce"] & 0xFFFF
    if is_ipv6(shot):
        return [network(shot) / ICMPv6EchoRequest(id=shot["sport"], seq=seq, data=nonce(shot))]
    return [network(shot) / ICMP(id=shot["sport"], seq=seq) / Raw(nonce(shot))]


def protocol(shot: Shot) -> list[Packet]:
    """Neither TCP, UDP nor ICMP: GRE, ESP, IP in IP… with the nonce as its content."""
    field = "nh" if is_ipv6(shot) else "proto"
    return [network(shot, **{field: shot["protocol"]}) / Raw(nonce(shot))]


def source_route(shot: Shot) -> list[Packet]:
    """Loose or strict source route: to `destination`, which is asked to pass the packet on to `hops`.

    The checksum is for `destination`, not for the last hop as in RFC 1122: a firewall must refuse the route itself,
    not an error of checksum.
    """
    option = (IPOption_SSRR if shot["strict"] else IPOption_LSRR)(routers=shot["hops"], pointer=4)
    return [network(shot, options=[option], proto=PROTO_TCP) / Raw(_segment_bytes(shot))]


def _segment_bytes(shot: Shot, content: bytes = b"") -> bytes:
    return bytes((network(shot) / _segment(shot) / Raw(content))[TCP])


def pieces(shot: Shot, cut: list[tuple[int, bytes]]) -> list[Packet]:
    """Fragments of one TCP datagram, each at its offset in bytes; the last of the list ends the datagram."""
    more = ["MF"] * (len(cut) - 1) + [0]
    return [
        network(shot, frag=at // FRAGMENT, flags=flags, proto=PROTO_TCP) / Raw(piece)
        for (at, piece), flags in zip(cut, more, strict=True)
    ]


def tiny_fragments(shot: Shot) -> list[Packet]:
    """A segment cut so that a filter sees no flags in the first fragment, and no ports in the others."""
    whole = _segment_bytes(shot)
    return pieces(shot, [(at, whole[at : at + FRAGMENT]) for at in range(0, len(whole), FRAGMENT)])


def overlapping_fragments(shot: Shot) -> list[Packet]:
    """A segment to the permitted port `decoy`, whose second fragment rewrites the port to `dport`.

    The first fragment has `shown` bytes, the one that rewrites it `hidden`: contained in it, or longer.
    """
    content = nonce(shot) * 2
    decoy, whole = _segment_bytes(shot | {"dport": shot["decoy"]}, content), _segment_bytes(shot, content)
    first, second, end = shot["shown"], shot["hidden"], len(whole) - len(content)
    return pieces(shot, [(0, decoy[:first]), (0, whole[:second]), (end, content)])


def redirect(shot: Shot) -> list[Packet]:
    """ICMP redirect in the gateway's name: `about` should be reached through `gateway`.

    Hosts weigh the packet that is quoted: an echo answer needs no socket to be believed, a datagram needs one.
    """
    quoted = IP(src=shot["destination"], dst=shot["about"], id=shot["mark"])
    answer, datagram = ICMP(type=0, id=shot["sport"]), UDP(sport=shot["sport"], dport=QUOTED_PORT)
    told = ICMP(type=5, code=1, gw=shot["gateway"])
    return [network(shot) / told / quoted / content / Raw(nonce(shot)) for content in (answer, datagram)]


def vrrp(shot: Shot) -> list[Packet]:
    """Advertisement of every virtual router of `vrids`, with the real virtual addresses, at `priority`.

    The interval is in hundredths of a second in version 3, in seconds in version 2.
    """
    virtual = shot["virtual"]
    fields = {"priority": shot["priority"], "ipcount": len(virtual), "addrlist": virtual}
    layer: type[Packet] = VRRPv3 if shot["version"] == V3 else VRRP
    adv = shot["advert_cs"] if layer is VRRPv3 else max(1, round(shot["advert_cs"] / 100))
    header = network(shot, ttl=255, proto=PROTO_VRRP)
    return [header / layer(vrid=vrid, adv=adv, **fields) for vrid in shot["vrids"]]


def arp(shot: Shot) -> list[Packet]:
    """ARP answer to one victim: `claimed` would be at link address `at`."""
    return [ARP(op=2, psrc=shot["claimed"], hwsrc=shot["at"], pdst=shot["destination"], hwdst=shot["peer_mac"])]


def router_advertisement(shot: Shot) -> list[Packet]:
    """Rogue router and prefix, believed for `life_s` seconds; a life of 0 takes them back."""
    life = shot["life_s"]
    return [
        network(shot, hlim=255)
        / ICMPv6ND_RA(prf=1, routerlifetime=life)
        / ICMPv6NDOptPrefixInfo(prefix=shot["prefix"], prefixlen=64, validlifetime=life, preferredlifetime=life // 2)
        / ICMPv6NDOptSrcLLAddr(lladdr=shot["mac"])
    ]


RECIPES: dict[str, Callable[[Shot], list[Packet]]] = {
    "tcp": tcp,
    "udp": udp,
    "echo": echo,
    "protocol": protocol,
    "source-route": source_route,
    "tiny-fragments": tiny_fragments,
    "overlapping-fragments": overlapping_fragments,
    "redirect": redirect,
    "vrrp": vrrp,
    "arp": arp,
    "router-advertisement": router_advertisement,
}


def frames(shot: Shot, mac: str, peer_mac: str) -> list[bytes]:
    """Frames of one repetition of a shot, ready for the link between the two addresses."""
    complete = shot | {"mac": mac, "peer_mac": peer_mac}
    if shot["kind"] == "arp" and not shot.get("at"):
        complete["at"] = mac
    return [bytes(Ether(src=mac, dst=peer_mac) / packet) for packet in RECIPES[shot["kind"]](complete)]
