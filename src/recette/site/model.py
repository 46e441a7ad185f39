"""The site as a whole: what its inventory declares, loaded and checked at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any, Literal, Self

from recette.errors import RecetteError
from recette.site.elements import Flow, Host, Zone, same_digits
from recette.site.names import find, members, nearest


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """The whole site, as its inventory describes it."""

    name: str
    kind: Literal["twin", "site"]
    path: Path
    dns: str
    zones: Mapping[str, Zone]
    hosts: Mapping[str, Host]
    vips: Mapping[str, Mapping[str, IPv4Address]]
    flows: tuple[Flow, ...]
    variables: Mapping[str, Any]

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read and check a site directory; raise RecetteError with file and line at the first mistake."""
        from recette.site.loader import load  # noqa: PLC0415 - the loader builds what this module defines

        return cls(**load(path))

    def host(self, name: str) -> Host:
        """Return a host by name; raise RecetteError with the nearest name."""
        return find(self.hosts, name, "host")

    def zone(self, name: str) -> Zone:
        """Return a zone by name; raise RecetteError with the nearest name."""
        return find(self.zones, name, "zone")

    def flow(self, flow_id: str) -> Flow:
        """Return a flow by its number (FLX-001); raise RecetteError with the nearest number."""
        return find({flow.id: flow for flow in self.flows}, flow_id, "flow")

    def members(self, token: str) -> tuple[Host, ...]:
        """Return the hosts that a token of the flow matrix names, in inventory order.

        A token is, in this order: `site` (every host of the site, firewalls included), a zone (its hosts, without the
        firewalls that route it), a host, a redundancy group, an Ansible group.
        """
        return members(token, self.zones, self.hosts)

    def group(self, redundancy: str) -> tuple[Host, ...]:
        """Return the members of a redundancy group, nominal master first; raise RecetteError when nobody is in it."""
        found = tuple(host for host in self.hosts.values() if host.redundancy == redundancy)
        if not found:
            known = sorted({host.redundancy for host in self.hosts.values() if host.redundancy})
            raise RecetteError(f"unknown redundancy group {redundancy}{nearest(redundancy, known)}")
        return found

    def sondes(self) -> dict[str, Host]:
        """Return the probe host of each zone that has one."""
        return {zone.name: self.hosts[zone.sonde] for zone in self.zones.values() if zone.sonde}

    def zone_of(self, address: IPv4Address | IPv6Address) -> Zone | None:
        """Return the most specific zone that holds an address of either family, or None."""
        holding = [zone for zone in self.zones.values() if address in zone.network or address in zone.network6]
        return max(holding, key=lambda zone: zone.network.prefixlen, default=None)

    def vip6(self, group: str, zone: str) -> IPv6Address:
        """Return the IPv6 twin of a VIP."""
        return same_digits(self.vips[group][zone], self.zones[zone].network6)

    def crosses(self, flow: Flow) -> bool:
        """Tell whether a firewall sees the flow: False when both ends always share a zone, so no rule is needed."""
        return flow.tunnel or any(
            target.level is not None or source.level is not None or not set(source.zones) & set(target.zones)
            for source in self.expand(flow.source)
            for target in self.expand(flow.destination)
            if source is not target
        )

    def joined(self, flow: Flow) -> bool:
        """Tell whether two hosts of the inventory can try the flow: it is in clear, or its tunnel joins two sites."""
        behind = (self.zones[token] for token in (*flow.source, *flow.destination) if token in self.zones)
        return not flow.tunnel or all(zone.vpn == "site" for zone in behind if zone.role == "tunnel")

    def expand(self, tokens: tuple[str, ...]) -> tuple[Host, ...]:
        """Return the hosts of several tokens, each host once."""
        return tuple({host.name: host for token in tokens for host in self.members(token)}.values())
