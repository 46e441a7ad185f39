"""The expected outcome of every attempt comes from the matrix, in both signs and both families."""

from __future__ import annotations

import shutil
import time
from ipaddress import ip_address
from pathlib import Path

import pytest

from recette.site import Cell, Site
from recette.site.matrix import cells, services
from recette.site.services import COMMON_PORTS

ROOT = Path(__file__).parents[2]
TWIN = ROOT / "sites" / "jumeau"
Key = tuple[str, str, str, int]


@pytest.fixture(scope="module")
def site() -> Site:
    return Site.load(TWIN)


@pytest.fixture(scope="module")
def every(site: Site) -> list[Cell]:
    return list(cells(site))


@pytest.fixture(scope="module")
def index(every: list[Cell]) -> dict[Key, Cell]:
    return {(cell.source.name, str(cell.address), cell.service.protocol, cell.service.port): cell for cell in every}


def test_attempts_are_many_unique_and_quickly_listed(site: Site, every: list[Cell], index: dict[Key, Cell]) -> None:
    start = time.perf_counter()
    assert sum(1 for _ in cells(site)) == len(every) == len(index)
    assert time.perf_counter() - start < 2
    assert len(every) >= 20_000


def test_every_pair_of_zones_that_meets_a_firewall_is_tried(site: Site, every: list[Cell]) -> None:
    outside = {zone.name for zone in site.zones.values() if zone.outer}
    tried = {(cell.zone_source, cell.zone_target) for cell in every}
    sources = {host.zones[0] for host in site.sondes().values()}
    for source in sources:
        for target in site.zones:
            outer_pair = {source, target} <= outside
            skipped = target in {source, "nomades", "transit"} or outer_pair
            on_link = source == "virtualisation" and target == "stockage"
            # The tunnel of the headquarters serves this network, and no other one of the site.
            kept = source == "siege" and target not in {"serveurs", *outside}
            assert (source, target) in tried or skipped or on_link or kept, (source, target)
            assert not (kept and (source, target) in tried), (source, target)


def test_every_flow_that_meets_a_firewall_is_permitted_somewhere(site: Site, every: list[Cell]) -> None:
    tried = {cell.flow.id for cell in every if cell.flow}
    triable = [flow for flow in site.flows if flow.protocol in {"tcp", "udp", "icmp"} and site.joined(flow)]
    assert tried == {flow.id for flow in triable if site.crosses(flow)}


def test_both_ends_of_a_range_are_tried(site: Site) -> None:
    tried = {(service.protocol, service.port) for service in services(site)}
    assert {("udp", 10000), ("udp", 10499), ("udp", 10999)} <= tried
    assert tried >= COMMON_PORTS
    assert {("tcp", port) for port in (22, 23, 502, 102, 4840, 8006, 1514, 3389, 27017)} <= tried


@pytest.mark.parametrize(
    ("attempt", "flow", "levels"),
    [
        # offices
        ("poste-b30 10.94.30.11 tcp 636", "FLX-002", (2,)),
        ("poste-b30 10.94.30.11 tcp 22", None, (2,)),
        ("poste-b30 10.94.130.1 tcp 22", None, (2,)),
        ("poste-b30 10.94.10.80 tcp 443", "FLX-021", (2, 1)),
        ("poste-b30 192.0.2.66 tcp 443", None, (2, 1)),
        ("poste-b30 198.51.100.1 tcp 80", None, (2, 1)),
        ("poste-b30 10.94.20.2 tcp 443", None, (2, 1)),
        ("poste-b30 10.94.42.11 tcp 8006", None, (2,)),
        # administration, of the firewalls too
        ("bastion 10.94.40.2 tcp 22", "FLX-070", (2,)),
        ("bastion 10.94.40.1 tcp 22", "FLX-070", (2,)),
        ("bastion 10.94.20.3 tcp 22", "FLX-070", (2, 1)),
        ("bastion 10.94.170.100 tcp 22", "FLX-070", (2,)),
        ("bastion 10.94.42.11 tcp 22", None, (2,)),
        ("bastion 10.200.0.50 tcp 22", None, (2, 1)),
        ("mandataire 10.94.20.5 tcp 22", None, (1, 2)),
        # host by host
        ("mail1 10.94.10.25 tcp 25", "FLX-012", (2, 1)),
        ("dc1 10.94.10.25 tcp 25", None, (2, 1)),
        ("mx-1 10.94.30.21 tcp 25", "FLX-011", (1, 2)),
        ("sbc 10.94.30.21 tcp 25", None, (1, 2)),
        ("mandataire 10.94.30.11 udp 53", None, (1, 2)),
        ("sup1 10.94.41.12 tcp 8006", "FLX-064", (2,)),
        ("siem1 10.94.41.12 tcp 8006", None, (2,)),
        # outgoing
        ("mandataire 192.0.2.66 tcp 443", "FLX-023", (1,)),
        ("mandataire 198.51.100.1 tcp 443", "FLX-023", (1,)),
        ("mx-1 192.0.2.66 tcp 443", None, (1,)),
        ("dc1 192.0.2.66 udp 53", "FLX-008", (2, 1)),
        ("sbc 192.0.2.30 udp 10999", "FLX-037", (1,)),
        ("sbc 192.0.2.66 udp 10999", None, (1,)),
        ("fw-ext-2 192.0.2.66 udp 123", "FLX-026", (1,)),
        ("fw-ext-1 10.94.30.11 tcp 22", None, (1, 2)),
        ("fw-int-1 10.94.30.11 udp 123", "FLX-006", (2,)),
        # published, and never by the inside address
        ("attaquant 198.51.100.4 tcp 443", "FLX-020", (1,)),
        ("attaquant 203.0.113.4 tcp 25", "FLX-014", (1,)),
        ("attaquant 203.0.113.4 tcp 22", None, (1,)),
        ("attaquant 198.51.100.4 udp 5060", None, (1,)),
        ("operateur 198.51.100.4 udp 5060", "FLX-038", (1,)),
        ("fai-b 203.0.113.4 tcp 443", "FLX-020", (1,)),
        ("attaquant 10.94.10.80 tcp 443", None, (1,)),
        ("attaquant 10.94.30.11 tcp 636", None, (1, 2)),
        ("attaquant 198.51.100.2 udp 500", "FLX-040", (1,)),
        ("attaquant 198.51.100.4 udp 4500", "FLX-040", (1,)),
        ("attaquant 198.51.100.2 tcp 443", None, (1,)),
        # production
        ("ligne-b70 10.94.30.12 udp 123", "FLX-007", (2,)),
        ("ligne-b70 10.94.30.12 udp 53", None, (2,)),
        ("gtb 10.94.231.100 tcp 502", None, (2,)),
        ("poste-secu 10.94.102.100 tcp 443", None, (2,)),
        # through the tunnel of the headquarters, or that of the cloud, which does not exist yet
        ("siege-poste 10.94.30.11 tcp 636", "FLX-044", (1, 2)),
        ("siege-poste 10.94.30.11 tcp 22", None, (1, 2)),
        ("siege-poste 198.51.100.4 tcp 443", None, (1,)),
        ("dc1 10.10.0.100 tcp 53", "FLX-046", (2, 1)),
        ("dc1 10.10.0.100 tcp 22", None, (2, 1)),
        ("mandataire 10.200.0.50 tcp 443", None, (1,)),
        # IPv6
        ("poste-b30 fd94:0:0:30::12 tcp 636", None, (2,)),
        ("attaquant 2001:db8:0:a::4 tcp 443", None, (1,)),
        ("mandataire 2001:db8:0:1::66 tcp 443", None, (1,)),
    ],
)
def test_expected_outcome(index: dict[Key, Cell], attempt: str, flow: str | None, levels: tuple[int, ...]) -> None:
    source, address, protocol, port = attempt.split()
    cell = index[source, address, protocol, int(port)]
    assert (cell.flow.id if cell.flow else None, cell.levels) == (flow, levels)
    assert cell.permitted is (flow is not None)


def test_nothing_is_permitted_in_ipv6(every: list[Cell]) -> None:
    v6 = [cell for cell in every if cell.address.version == 6]
    assert len(v6) > 20_000
    assert not any(cell.permitted for cell in v6)


def test_production_and_internet_never_meet(site: Site, every: list[Cell]) -> None:
    for cell in every:
        roles = {site.zones[cell.zone_source].role, site.zones[cell.zone_target].role}
        assert not (cell.permitted and "production" in roles and roles & {"internet", "operateur"})


def test_published_service_is_met_on_the_vip_and_answered_inside(site: Site, index: dict[Key, Cell]) -> None:
    cell = index["attaquant", "203.0.113.4", "tcp", 443]
    assert (cell.target.name, cell.zone_target) == ("mandataire", "wan-b")
    assert cell.listeners == (site.host("mandataire"),)
    refused = index["attaquant", "203.0.113.4", "tcp", 22]
    assert refused.target.name == "fw-ext-1"


def test_vip_may_be_held_by_each_member(site: Site, index: dict[Key, Cell]) -> None:
    assert index["bastion", "10.94.40.1", "tcp", 22].listeners == site.group("fw-int")
    assert index["bastion", "10.94.40.2", "tcp", 22].listeners == (site.host("fw-int-1"),)


def test_firewall_meets_its_peer_once_and_never_its_own_vip(every: list[Cell]) -> None:
    tried = {str(cell.address) for cell in every if cell.source.name == "fw-ext-1" and cell.target.level == 1}
    assert tried == {"10.94.20.3"}


def test_nobody_tries_an_address_without_a_route(site: Site, every: list[Cell]) -> None:
    addresses = {str(cell.address) for cell in every if cell.source is site.host("operateur")}
    assert addresses == {f"{net}.{last}" for net in ("198.51.100", "203.0.113") for last in (2, 3, 4)}


def test_neighbours_are_not_tried(every: list[Cell]) -> None:
    for cell in every:
        shared = set(cell.source.zones) & set(cell.target.zones)
        assert not shared or cell.target.level or cell.source.level, cell
        assert cell.levels


def test_a_flow_less_is_its_attempts_refused(tmp_path: Path, site: Site, index: dict[Key, Cell]) -> None:
    copy = tmp_path / "copie"
    shutil.copytree(TWIN, copy)
    text = (copy / "flux.csv").read_text(encoding="utf-8")
    line = text.splitlines(keepends=True)[site.flow("FLX-010").line - 1]
    (copy / "flux.csv").write_text(text.replace(line, ""), encoding="utf-8")
    changed = {
        (cell.source.name, str(cell.address), cell.service.protocol, cell.service.port): cell.permitted
        for cell in cells(Site.load(copy))
    }
    lost = {key for key, permitted in changed.items() if permitted is not index[key].permitted}
    assert lost
    assert {key[1] for key in lost} == {"10.94.30.21", "10.94.30.22"}
    assert {key[2:] for key in lost} == {("tcp", 993), ("tcp", 465), ("tcp", 587)}
    assert not any(changed[key] for key in lost)


def test_addresses_belong_to_their_zone(site: Site, every: list[Cell]) -> None:
    seen = {(cell.address, cell.zone_target) for cell in every}
    for address, zone in seen:
        assert site.zone_of(ip_address(address)) is site.zone(zone)
