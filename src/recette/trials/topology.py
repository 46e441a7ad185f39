"""What the hosts' own network configuration says, held against the inventory."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from recette.platform import Platform
from recette.probes.host import HostFacts, facts
from recette.site import Host, Site

FORWARDING = ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding")
OWN_PROTOCOLS = frozenset({"kernel", "ra"})
"""Routes that come with an address; a router advertisement's is caught by its address, which no inventory declares."""


@dataclass(frozen=True)
class Survey:
    """The facts of every host, by name."""

    site: Site
    hosts: dict[str, HostFacts]

    def relaying(self) -> list[str]:
        """Hosts that forward packets although the inventory does not say so."""
        return [
            f"{name} relaie des paquets ({key}=1)"
            for name, seen in self.hosts.items()
            for key in FORWARDING
            if seen.sysctl[key] == "1" and not self.site.host(name).forwarding
        ]

    def undeclared(self) -> list[str]:
        """Addresses and routes that the inventory does not hold, and those that it holds and the host lacks."""
        return [line for name in self.hosts for line in self._differences(self.site.host(name), self.hosts[name])]

    def _differences(self, host: Host, seen: HostFacts) -> list[str]:
        declared = {str(a) for i in host.interfaces for a in (i.address, i.address6)}
        virtual = self._virtual(host)
        held = {
            a for zone, many in seen.addresses.items() if zone != "lo" for a in many if not ip_address(a).is_link_local
        }
        lines = [f"{host.name} : adresse {a} non déclarée" for a in sorted(held - declared - virtual)]
        lines += [f"{host.name} : adresse {a} déclarée mais absente" for a in sorted(declared - held)]
        wanted = {(str(route.to), str(route.via)) for route in host.routes}
        routes = {(_network(r["dst"], r["gateway"]), r["gateway"]) for r in seen.routes if "gateway" in r}
        # The default route of a firewall of level 1 follows the health of the operators.
        allowed = wanted | {
            (default, via) for default, via in routes if host.level == 1 and _is_operator(self.site, via)
        }
        lines += [f"{host.name} : route {to} par {via} non déclarée" for to, via in sorted(routes - allowed)]
        lines += [f"{host.name} : route {to} par {via} déclarée mais absente" for to, via in sorted(wanted - routes)]
        return lines

    def _virtual(self, host: Host) -> set[str]:
        group = host.redundancy or ""
        zones = self.site.vips.get(group, {})
        return {str(a) for a in zones.values()} | {str(self.site.vip6(group, zone)) for zone in zones}


def survey(platform: Platform) -> Survey:
    """Ask every host, one round trip each."""
    return Survey(platform.site, facts(platform.remote, platform.site.hosts, FORWARDING))


def _network(to: str, via: str) -> str:
    if to == "default":
        return "::/0" if ":" in via else "0.0.0.0/0"
    return str(ip_network(to))


def _is_operator(site: Site, via: str) -> bool:
    zone = site.zone_of(ip_address(via))
    return zone is not None and zone.role == "operateur"
