"""Hard bounds of every attack: checked where it is asked for, and again on the host that would send it."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from typing import Any

MAX_PACKETS = 4_000
"""Frames of one batch; each has its own mark, and 16 bits of IP identification bear them."""
MAX_FLOOD = 50_000
MAX_RATE = 5_000
"""Packets of a flood, in all and a second: a twin that shares two cores must survive it."""
MAX_SECONDS = 60.0
MAX_FRAMES = 6_000
"""Frames that a capture keeps; those beyond are counted only."""
LINK_SCOPE = ("224.0.0.18", "ff02::1")
"""Multicast destinations, never forwarded: VRRP routers and all nodes of the link."""


def bounded(what: str, value: float, highest: float) -> None:
    """Refuse a value that is not between 0 and its hard limit."""
    if not 0 <= value <= highest:
        raise ValueError(f"{what} = {value:g}: at most {highest:g} allowed, choose less")


def in_scope(destination: str, scope: Iterable[str]) -> None:
    """Refuse a destination that is neither in the networks of the twin nor a multicast of the link."""
    address = ip_address(destination)
    networks = [ip_network(network) for network in scope]
    if destination not in LINK_SCOPE and not any(address in network for network in networks):
        raise ValueError(f"{destination} is outside the networks of the twin: nothing is sent to it")


def frames_of(shot: dict[str, Any]) -> int:
    """Frames that a shot may send, counted high: the longest recipes send three of them at a time."""
    return int(shot["count"]) * max(3, len(shot.get("vrids", ())))


def check(shots: Iterable[dict[str, Any]], scope: Iterable[str]) -> None:
    """Refuse a batch that is too long, too large or that leaves the twin."""
    batch, networks = list(shots), list(scope)
    bounded("packets of the batch", sum(map(frames_of, batch)), MAX_PACKETS)
    bounded("seconds of the batch", sum(shot["count"] * shot["gap_s"] for shot in batch), MAX_SECONDS)
    for shot in batch:
        in_scope(shot["destination"], networks)
