"""From the files of a site directory to the checked parts of a `Site`."""

from __future__ import annotations

from functools import partial, reduce
from ipaddress import IPv4Address, IPv6Address, ip_network
from itertools import combinations
from pathlib import Path
from typing import Any

from recette import paths
from recette.errors import RecetteError
from recette.site.document import Document, Place, shown
from recette.site.elements import Host, Interface, Route, Zone, same_digits
from recette.site.flux import read_flows
from recette.site.inventory import Entry, Inventory
from recette.site.names import EVERY_HOST, nearest
from recette.site.schema import HostInput, SiteInput, ZoneInput, parse

LONGEST_INTERFACE = 15  # IFNAMSIZ - 1: an interface bears its zone's name
HOSTS, VARIABLES, FLOWS = "hosts.yml", "group_vars/all", "flux.csv"
_MODEL_KEYS = {"site_zones", *SiteInput.model_fields}
_DEFAULTS = (ip_network("0.0.0.0/0"), ip_network("::/0"))


def find_site(name: str) -> Path:
    """Return the directory of a site, from its name under sites/ or from a path; raise RecetteError when unknown."""
    for directory in (paths.ROOT / "sites" / name, Path(name)):
        if name and (directory / HOSTS).is_file():
            return directory.resolve()
    known = sorted(path.parent.name for path in (paths.ROOT / "sites").glob(f"*/{HOSTS}"))
    raise RecetteError(f"unknown site {name}: the known sites are {', '.join(known) or 'none'}")


def load(path: Path) -> dict[str, Any]:
    """Read and check a site directory; return the fields of `Site`, or raise RecetteError with file and line."""
    return _Builder(path.resolve()).fields()


class _Builder:
    def __init__(self, path: Path) -> None:
        files = sorted((path / VARIABLES).glob("*.yml"))
        if not files:
            raise RecetteError(f"{shown(path / VARIABLES)}: no zones.yml there; see sites/modele for an example")
        self.path = path
        self.variables = reduce(Document.merged, map(Document.read, files), Document(path / VARIABLES))
        self.settings = parse(SiteInput, self.variables.data, self.variables.place)
        self.inventory = Inventory(path / HOSTS)
        self.zones: dict[str, Zone] = {}
        self.hosts: dict[str, Host] = {}
        self.owners: dict[IPv4Address | IPv6Address, str] = {}

    def fields(self) -> dict[str, Any]:
        for name in self.variables.mapping(("site_zones",)):
            self.zones[name] = self._zone(name)
        if not self.zones:
            self._fail(("site_zones",), "site_zones: at least one zone is needed")
        self._refuse_overlaps()
        for entry in self.inventory.hosts():
            self.hosts[entry.name] = self._host(entry)
        self._check_vips()
        self._check_zones()
        return {
            "name": self.settings.site_name or self.path.name,
            "kind": self.settings.site_kind,
            "path": self.path,
            "dns": self.settings.site_dns,
            "zones": self.zones,
            "hosts": self.hosts,
            "vips": self.settings.site_vips,
            "flows": read_flows(self.path / FLOWS, self.zones, self.hosts),
            "variables": {key: value for key, value in self.variables.data.items() if key not in _MODEL_KEYS},
        }

    def _zone(self, name: str) -> Zone:
        location = ("site_zones", name)
        if not 0 < len(name) <= LONGEST_INTERFACE or " " in name or name == EVERY_HOST:
            self._fail(
                location, f"zone {name!r}: a name is a word of at most {LONGEST_INTERFACE} letters, not {EVERY_HOST}"
            )
        given = parse(
            ZoneInput, self.variables.data["site_zones"][name], lambda at: self.variables.place(location + at), name
        )
        if given.gateway and given.gateway not in given.network:
            self._fail((*location, "gateway"), f"gateway {given.gateway} is outside zone {name} ({given.network})")
        if given.vpn and given.role != "tunnel":
            self._fail((*location, "vpn"), f"zone {name} has a vpn and the role {given.role}: tunnel is expected")
        if given.vpn == "site" and not given.gateway:
            self._fail((*location, "vpn"), f"zone {name} is reached through its gateway, and has none")
        return Zone(name, **dict(given))

    def _refuse_overlaps(self) -> None:
        # The Internet holds every other network on a real site (0.0.0.0/0).
        for one, other in combinations((zone for zone in self.zones.values() if zone.role != "internet"), 2):
            if one.network.overlaps(other.network) or one.network6.overlaps(other.network6):
                self._fail(("site_zones", other.name), f"zones {one.name} and {other.name} overlap")

    def _host(self, entry: Entry) -> Host:
        place = partial(self.inventory.place, entry)
        given = parse(HostInput, entry.variables, place, entry.name)
        if not given.interfaces:
            entry.place.fail(f"host {entry.name} has no zone: give it interfaces: {{zone: address}}")
        interfaces = tuple(
            self._interface(entry.name, zone, address, place(("interfaces", zone)))
            for zone, address in given.interfaces.items()
        )
        for index, route in enumerate(given.routes):
            if (
                not any(
                    route.via in self.zones[zone].network or route.via in self.zones[zone].network6
                    for zone in given.interfaces
                )
                or route.to.version != route.via.version
            ):
                place(("routes", index)).fail(
                    f"{entry.name} cannot reach the next hop {route.via} of its route to {route.to}"
                )
        routes = [Route(route.to, route.via) for route in given.routes]
        routes += self._default_routes(interfaces, {route.to for route in given.routes})
        return Host(
            entry.name,
            interfaces,
            tuple(routes),
            given.redundancy,
            frozenset(entry.groups),
            given.image,
            given.forwarding,
        )

    def _interface(self, host: str, zone: str, address: IPv4Address, place: Place) -> Interface:
        if zone not in self.zones:
            place.fail(f"{host}: unknown zone {zone}{nearest(zone, self.zones)}")
        self._own(host, zone, address, place)
        return Interface(zone, address, same_digits(address, self.zones[zone].network6))

    def _own(self, owner: str, zone: str, address: IPv4Address, place: Place) -> None:
        """Record who holds an address, once it is known to be in its zone and free in both families."""
        network, network6 = self.zones[zone].network, self.zones[zone].network6
        if address not in network:
            place.fail(f"address {address} of {owner} is outside zone {zone} ({network})")
        for each in (address, same_digits(address, network6)):
            holder = self.owners.setdefault(each, owner)
            if holder != owner:
                place.fail(f"address {each} of {owner} is already that of {holder}")

    def _default_routes(self, interfaces: tuple[Interface, ...], written: set[Any]) -> list[Route]:
        """Return the default routes of a host that has one gateway and is not it."""
        behind = [
            (interface, self.zones[interface.zone]) for interface in interfaces if self.zones[interface.zone].gateway
        ]
        if len(behind) != 1 or behind[0][0].address == behind[0][1].gateway:
            return []
        gateways = (behind[0][1].gateway, behind[0][1].gateway6)
        return [Route(to, via) for to, via in zip(_DEFAULTS, gateways, strict=True) if via and to not in written]

    def _check_vips(self) -> None:
        groups = {host.redundancy for host in self.hosts.values() if host.redundancy}
        for group, addresses in self.settings.site_vips.items():
            if group not in groups:
                self._fail(("site_vips", group), f"VIP of an unknown redundancy group {group}{nearest(group, groups)}")
            for zone, address in addresses.items():
                location = ("site_vips", group, zone)
                holders = [host.name for host in self.hosts.values() if host.redundancy == group and zone in host.zones]
                if not holders:
                    self._fail(location, f"VIP {address}: no member of {group} has an interface in zone {zone}")
                self._own(f"the VIP of {group}", zone, address, self.variables.place(location))

    def _check_zones(self) -> None:
        for name, zone in self.zones.items():
            if zone.gateway and zone.gateway not in self.owners:
                self._fail(
                    ("site_zones", name, "gateway"), f"gateway {zone.gateway} of zone {name} is no host and no VIP"
                )
            if zone.sonde and zone.sonde not in self.hosts:
                self._fail(("site_zones", name, "sonde"), f"unknown host {zone.sonde}{nearest(zone.sonde, self.hosts)}")
            if zone.sonde and name not in self.hosts[zone.sonde].zones:
                self._fail(("site_zones", name, "sonde"), f"the sonde {zone.sonde} has no interface in zone {name}")

    def _fail(self, location: tuple[str | int, ...], message: str) -> None:
        self.variables.place(location).fail(message)
