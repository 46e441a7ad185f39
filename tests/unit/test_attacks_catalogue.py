"""What is attacked on the twin, and what is never: read from its inventory, nothing is sent."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from recette.errors import RecetteError
from recette.probes.attacks import Attacks, catalogue, choose, flooding, segment, silence, vrrp
from recette.probes.attacks.agents import limits
from recette.probes.attacks.model import Shot
from recette.probes.attacks.vrrp import Forgery
from recette.shell import Remote
from recette.site import Site, find_site

ATTACKERS = ("attaquant", "fai-a", "fai-b", "poste-b30", "ligne-b70", "mandataire")


@pytest.fixture(scope="module")
def site() -> Site:
    return Site.load(find_site("jumeau"))


def names(shots: tuple[Shot, ...]) -> set[str]:
    return {shot.name for shot in shots}


def batch(shots: tuple[Shot, ...]) -> list[dict[str, Any]]:
    return [
        {"destination": shot.destination, "count": shot.count, "gap_s": shot.gap_s, **shot.options} for shot in shots
    ]


@pytest.mark.parametrize("attacker", ATTACKERS)
def test_every_attack_has_a_target_with_a_witness_and_stays_in_bounds(site: Site, attacker: str) -> None:
    host = site.host(attacker)
    shots = catalogue.through(site, host)
    assert len(names(shots)) == len(shots)
    limits.check(batch(shots), [str(net) for zone in site.zones.values() for net in (zone.network, zone.network6)])
    for shot in shots:
        assert shot.targets
        for target in shot.targets:
            witness = choose.witness(site, host, site.host(target))
            assert witness is not None
            assert witness.target.name == target


@pytest.mark.parametrize("attacker", ATTACKERS)
def test_spoofed_sources_are_never_of_the_attackers_zone(site: Site, attacker: str) -> None:
    host = site.host(attacker)
    spoofs = [shot for shot in catalogue.through(site, host) if shot.name.startswith("spoof-")]
    zones = {zone.name for shot in spoofs if (zone := site.zone_of(ip_address(shot.source or "")))}
    attacked = {zone.name for zone in site.zones.values() if zone.role in catalogue.ATTACKED_ROLES}
    assert zones == attacked - set(host.zones)


def test_bogons_belong_to_no_zone_and_reach_the_firewall(site: Site) -> None:
    near, far = (catalogue.through(site, site.host(name)) for name in ("fai-a", "attaquant"))
    bogons = {shot.name: shot for shot in near if shot.name.startswith("bogon-")}
    assert set(bogons) == {f"bogon-{name}" for name in catalogue.BOGONS}
    assert all(site.zone_of(ip_address(shot.source or "")) is None for shot in bogons.values())
    # What every router refuses would prove nothing of the firewall behind it.
    assert names(near) - names(far) >= {f"bogon-{name}" for name in catalogue.UNROUTABLE}


def test_source_routes_are_tried_by_the_firewalls_neighbours(site: Site) -> None:
    routes = {f"source-route-{kind}{to}" for kind in ("loose", "strict") for to in ("", "-router")}
    near = {shot.name: shot for shot in catalogue.through(site, site.host("poste-b30"))}
    assert near.keys() > routes
    assert near["source-route-loose-router"].destination == "10.94.130.1"
    assert not names(catalogue.through(site, site.host("attaquant"))) & routes


@pytest.mark.parametrize("attacker", ATTACKERS)
def test_fragments_carry_a_port_that_the_matrix_refuses(site: Site, attacker: str) -> None:
    host = site.host(attacker)
    for shot in catalogue.through(site, host):
        if shot.name.startswith("fragments-"):
            target = site.host(shot.targets[0])
            ways = [door for door in choose.doors(site) if door.source is host and door.target is target]
            assert shot.options["dport"] not in {door.port for door in ways if door.protocol == "tcp"}


def test_the_nearest_published_address_is_attacked(site: Site) -> None:
    doors = [choose.open_door(site, site.host(name), 443) for name in ("fai-a", "fai-b")]
    assert [str(door.address) for door in doors] == ["198.51.100.4", "203.0.113.4"]
    assert {door.target.name for door in doors} == {"mandataire"}
    assert all(door.published for door in doors)


def test_gates_are_the_first_firewalls_on_the_way(site: Site) -> None:
    assert choose.gates(site, site.host("poste-b30")) == (("fw-int-1", "b30-admin"), ("fw-int-2", "b30-admin"))
    assert set(choose.gates(site, site.host("attaquant"))) == {
        (name, zone) for name in ("fw-ext-1", "fw-ext-2") for zone in ("wan-a", "wan-b")
    }


def test_an_attacker_without_a_permitted_flow_is_a_mistake_of_the_user(site: Site) -> None:
    with pytest.raises(RecetteError, match="poste-b30: the matrix opens no TCP port 502 to it"):
        choose.open_door(site, site.host("poste-b30"), 502)


def test_silence_probes_only_what_is_refused_in_both_families(site: Site) -> None:
    host = site.host("attaquant")
    shots = silence.refused(site, host)
    assert not {shot.options.get("dport") for shot in shots if shot.kind == "tcp"} & {25, 443}
    assert {ip_address(shot.destination).version for shot in shots} == {4, 6}
    virtual = {str(site.vips["fw-ext"][zone]) for zone in ("wan-a", "wan-b")}
    own = {str(site.host("fw-ext-2").interface(zone).address) for zone in ("wan-a", "wan-b")}
    assert {shot.destination for shot in shots} > virtual | own
    assert sum(map(limits.frames_of, batch(shots))) <= limits.MAX_PACKETS


def test_a_flood_comes_from_addresses_that_nobody_has(site: Site) -> None:
    sources = flooding.nobody(site, site.host("attaquant"))
    known = {str(interface.address) for host in site.hosts.values() for interface in host.interfaces}
    assert len(sources) == flooding.SOURCES
    assert not known & set(sources)
    assert all(ip_address(source) in site.zone("internet").network for source in sources)


def test_every_virtual_router_is_tried_within_the_bounds(site: Site) -> None:
    forgery = Forgery(site.host("poste-b30"), "fw-int", tuple(range(1, 256)), rounds=1, version=3)
    shots = tuple(vrrp.shots(site, forgery))
    assert len(shots) == 14
    assert {(shot.destination, shot.source) for shot in shots if shot.source} == {
        ("10.94.130.3", "10.94.130.2"),
        ("10.94.130.2", "10.94.130.3"),
        ("224.0.0.18", "10.94.130.2"),
        ("224.0.0.18", "10.94.130.3"),
    }
    assert {shot.options["priority"] for shot in shots} == {254, 255}
    assert all(shot.options["virtual"] == ["10.94.130.1"] for shot in shots)
    limits.check(batch(shots), ["10.94.130.0/24"])


def test_forgers_and_poisoners_need_a_neighbour(site: Site) -> None:
    with pytest.raises(RecetteError, match="shares no zone with a virtual address of fw-int"):
        list(vrrp.shots(site, Forgery(site.host("attaquant"), "fw-int", (1,), 1, 3)))
    with pytest.raises(RecetteError, match="attaquant and dc1 share no zone"):
        segment.pair(site, "attaquant", "dc1")


def test_a_real_site_is_never_attacked(site: Site) -> None:
    with pytest.raises(RecetteError, match="digital twin only"):
        Attacks(replace(site, kind="site"), Remote(Path("none")))
