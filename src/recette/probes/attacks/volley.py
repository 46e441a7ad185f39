"""Fires shots from several hosts at once while others are watched, and gives every frame back to its shot."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from recette.errors import RecetteError
from recette.probes.attacks import attribution, capture, ship
from recette.probes.attacks.agents import limits
from recette.probes.attacks.agents.link import Frame
from recette.probes.attacks.attribution import Fired
from recette.probes.attacks.model import Drops, Marker, Shot
from recette.probes.attacks.watchers import Observation, Watched, Watchers
from recette.shell import Remote
from recette.site import Site

FIRST_PORT, PORTS = 20_000, 10_000
"""Below the range from which Linux draws the ports of its own connections."""
LAST_MARK = 0xFFFF
OVERHEAD_S = 30.0
"""Sending costs a connection, the import of scapy and the resolution of neighbours, on a loaded machine."""


@dataclass(frozen=True)
class Volley:
    """All shots fired together, in order, and what was seen of them.

    `left` and `answers` are by position of the shot, from its attacker's own capture (-1: answers to no shot);
    `seen` is by watched host, then by position. `lost` counts frames that some capture could not keep.
    """

    fired: tuple[Fired, ...]
    left: Mapping[int, tuple[Frame, ...]]
    answers: Mapping[int, tuple[Frame, ...]]
    seen: Mapping[str, Mapping[int, tuple[Frame, ...]]]
    observed: Mapping[str, Observation]
    lost: int


class Range:
    """Where shots are fired: a site, the way to its hosts, its firewalls' log. Refuses anything but a digital twin."""

    def __init__(self, site: Site, remote: Remote, drops: Drops) -> None:
        if site.kind != "twin":
            raise RecetteError(f"{site.name}: attacks are for the digital twin only, and site_kind is {site.kind}")
        self.site = site
        self.remote = remote
        self.drops = drops
        self.scope = [str(network) for zone in site.zones.values() for network in (zone.network, zone.network6)]
        """Networks of the twin: agents refuse to send anything elsewhere."""

    def fire(self, shots: Sequence[tuple[str, Shot]], watched: Mapping[str, Watched], answer_s: float = 0.5) -> Volley:
        """Fire (host, shot) pairs, each host its own in order, the hosts side by side.

        Listens `answer_s` seconds after the last packet. RecetteError: nothing to fire, or beyond the hard bounds;
        Inconclusive: a host does not answer.
        """
        wires = [_wire(host, shot, at) for at, (host, shot) in enumerate(shots)]
        self._check(wires, answer_s)
        _mark(wires)
        payloads = {
            host: {"shots": [wire for wire in wires if wire["host"] == host], "scope": self.scope, "answer_s": answer_s}
            for host, _ in shots
        }
        since = time.time()
        with Watchers(self.remote, watched, (wires[0]["mark"], wires[-1]["mark"] + wires[-1]["count"] - 1)) as watchers:
            limit_s = OVERHEAD_S + limits.MAX_SECONDS + answer_s
            replies = self.remote.map_python(ship.source("send"), payloads, timeout_s=limit_s)
            observed = watchers.stop()
        span = (since, time.time())
        fired = tuple(_fired(shot, wire, replies[host], span) for (host, shot), wire in zip(shots, wires, strict=True))
        return _volley(fired, replies, observed)

    def _check(self, wires: list[dict[str, Any]], answer_s: float) -> None:
        if not wires:
            raise RecetteError(f"{self.site.name}: no attack to fire, check the flow matrix and the attacker")
        try:
            limits.check(wires, self.scope)
            limits.bounded("seconds of listening", answer_s, limits.MAX_SECONDS)
        except ValueError as error:
            raise RecetteError(f"{self.site.name}: {error}") from None


def _wire(host: str, shot: Shot, index: int) -> dict[str, Any]:
    """A shot as its agent reads it; marks come later, for all shots together."""
    fields = ("kind", "destination", "source", "count", "gap_s", "dev", "via")
    port = {"sport": FIRST_PORT + index % PORTS, "dport": None}
    return {"host": host, "index": index, **{name: getattr(shot, name) for name in fields}, **port, **shot.options}


def _mark(wires: list[dict[str, Any]]) -> None:
    """Give every packet its own mark, after a random first one, and all of them one nonce."""
    total = sum(wire["count"] for wire in wires)
    mark, nonce = 1 + secrets.randbelow(LAST_MARK - total), secrets.randbits(32)
    for wire in wires:
        wire.update(mark=mark, nonce=nonce)
        mark += wire["count"]


def _fired(shot: Shot, wire: dict[str, Any], reply: dict[str, Any], span: tuple[float, float]) -> Fired:
    index = str(wire["index"])
    marker = Marker(
        first=wire["mark"],
        last=wire["mark"] + wire["count"] - 1,
        nonce=wire["nonce"],
        source=reply["sources"].get(index, shot.source),
        destination=shot.destination,
        sport=wire["sport"],
        dport=wire["dport"],
        since=span[0],
        until=span[1],
    )
    return Fired(wire["host"], shot, marker, reply["sent"].get(index, 0), reply["errors"].get(index))


def _volley(
    fired: tuple[Fired, ...], replies: Mapping[str, dict[str, Any]], observed: Mapping[str, Observation]
) -> Volley:
    own = {host: capture.unpack(reply["frames"]) for host, reply in replies.items()}
    return Volley(
        fired=fired,
        left={
            at: kept
            for host, frames in own.items()
            for at, kept in attribution.owners(fired, (frame for frame in frames if frame.out)).items()
            if fired[at].host == host
        },
        answers=attribution.answers(fired, own),
        seen={host: attribution.owners(fired, found.frames) for host, found in observed.items()},
        observed=observed,
        lost=sum(reply["lost"] for reply in replies.values()) + sum(found.lost for found in observed.values()),
    )
