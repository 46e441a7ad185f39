"""The values handed to Ansible for one host, under the names that `group_vars/all/roles.yml` reads."""

from __future__ import annotations

from typing import Any

from recette.policy.backing import backing
from recette.policy.buildings import buildings
from recette.policy.clocks import time_clients, time_peers, time_sources
from recette.policy.filtering import Rule, bogons, chains, inside, merged, name, origins, peers, reserved
from recette.policy.listening import listened
from recette.policy.paths import accesses
from recette.policy.publishing import operators, publications
from recette.policy.redundancy import redundancy
from recette.policy.resolution import aliases, nameservers
from recette.policy.tunnels import barred, tunnels
from recette.policy.watching import shared, watched
from recette.site import Host, Site

Values = dict[str, Any]


def variables(site: Site, host: Host) -> Values:
    """Everything that the roles need of a host: plain dictionaries, lists, strings and numbers."""
    values: Values = {
        "hosts": [{"name": each.name, "address": str(each.address)} for each in site.hosts.values()],
        "aliases": aliases(site),
        "interfaces": [_interface(site, host, zone) for zone in host.zones],
        "routes": [{"to": str(route.to), "via": str(route.via)} for route in host.routes],
        "virtual_addresses": _virtual_addresses(site),
        "forwarding": host.forwarding,
        "buildings": buildings(site),
        "nameservers": [str(address) for address in nameservers(site, host)],
        "time_sources": [str(address) for address in time_sources(site, host)],
        "time_peers": [str(address) for address in time_peers(site, host)],
        "listened": listened(site, host),
        "time_clients": [str(network) for network in time_clients(site, host)],
    }
    if host.redundancy in site.vips:
        values["redundancy"] = redundancy(site, host)
    if copied := backing(site, host):
        values["backing"] = copied
    if hosts := watched(site, host):
        values["watched"] = {"hosts": hosts, "shared": shared(site, host)}
    if ends := tunnels(site, host):
        values["tunnels"] = {"ends": ends, "barred": barred(site, host)}
    if host.level:
        values["filtering"] = _filtering(site, host)
    if host.level and accesses(site, host):
        values["accesses"] = {"operators": operators(site, host), "publications": publications(site)}
    return values


def _interface(site: Site, host: Host, zone: str) -> Values:
    declared, given = host.interface(zone), site.zone(zone)
    return {
        "name": zone,
        "addresses": [
            f"{declared.address}/{given.network.prefixlen}",
            f"{declared.address6}/{given.network6.prefixlen}",
        ],
        # Two accesses: an answer may leave by another one than the default route's.
        "asymmetric": zone in accesses(site, host) and len(accesses(site, host)) > 1,
    }


def _virtual_addresses(site: Site) -> list[str]:
    return [
        str(address)
        for group, zones in site.vips.items()
        for zone in zones
        for address in (site.vips[group][zone], site.vip6(group, zone))
    ]


def _filtering(site: Site, host: Host) -> Values:
    return {
        "level": host.level,
        "accesses": list(accesses(site, host)),
        "inside": _texts(inside(site)),
        "bogons": _texts(bogons(site)),
        "reserved": _texts(reserved(site)),
        "origins": [{"interface": zone, "networks": found} for zone, found in origins(site, host).items()],
        "peers": peers(site, host),
        "chains": [
            {
                "name": f"{name(entry, site, host)}_{name(exit_, site, host)}",
                "entry": list(entry),
                "exit": list(exit_),
                "rules": [_rule(rule) for rule in rules],
            }
            for (entry, exit_), rules in chains(site, host).items()
        ],
    }


def _rule(rule: Rule) -> Values:
    return {
        "flow": rule.flow.id,
        "sources": _texts(rule.sources),
        "destinations": _texts(rule.destinations),
        "protocol": rule.flow.protocol,
        "ports": [str(ports) for ports in merged(rule.flow.ports)],
        "published": rule.flow.published,
    }


def _texts(networks: Any) -> list[str]:
    return [str(network).removesuffix("/32") for network in networks]
