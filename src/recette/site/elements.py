"""What a site is made of: zones, hosts, addresses and authorised flows, all immutable."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Literal

from recette.errors import RecetteError

Role = Literal["internet", "operateur", "dmz", "transit", "interne", "production", "isolee", "tunnel"]
Vpn = Literal["site", "nomades"]
"""How a zone of role `tunnel` is reached: by the gateway that routes it, or by machines that come one by one."""
OUTER_ROLES = frozenset({"internet", "operateur", "tunnel"})
"""Roles of the zones that lie beyond the first firewall level."""
FIREWALL_LEVELS = {"pare_feu_externe": 1, "pare_feu_interne": 2}


def same_digits(address: IPv4Address, network6: IPv6Network) -> IPv6Address:
    """Return the IPv6 address that ends with the decimal digits of the last IPv4 byte (.11 gives ::11)."""
    return network6.network_address + int(str(address.packed[-1]), 16)


@dataclass(frozen=True, slots=True)
class Zone:
    """One network segment. A `tunnel` zone reaches the site through a VPN only; without `vpn`, not at all."""

    name: str
    vlan: int | None
    network: IPv4Network
    network6: IPv6Network
    gateway: IPv4Address | None
    role: Role
    sonde: str | None
    vpn: Vpn | None = None

    @property
    def gateway6(self) -> IPv6Address | None:
        """The same gateway in the other family."""
        return same_digits(self.gateway, self.network6) if self.gateway else None

    @property
    def outer(self) -> bool:
        """Whether the zone lies beyond the first firewall level."""
        return self.role in OUTER_ROLES


@dataclass(frozen=True, slots=True)
class Interface:
    """A host's foot in a zone; it bears the zone's name."""

    zone: str
    address: IPv4Address
    address6: IPv6Address

    @property
    def name(self) -> str:
        """Name of the network interface inside the host."""
        return self.zone

    @property
    def mac(self) -> str:
        """Hardware address in the twin: 02:94 and the four bytes of the IPv4 address."""
        return "02:94:" + self.address.packed.hex(":")


@dataclass(frozen=True, slots=True)
class Route:
    """A static route, beside the connected ones."""

    to: IPv4Network | IPv6Network
    via: IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Host:
    """A machine. `routes` is complete in both families: written and derived ones, default included."""

    name: str
    interfaces: tuple[Interface, ...]
    routes: tuple[Route, ...]
    redundancy: str | None
    groups: frozenset[str]
    image: str
    forwarding: bool

    @property
    def address(self) -> IPv4Address:
        """Main address: the one of the first interface."""
        return self.interfaces[0].address

    @property
    def zones(self) -> tuple[str, ...]:
        """Names of the zones where the host has an interface, main one first."""
        return tuple(interface.zone for interface in self.interfaces)

    @property
    def level(self) -> int | None:
        """Firewall level, 1 outside and 2 inside; None for a host that is no firewall."""
        return next((level for group, level in FIREWALL_LEVELS.items() if group in self.groups), None)

    def interface(self, zone: str) -> Interface:
        """Return the interface in a zone; raise RecetteError when the host has none there."""
        for interface in self.interfaces:
            if interface.zone == zone:
                return interface
        raise RecetteError(f"{self.name} has no interface in zone {zone} (it has {', '.join(self.zones)})")


@dataclass(frozen=True, slots=True)
class Ports:
    """An inclusive range of ports; a single port has first == last."""

    first: int
    last: int

    def __contains__(self, port: int) -> bool:
        """Tell whether a port is in the range."""
        return self.first <= port <= self.last

    def __str__(self) -> str:
        """Write the range as in the matrix: 443 or 10000-10999."""
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


@dataclass(frozen=True, slots=True)
class Flow:
    """One authorised line of the flow matrix. `source` and `destination` are tokens: see `Site.members`.

    `tunnel`: an end lies behind a VPN, so clear text stays refused. `published`: comes from outside to a host of the
    DMZ, so it is reached on both WAN VIPs of level 1 and never on the inside address.
    """

    id: str
    source: tuple[str, ...]
    destination: tuple[str, ...]
    protocol: str
    ports: tuple[Ports, ...]
    requirement: str
    comment: str
    line: int
    tunnel: bool = False
    published: bool = False
