"""What somebody who listens at an operator's sees of an exchange between two sites."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from scapy.layers.inet import IP
from scapy.packet import Packet

from recette.platform import Platform
from recette.probes.agents import source as agent
from recette.probes.capture import Capture, capture
from recette.site import Host, Zone
from recette.site.topology import agreed
from recette.trials.tunnels.ends import Ends

KERBEROS, NAMES = 88, 53
"""UDP services that the flow matrix opens through the tunnel: toward the site, and back."""
EACH_S = 0.02
"""Between two messages; whether they are answered does not matter here."""
DRAIN_S = 0.5
"""Time for the last packets to reach a capture."""


def _marker() -> bytes:
    return f"RECETTE-{secrets.token_hex(8)}".encode()


@dataclass
class Exchange:
    """Marked messages between an office of the other site and a server, and what was captured meanwhile."""

    office: Host
    server: Host
    inner: tuple[IPv4Network, ...]
    marker: bytes = field(default_factory=_marker)
    sent: int = 0
    outside: list[Capture] = field(default_factory=list)
    inside: dict[str, Capture] = field(default_factory=dict)
    """Where each end's messages come out of the tunnel, by the name of their sender."""

    def message(self, sender: Host, word: str) -> str:
        """A message in hexadecimal: the marker, who sends it, and a word that no other one has."""
        return (self.marker + f".{sender.name}.{word};".encode()).hex()

    def leaks(self) -> list[str]:
        """Packets at the operators' between the two sites, or that show the marker; one line each.

        What the other site sends to the Internet, by its own access, is none of the tunnel's business.
        """
        return [line for each in self.outside for packet in each.packets() for line in self._shown(each.name, packet)]

    def seen_outside(self) -> int:
        """Packets captured at the operators': none would mean that nobody listened."""
        return sum(len(each.packets()) for each in self.outside)

    def arrived(self) -> set[str]:
        """Messages met in clear beyond the tunnel, each once: what the search for leaks would have found."""
        told = re.compile(re.escape(self.marker) + rb"\.([^.;]+\.[^;]+);")
        found = ((name, told.search(bytes(packet))) for name, each in self.inside.items() for packet in each.packets())
        words = {(name, match[1].decode()) for name, match in found if match}
        return {word for name, word in words if word.startswith(f"{name}.")}

    def dropped(self) -> int:
        """Packets that a capture lost."""
        return sum(each.dropped for each in (*self.outside, *self.inside.values()))

    def _shown(self, where: str, packet: Packet) -> list[str]:
        ends = (packet[IP].src, packet[IP].dst) if IP in packet else ()
        if ends and all(any(IPv4Address(end) in network for network in self.inner) for end in ends):
            return [f"{where} : {' vers '.join(ends)}"]
        return [f"{where} : message lisible, {packet.summary()}"] if self.marker in bytes(packet) else []


def agreed_networks(platform: Platform, ends: Ends) -> set[str]:
    """Networks that the tunnel may carry, by the flow matrix: those of the site, and the other site's."""
    return {str(network) for network in (ends.zone.network, *agreed(platform.site, ends.zone))}


@contextmanager
def listened(platform: Platform, zone: Zone, office: Host, folder: Path) -> Iterator[Exchange]:
    """Listen at every operator, on each side, and beyond the tunnel, until the block ends.

    `zone` is what the tunnel reaches, `office` the host that speaks from there: at the headquarters, or a laptop, which
    is itself the end of its tunnel.
    """
    site = platform.site
    inner = (zone.network, *(zone.network for zone in site.zones.values() if not zone.outer))
    server = next(host for host in site.hosts.values() if "annuaire" in host.groups)
    exchange = Exchange(office, server, inner)

    def listen(host: Host, zone: str, expression: str) -> Capture:
        path = folder / f"{host.name}-{zone}.pcap"
        return stack.enter_context(capture(platform.remote, host.name, zone, path, expression))

    with ExitStack() as stack:
        operators = [host for host in site.hosts.values() if "operateurs" in host.groups]
        exchange.outside = [listen(host, zone, "ip") for host in operators for zone in host.zones]
        exchange.inside = {office.name: listen(server, server.zones[0], "udp")}
        if zone.name in office.zones:
            exchange.inside[server.name] = listen(office, zone.name, "udp")
        yield exchange
        time.sleep(DRAIN_S)


def tell(platform: Platform, exchange: Exchange, count: int) -> None:
    """Send `count` marked messages from the office to the server."""
    words = [exchange.message(exchange.office, str(rank)) for rank in range(count)]
    order = _order(exchange.server, NAMES, words)
    platform.remote.python(exchange.office.name, agent("datagrams"), order, timeout_s=EACH_S * count + 20)
    exchange.sent += count


def talk(platform: Platform, exchange: Exchange, count: int) -> None:
    """Send `count` marked messages from each end to the other, as the flow matrix allows."""
    office, server = exchange.office, exchange.server
    first = exchange.sent
    orders = {
        source.name: _order(target, port, [exchange.message(source, str(first + rank)) for rank in range(count)])
        for source, target, port in ((office, server, KERBEROS), (server, office, NAMES))
    }
    platform.remote.map_python(agent("datagrams"), orders, timeout_s=EACH_S * count + 20)
    exchange.sent += 2 * count


def stray(platform: Platform, exchange: Exchange) -> list[Host]:
    """From the other site, send a message to one host of every zone, and to the server that the tunnel does serve.

    Returns the hosts aimed at that the tunnel does not serve.
    """
    site, office, served = platform.site, exchange.office, exchange.server
    zones = [zone.name for zone in site.zones.values() if not zone.outer and zone.name not in served.zones]
    aimed = {host.zones[0]: host for host in site.hosts.values() if host.zones[0] in zones}
    for target in (*aimed.values(), served):
        order = _order(target, KERBEROS, [exchange.message(office, target.name)])
        platform.remote.python(office.name, agent("datagrams"), order)
    exchange.sent += 1
    return list(aimed.values())


def _order(target: Host, port: int, messages: list[str]) -> dict[str, object]:
    return {"address": str(target.address), "port": port, "messages": messages, "limit_s": EACH_S}
