"""The rules derived for each firewall let through what the flow matrix authorises, and nothing else, level by level."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache
from ipaddress import IPv4Address, IPv4Network, ip_network
from pathlib import Path
from typing import Any

import pytest

from recette.policy import variables
from recette.policy.ends import Party, crossing
from recette.policy.filtering import Chains, chains, merged, origins, reserved
from recette.policy.paths import TUNNEL, side
from recette.policy.tunnels import barred, tunnels
from recette.site import Cell, Host, Ports, Site, find_site
from recette.site.matrix import cells

ROOT = Path(__file__).parents[2]
FIREWALLS = ("fw-ext-1", "fw-ext-2", "fw-int-1", "fw-int-2")


@pytest.fixture(scope="module")
def site() -> Site:
    return Site.load(find_site("jumeau"))


class Simulated:
    """The firewalls of a site, as their rules say: no kernel, no packet."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.chains: dict[str, Chains] = {name: chains(site, site.host(name)) for name in FIREWALLS}
        self.origins = {name: origins(site, site.host(name)) for name in FIREWALLS}
        self.reserved = reserved(site)
        self.side = cache(lambda name, address: side(site, site.host(name), address))
        self.legitimate = cache(
            lambda name, interface, address: any(_in_range(address, text) for text in self.origins[name][interface])
        )
        self.own: dict[str, set[IPv4Address]] = {}
        for host in map(site.host, FIREWALLS):
            own = {interface.address for interface in host.interfaces}
            self.own[host.name] = own | set(site.vips[host.redundancy or ""].values())

    def met(self, cell: Cell) -> Iterator[Host]:
        """The firewalls that see an attempt, the nominal masters unless another one sends or receives it."""
        for level in cell.levels:
            ends = [host for host in (cell.source, cell.target) if host.level == level]
            yield from ends or [next(host for host in self.site.hosts.values() if host.level == level)]

    def accepts(self, firewall: Host, cell: Cell) -> bool:
        assert isinstance(cell.address, IPv4Address)
        origin = cell.source.interface(cell.zone_source).address
        published = cell.flow is not None and cell.flow.published
        aim = cell.target.address if published else cell.address
        entry = () if firewall is cell.source else self.side(firewall.name, origin)
        exit_ = () if aim in self.own[firewall.name] else self.side(firewall.name, aim)
        if entry and not self.legitimate(firewall.name, entry[0], origin):
            return False
        return any(
            rule.flow.protocol == cell.service.protocol
            and (not rule.flow.ports or any(cell.service.port in ports for ports in rule.flow.ports))
            and (not rule.sources or firewall is cell.source or _holds(rule.sources, origin))
            and (_holds(rule.destinations, aim) if rule.destinations else not _holds(self.reserved, aim))
            and (published or not rule.flow.published)
            for rule in self.chains[firewall.name].get((entry, exit_), [])
        )


def _holds(networks: tuple[IPv4Network, ...], address: IPv4Address) -> bool:
    return any(address in network for network in networks)


def test_rules_and_matrix_agree_on_every_attempt(site: Site) -> None:
    firewalls = Simulated(site)
    verdicts: Counter[bool] = Counter()
    wrong = []
    for cell in cells(site):
        if isinstance(cell.address, IPv4Address):
            answers = [firewalls.accepts(firewall, cell) for firewall in firewalls.met(cell)]
            verdicts[cell.permitted] += 1
            # Refused means by each level alone: the other one may be open.
            if any(answer != cell.permitted for answer in answers):
                wrong.append(f"{cell.source.name} > {cell.target.name} {cell.address} {cell.service} {answers}")
    assert not wrong, wrong[:10]
    assert verdicts[True] > 500
    assert verdicts[False] > 20_000


def _generated(site: Site) -> set[str]:
    return {rule.flow.id for name in FIREWALLS for rules in chains(site, site.host(name)).values() for rule in rules}


def _behind_no_tunnel(site: Site) -> set[str]:
    """Flows from or to a zone that no VPN reaches yet."""
    return {flow.id for flow in site.flows if "nuage" in (*flow.source, *flow.destination)}


def test_a_flow_from_or_to_what_no_vpn_reaches_gives_no_rule(site: Site) -> None:
    assert _behind_no_tunnel(site)
    assert not _behind_no_tunnel(site) & _generated(site)


def test_every_other_flow_that_crosses_a_firewall_gives_a_rule(site: Site) -> None:
    crossing_flows = {flow.id for flow in site.flows if site.crosses(flow)} - _behind_no_tunnel(site)
    assert _generated(site) == crossing_flows


def test_a_flow_by_a_tunnel_enters_and_leaves_the_first_level_by_the_tunnel_only(site: Site) -> None:
    ways = {
        (entry, exit_)
        for (entry, exit_), rules in chains(site, site.host("fw-ext-1")).items()
        if any(rule.flow.tunnel for rule in rules)
    }
    assert ways == {((TUNNEL,), ("transit",)), ((TUNNEL,), ("dmz",)), (("transit",), (TUNNEL,))}


def test_each_end_of_a_tunnel_agrees_on_addresses_and_networks(site: Site) -> None:
    (here,), (there,) = tunnels(site, site.host("fw-ext-2")), tunnels(site, site.host("siege-gw"))
    assert (here["opens"], there["opens"]) == (True, False)
    assert here["networks_here"] == there["networks_there"] == ["10.94.30.0/24"]
    assert here["networks_there"] == there["networks_here"] == ["10.10.0.0/24"]
    assert [(way["here"], way["there"]) for way in here["paths"]] == [
        (way["there"], way["here"]) for way in there["paths"]
    ]


def test_what_a_tunnel_must_carry_is_barred_at_both_ends(site: Site) -> None:
    assert barred(site, site.host("fw-ext-1")) == ["10.10.0.0/24", "10.94.250.0/24"]
    assert {"10.94.42.0/24", "fd94:0:0:30::/64"} <= set(barred(site, site.host("siege-gw")))
    assert tunnels(site, site.host("dc1")) == []


def test_both_members_of_a_pair_hold_the_same_chains(site: Site) -> None:
    for one, other in (("fw-ext-1", "fw-ext-2"), ("fw-int-1", "fw-int-2")):
        assert [*chains(site, site.host(one))] == [*chains(site, site.host(other))]


def test_a_firewall_is_met_on_its_nearest_interface_and_virtual_address(site: Site) -> None:
    firewall = site.host("fw-int-2")
    way = crossing(site, firewall, Party(host=site.host("bastion")), Party(host=firewall))
    assert way is not None
    assert (way.entry, way.exit) == (("admin",), ())
    assert [str(network[0]) for network in way.destinations] == ["10.94.40.3", "10.94.40.1"]


def test_a_firewall_off_the_path_gets_no_rule(site: Site) -> None:
    parties = Party(host=site.host("mandataire")), Party(network=site.zone("wan-a").network)
    assert crossing(site, site.host("fw-int-1"), *parties) is None


@pytest.mark.parametrize(
    ("firewall", "interface", "address", "legitimate"),
    [
        ("fw-ext-1", "wan-a", "192.0.2.66", True),
        ("fw-ext-1", "wan-b", "10.94.30.11", False),
        ("fw-ext-1", "wan-a", "10.94.42.11", False),
        ("fw-ext-1", "wan-a", "10.10.0.100", False),
        ("fw-ext-1", TUNNEL, "10.10.0.100", True),
        ("fw-ext-1", TUNNEL, "10.94.250.7", True),
        ("fw-ext-1", TUNNEL, "10.94.30.11", False),
        ("fw-ext-1", "dmz", "10.94.10.80", True),
        ("fw-ext-1", "dmz", "10.94.30.11", False),
        ("fw-ext-1", "transit", "10.94.231.100", True),
        ("fw-int-1", "transit", "192.0.2.40", True),
        ("fw-int-1", "transit", "10.94.10.80", True),
        ("fw-int-1", "transit", "10.94.101.100", False),
        ("fw-int-1", "voix", "10.94.50.101", True),
        ("fw-int-1", "voix", "192.0.2.40", False),
    ],
)
def test_sources_behind_an_interface(site: Site, firewall: str, interface: str, address: str, legitimate: bool) -> None:  # noqa: FBT001
    ranges = origins(site, site.host(firewall))[interface]
    assert any(_in_range(IPv4Address(address), text) for text in ranges) is legitimate


def _in_range(address: IPv4Address, text: str) -> bool:
    if "-" not in text:
        return address in ip_network(text)
    first, last = (IPv4Address(bound) for bound in text.split("-"))
    return first <= address <= last


def test_overlapping_ports_become_one_range() -> None:
    ports = (Ports(443, 443), Ports(80, 80), Ports(440, 445), Ports(81, 90))
    assert [str(each) for each in merged(ports)] == ["80-90", "440-445"]


def test_vrrp_identifiers_are_unique_on_a_segment_and_priorities_in_a_pair(site: Site) -> None:
    identifiers: Counter[tuple[str, int]] = Counter()
    priorities: dict[str, set[int]] = {}
    for name in FIREWALLS:
        values = variables(site, site.host(name))["redundancy"]
        priorities.setdefault(site.host(name).redundancy or "", set()).add(values["priority"])
        identifiers.update((instance["interface"], instance["router_id"]) for instance in values["instances"])
    assert set(identifiers.values()) == {2}
    assert priorities == {"fw-ext": {200, 150}, "fw-int": {200, 150}}


def test_a_published_service_has_one_translation_and_a_rule_that_asks_for_it(site: Site) -> None:
    values = variables(site, site.host("fw-ext-1"))
    published = {each["flow"]: each for each in values["accesses"]["publications"]}
    assert published["FLX-020"]["to"] == "10.94.10.80"
    assert published["FLX-038"]["sources"] == ["192.0.2.30"]
    rules: list[dict[str, Any]] = [rule for chain in values["filtering"]["chains"] for rule in chain["rules"]]
    assert {rule["flow"] for rule in rules if rule["published"]} == set(published)


def test_a_host_that_is_no_firewall_gets_neither_rules_nor_accesses(site: Site) -> None:
    values = variables(site, site.host("pve1"))
    assert not {"filtering", "accesses", "redundancy"} & set(values)
    assert values["interfaces"][0]["addresses"] == ["10.94.41.11/24", "fd94:0:0:41::11/64"]


OPERATORS, CONTROLLERS = ["192.0.2.1", "192.0.2.2"], ["10.94.30.11", "10.94.30.12"]


@pytest.mark.parametrize(
    ("host", "names", "clocks"),
    [
        ("fai-a", OPERATORS, []),
        ("fw-ext-1", [], OPERATORS),
        ("mx-1", OPERATORS, OPERATORS),
        ("siege-poste", OPERATORS, OPERATORS),
        ("dc1", ["10.94.30.12", "127.0.0.1"], OPERATORS),
        ("fw-int-2", [], CONTROLLERS),
        ("mail1", CONTROLLERS, CONTROLLERS),
        ("telephone-1", CONTROLLERS, CONTROLLERS),
        ("poste-b25", CONTROLLERS, CONTROLLERS),
        ("ligne-b70", [], CONTROLLERS),
    ],
)
def test_a_host_asks_the_servers_that_the_matrix_opens(
    site: Site, host: str, names: list[str], clocks: list[str]
) -> None:
    values = variables(site, site.host(host))
    assert (values["nameservers"], values["time_sources"]) == (names, clocks)


def test_the_directory_gives_the_time_to_all_that_may_ask_it_and_to_nobody_else(site: Site) -> None:
    values = variables(site, site.host("dc1"))
    served = [ip_network(text) for text in values["time_clients"]]
    for host in site.hosts.values():
        follows = "10.94.30.11" in variables(site, host)["time_sources"] or host.name in {"dc1", "dc2"}
        near = any(interface.address in network for interface in host.interfaces for network in served)
        assert follows <= near, host.name
        if site.zone(host.zones[0]).outer or host.zones[0] == "dmz":
            assert not near, host.name
    assert values["time_peers"] == ["10.94.30.12"]


def test_an_operator_gives_the_time_to_anybody_and_a_workstation_to_nobody(site: Site) -> None:
    assert variables(site, site.host("fai-b"))["time_clients"] == ["0.0.0.0/0"]
    assert variables(site, site.host("poste-b25"))["time_clients"] == []


def test_the_small_sites_of_molecule_load(site: Site) -> None:
    folders = sorted((ROOT / "molecule").glob("*/inventory"))
    assert len(folders) == len([*(ROOT / "roles").iterdir()])
    for folder in folders:
        small = Site.load(folder)
        assert small.kind == site.kind
        assert all(variables(small, host) for host in small.hosts.values())
