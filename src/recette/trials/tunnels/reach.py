"""What a connected laptop reaches, knock by knock, and what the firewalls wrote of the rest."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address

from recette.platform import Platform
from recette.probes.agents import source as agent
from recette.probes.firewall import drops_since
from recette.probes.journal import Journal
from recette.site import Flow, Host, Site

PORTS = (22, 53, 80, 88, 135, 389, 443, 445, 465, 502, 587, 636, 993, 1812, 3128, 3389, 5061, 8006, 10050)
"""Services of the site, and those that are commonly attacked."""
PACE, AT_ONCE, FIRST_PORT, LIMIT_S = 200, 200, 20000, 120.0
ANSWERED, SILENT = "answered", "silent"


@dataclass(frozen=True, slots=True)
class Knock:
    """One TCP attempt: who was aimed at, whether a flow of the matrix opens it, and what came back.

    `dropped`: the first level, where the tunnel ends, wrote that it refused it.
    """

    name: str
    address: IPv4Address
    port: int
    flow: str
    outcome: str
    dropped: bool

    @property
    def right(self) -> bool:
        """Whether it ended as the matrix wants, both ends telling."""
        return self.outcome == ANSWERED if self.flow else self.outcome == SILENT and self.dropped

    def __str__(self) -> str:
        wanted = f"accepté ({self.flow})" if self.flow else "refusé et journalisé"
        got = self.outcome + (", journalisé" if self.dropped else "")
        return f"{self.name} {self.address} port {self.port} — Obtenu : {got} — Attendu : {wanted}"


def services(site: Site, zone: str) -> dict[tuple[IPv4Address, int], Flow]:
    """TCP services that the matrix opens to a zone."""
    return {
        (host.address, port): flow
        for flow in site.flows
        if zone in flow.source and flow.protocol == "tcp"
        for host in site.expand(flow.destination)
        for ports in flow.ports
        for port in range(ports.first, ports.last + 1)
    }


def everywhere(platform: Platform, laptop: Host, zone: str) -> list[Knock]:
    """From a connected laptop, knock at every host of the site, firewalls included."""
    site = platform.site
    inside = [host for host in site.hosts.values() if host.level or not site.zone(host.zones[0]).outer]
    return knock(platform, laptop, zone, [(host.name, host.address) for host in inside])


def knock(platform: Platform, laptop: Host, zone: str, targets: Iterable[tuple[str, IPv4Address]]) -> list[Knock]:
    """Knock from a connected laptop at addresses. Inconclusive if the logs of the firewalls are incomplete."""
    opened = services(platform.site, zone)
    aims = [(name, address, port) for name, address in targets for port in PORTS]
    cells = [
        [rank, str(address), "tcp", port, "service" if (address, port) in opened else "refused"]
        for rank, (_, address, port) in enumerate(aims)
    ]
    journal = Journal(platform.site, platform.remote)
    mark = journal.mark()
    asked = {"cells": cells, "nonce": secrets.token_hex(4), "first_port": FIRST_PORT, "pace": PACE, "at_once": AT_ONCE}
    told = {rank: rest for rank, *rest in platform.remote.python(laptop.name, agent("knock"), asked, timeout_s=LIMIT_S)}
    dropped = {
        (entry.source, entry.sport, entry.target, entry.dport)
        for entry in drops_since(journal, mark)
        if entry.level == 1
    }
    return [
        Knock(
            name=name,
            address=address,
            port=port,
            flow=opened[address, port].id if (address, port) in opened else "",
            outcome=told[rank][0],
            dropped=(told[rank][2], told[rank][3], str(address), port) in dropped,
        )
        for rank, (name, address, port) in enumerate(aims)
    ]
