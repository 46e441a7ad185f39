"""What is thrown, and what is told of it: facts, judged by others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Shot:
    """One attack as data; `kind` and `options` are those of `agents.craft`.

    `source` is None for the attacker's own address. `targets` are the hosts that nothing of it should reach.
    `dev` and `via` force the device and the neighbour through which it leaves. Repeated `count` times, `gap_s` apart.
    """

    name: str
    kind: str
    destination: str
    source: str | None = None
    targets: tuple[str, ...] = ()
    count: int = 2
    gap_s: float = 0.005
    dev: str | None = None
    via: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Marker:
    """How the packets of one attack are known wherever they are met.

    IPv4 identification (IPv6: flow label) between `first` and `last`, `nonce` as TCP sequence number or payload;
    `source` as sent (None: several), ports where the protocol has them (an echo's identifier is its `sport`); sent
    between `since` and `until`, in seconds since the epoch on the controller's clock, the same for a whole volley.
    """

    first: int
    last: int
    nonce: int
    source: str | None
    destination: str
    sport: int | None
    dport: int | None
    since: float
    until: float

    def matches(self, source: str, sport: int) -> bool:
        """Whether a line of a firewall's log is of this attack: its source, and its port if it has one.

        The destination is left out, for the log may have it translated; ports are drawn once in a volley.
        """
        return source == self.source and sport in {self.sport or 0, 0}


@dataclass(frozen=True)
class Attack:
    """One attack and what was seen of it.

    `source` is the attacking host. `sent` and `arrived` count frames: what left, and what the targets' captures saw.
    `answers` are the packets of the site that came back to the attacker, one line each. `control_ok` says that silence
    means something: everything sent was seen leaving, reached the firewall that should refuse it, and the captures
    that saw nothing of it saw a permitted witness. `details` are facts that depend on the attack: see the methods of
    `Attacks`. `drops` is what the firewalls' log says about the marker. `pcap` is a pcapng file, one interface a host
    and device.
    """

    name: str
    source: str
    sent: int
    arrived: int
    answers: tuple[str, ...]
    control_ok: bool
    details: Mapping[str, Any]
    pcap: bytes | None
    marker: Marker
    drops: tuple[Any, ...] = ()


Drops = Callable[[Marker], Sequence[Any]]
"""Looks up the drops that the firewalls logged for a marker; it waits itself for a log that lags behind."""


def no_drops(_: Marker) -> Sequence[Any]:
    """For a site whose firewalls' log is not read."""
    return ()
