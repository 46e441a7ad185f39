"""The site as tables, for `recette site show`."""

from __future__ import annotations

from rich.table import Table

from recette.site.elements import Flow, Host, Zone
from recette.site.model import Site


def tables(site: Site) -> list[Table]:
    """Return three tables: the zones, the hosts and the flows of a site, in the order of its files."""
    return [_zones(site), _hosts(site), _flows(site)]


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _zones(site: Site) -> Table:
    table = _table(
        f"{len(site.zones)} zones", "zone", "vlan", "role", "network", "network6", "gateway", "sonde", "hosts"
    )
    for zone in site.zones.values():
        table.add_row(*_zone_row(zone, len(site.members(zone.name))))
    return table


def _zone_row(zone: Zone, hosts: int) -> tuple[str, ...]:
    vlan, gateway = (str(value or "–") for value in (zone.vlan, zone.gateway))
    return zone.name, vlan, zone.role, str(zone.network), str(zone.network6), gateway, zone.sonde or "–", str(hosts)


def _hosts(site: Site) -> Table:
    table = _table(f"{len(site.hosts)} hosts", "host", "groups", "addresses", "redundancy", "image")
    for host in site.hosts.values():
        table.add_row(*_host_row(host))
    return table


def _host_row(host: Host) -> tuple[str, ...]:
    addresses = "\n".join(f"{interface.address} {interface.zone}" for interface in host.interfaces)
    return host.name, " ".join(sorted(host.groups)), addresses, host.redundancy or "–", host.image


def _flows(site: Site) -> Table:
    columns = ("flow", "source", "destination", "protocol", "ports", "requirement", "remark", "comment")
    table = _table(f"{len(site.flows)} flows; everything else is refused", *columns)
    for flow in site.flows:
        table.add_row(*_flow_row(flow, _remark(site, flow)))
    return table


def _flow_row(flow: Flow, remark: str) -> tuple[str, ...]:
    ends = " ".join(flow.source), " ".join(flow.destination)
    return flow.id, *ends, flow.protocol, " ".join(map(str, flow.ports)), flow.requirement, remark, flow.comment


def _remark(site: Site, flow: Flow) -> str:
    if flow.tunnel:
        return "tunnel"
    if flow.published:
        return "published"
    return "" if site.crosses(flow) else "local"
