"""Attacks in network namespaces: each is seen to succeed against a careless box, and to fail against a careful one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from recette.errors import Inconclusive, RecetteError
from recette.probes.attacks import Attack, Attacks, Marker, Shot
from recette.shell import Remote
from recette.site import Host, Site

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")

PREFIX = f"atk{os.getpid()}-"
FABRIC = f"{PREFIX}fabric"
GATEWAY = "fw-ext-1"
GATEWAY_MAC = "02:94:0a:5e:0a:02"
FAST = {4: (), 6: ("nodad",)}
ZONES = """
site_kind: twin
site_dns: lab.example
site_zones:
  wan-a:
    {network: 198.51.100.0/28, network6: "2001:db8:0:a::/64", gateway: 198.51.100.1, role: operateur, sonde: fai-a}
  dmz:
    {network: 10.94.10.0/24, network6: "fd94:0:0:10::/64", gateway: 10.94.10.1, role: dmz, sonde: mandataire}
  serveurs:
    {network: 10.94.30.0/24, network6: "fd94:0:0:30::/64", gateway: 10.94.30.1, role: interne, sonde: dc1}
  ligne:
    {network: 10.94.231.0/24, network6: "fd94:0:0:231::/64", gateway: 10.94.231.1, role: production, sonde: ligne-b30}
  stockage:
    {network: 10.94.42.0/24, network6: "fd94:0:0:42::/64", role: isolee}
site_vips:
  fw-ext: {wan-a: 198.51.100.4, dmz: 10.94.10.1, serveurs: 10.94.30.1, ligne: 10.94.231.1}
"""
HOSTS = """
all:
  children:
    pare_feu_externe:
      hosts:
        fw-ext-1:
          interfaces: {wan-a: 198.51.100.2, dmz: 10.94.10.2, serveurs: 10.94.30.2, ligne: 10.94.231.2}
          redundancy: fw-ext
    operateurs:
      hosts:
        fai-a:
          interfaces: {wan-a: 198.51.100.1}
          routes: [{to: 10.94.0.0/16, via: 198.51.100.4}, {to: "fd94::/16", via: "2001:db8:0:a::4"}]
    serveurs_du_site:
      hosts:
        mandataire: {interfaces: {dmz: 10.94.10.80}}
        mx-1: {interfaces: {dmz: 10.94.10.25}}
        dc1: {interfaces: {serveurs: 10.94.30.11, stockage: 10.94.42.11}}
        dc2: {interfaces: {serveurs: 10.94.30.12, stockage: 10.94.42.12}}
        ligne-b30: {interfaces: {ligne: 10.94.231.100}}
"""
FLOWS = """numero;source;destination;protocole;ports;exigence;commentaire
FLX-001;fai-a;mandataire;tcp;443;EXG-NF-03;
FLX-002;dc1;mandataire;tcp;443;EXG-NF-03;
FLX-003;dc1;ligne-b30;tcp;22;EXG-NF-03;
FLX-004;ligne-b30;dc1;tcp;443;EXG-NF-03;
"""
CARELESS = """
table inet try {
  chain prerouting {
    type nat hook prerouting priority dstnat;
    ip daddr 198.51.100.4 tcp dport 443 dnat ip to 10.94.10.80;
  }
}
"""
CAREFUL = """
table inet try {
  chain raw {
    type filter hook prerouting priority -400;
    iifname wan-a ip saddr != 198.51.100.0/28 drop
    iifname wan-a ip saddr 198.51.100.4 drop
    iifname wan-a ip6 nexthdr tcp drop
    iifname wan-a ip6 nexthdr udp drop
  }
  chain prerouting {
    type nat hook prerouting priority dstnat;
    ip daddr 198.51.100.4 tcp dport 443 dnat ip to 10.94.10.80;
  }
  chain input { type filter hook input priority 0; policy drop; icmpv6 type { 133, 134, 135, 136 } accept; }
  chain forward {
    type filter hook forward priority 0; policy drop;
    ct state established accept
    tcp flags & (fin|syn|rst|ack) != syn drop
    iifname wan-a ct status dnat accept
    iifname serveurs ip daddr 10.94.10.80 tcp dport 443 accept
    iifname serveurs ip daddr 10.94.231.100 tcp dport 22 accept
    iifname ligne ip daddr 10.94.30.11 tcp dport 443 accept
  }
}
"""


class Namespaces(Remote):
    """The way to the hosts of the lab: `ip netns exec` in the place of ssh."""

    def command(self, host: str, script: str) -> list[str]:
        path = f"PATH={Path(sys.executable).parent}:{os.environ['PATH']}"
        return ["ip", "netns", "exec", PREFIX + host, "env", path, "/bin/sh", "-c", script]


def run(*words: str, text: str | None = None) -> None:
    subprocess.run(words, check=True, input=text, text=True, capture_output=True)


def inside(name: str, *words: str, text: str | None = None) -> None:
    run("ip", "netns", "exec", PREFIX + name, *words, text=text)


def sysctl(name: str, **values: int) -> None:
    inside(name, "sysctl", "-qw", *(f"net.{key.replace('__', '.')}={value}" for key, value in values.items()))


def wire(site: Site, host: Host) -> None:
    """A namespace with a veth into the bridge of each of its zones, named after the zone; VIPs are on the gateway."""
    here = PREFIX + host.name
    run("ip", "netns", "add", here)
    run("ip", "-n", here, "link", "set", "lo", "up")
    for number, foot in enumerate(host.interfaces):
        port = f"{host.name}.{number}"
        run("ip", "link", "add", foot.zone, "netns", here, "type", "veth", "peer", "name", port, "netns", FABRIC)
        run("ip", "-n", FABRIC, "link", "set", port, "master", foot.zone, "up")
        run("ip", "-n", here, "link", "set", foot.zone, "address", foot.mac, "up")
        virtual = [site.vips["fw-ext"][foot.zone], site.vip6("fw-ext", foot.zone)] if host.redundancy else []
        for address in (foot.address, foot.address6, *virtual):
            zone = site.zone(foot.zone)
            length = (zone.network if address.version == 4 else zone.network6).prefixlen
            run("ip", "-n", here, "addr", "add", f"{address}/{length}", "dev", foot.zone, *FAST[address.version])
    for route in host.routes:
        run("ip", "-n", here, "route", "add", str(route.to), "via", str(route.via))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    path = tmp_path_factory.mktemp("lab")
    (path / "group_vars/all").mkdir(parents=True)
    (path / "group_vars/all/zones.yml").write_text(ZONES, encoding="utf-8")
    (path / "hosts.yml").write_text(HOSTS, encoding="utf-8")
    (path / "flux.csv").write_text(FLOWS, encoding="utf-8")
    return Site.load(path)


@pytest.fixture(scope="module")
def lab(site: Site) -> Iterator[None]:
    try:
        run("ip", "netns", "add", FABRIC)
        for name in site.zones:
            run("ip", "-n", FABRIC, "link", "add", name, "up", "type", "bridge", "mcast_snooping", "0")
        for host in site.hosts.values():
            wire(site, host)
        sysctl(GATEWAY, ipv4__ip_forward=1, ipv6__conf__all__forwarding=1)
        yield
    finally:
        for name in (*(PREFIX + name for name in site.hosts), FABRIC):
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


@pytest.fixture
def attacks(site: Site, lab: None) -> Iterator[Attacks]:  # noqa: ARG001 - the lab stands meanwhile
    inside(GATEWAY, "nft", "-f", "-", text=CAREFUL)
    yield Attacks(site, Namespaces(Path("none")))
    inside(GATEWAY, "nft", "flush", "ruleset")


def careless() -> None:
    inside(GATEWAY, "nft", "-f", "-", text="flush ruleset\n" + CARELESS)


def by_name(attacks: tuple[Attack, ...]) -> dict[str, Attack]:
    return {attack.name: attack for attack in attacks}


def test_a_careful_firewall_lets_nothing_through_and_the_silence_is_proved(attacks: Attacks) -> None:
    found = attacks.through("fai-a")
    assert {attack.name: attack.arrived for attack in found if attack.arrived} == {}
    assert {attack.name: attack.details for attack in found if not attack.control_ok} == {}
    assert len(found) > 25
    assert all(attack.pcap for attack in found)


def test_a_careless_firewall_is_seen_letting_forgeries_through(attacks: Attacks) -> None:
    careless()
    found = by_name(attacks.through("fai-a"))
    through = {
        "spoof-serveurs",
        "spoof-ligne-ipv6",
        "spoof-published",
        "fragments-tiny-inner",
        "bogon-shared",
    }
    assert {name: found[name].arrived for name in through if not found[name].arrived} == {}
    assert found["scan-fin"].answers == ("198.51.100.4:443 TCP RA",)


def test_a_router_that_obeys_source_routes_is_seen(attacks: Attacks) -> None:
    careless()
    sysctl(GATEWAY, **{f"ipv4__conf__{dev}__accept_source_route": 1 for dev in ("all", "wan-a")})
    found = by_name(attacks.through("fai-a"))["source-route-loose-router"]
    sysctl(GATEWAY, **{f"ipv4__conf__{dev}__accept_source_route": 0 for dev in ("all", "wan-a")})
    assert found.control_ok
    assert found.arrived == found.sent > 0


def test_a_witness_that_does_not_pass_spoils_the_control(attacks: Attacks) -> None:
    inside(GATEWAY, "nft", "insert", "rule", "inet", "try", "forward", "drop")
    spoof = by_name(attacks.through("fai-a"))["spoof-serveurs"]
    assert spoof.details["reached"] == spoof.sent > 0
    assert not spoof.control_ok


@pytest.mark.usefixtures("attacks")
def test_drops_are_asked_for_the_marker_of_each_shot(site: Site) -> None:
    asked: list[Marker] = []

    def drops(marker: Marker) -> list[str]:
        asked.append(marker)
        return ["N1:usurpation"]

    attacks = Attacks(site, Namespaces(Path("none")), drops)
    shot = Shot("one", "tcp", "10.94.10.80", source="10.94.30.11", options={"dport": 443, "flags": "S"})
    (found,) = attacks.launch("fai-a", [shot], gates=[(GATEWAY, "wan-a")])
    assert found.drops == ("N1:usurpation",)
    assert [marker.source for marker in asked] == ["10.94.30.11"]


@pytest.mark.parametrize(("accepts", "believed"), [(0, False), (1, True)], ids=["ignored", "accepted"])
def test_a_redirect_is_ignored_or_accepted_as_the_victim_is_set(attacks: Attacks, accepts: int, believed: bool) -> None:  # noqa: FBT001 - a case
    sysctl("mandataire", ipv4__conf__all__accept_redirects=accepts, ipv4__conf__dmz__accept_redirects=accepts)
    sysctl("mandataire", ipv4__conf__all__secure_redirects=0, ipv4__conf__dmz__secure_redirects=0)
    found = attacks.redirect("mx-1", "mandataire", about="10.94.30.11")
    assert found.control_ok
    assert found.details["accepted"] is believed
    again = attacks.redirect("mx-1", "mandataire", about="10.94.30.11")
    assert again.details["before"] == ["10.94.10.1", "dmz"], "what the first attack taught must be forgotten"


def test_arp_poisoning_is_seen_and_its_end_is_measured(attacks: Attacks) -> None:
    # Faster than Linux's 30 s, so that the victim checks its neighbour within the test.
    times = {"base_reachable_time_ms": 1000, "delay_first_probe_time": 1, "retrans_time_ms": 100, "locktime": 0}
    sysctl("mandataire", **{f"ipv4__neigh__dmz__{name}": value for name, value in times.items()})
    inside("mandataire", "ip", "neigh", "flush", "dev", "dmz")
    found = attacks.arp_spoofing("mx-1", "mandataire", seconds=0.5, settle_s=15)
    assert found.control_ok
    assert found.details["true_mac"] == GATEWAY_MAC
    assert found.details["forged_mac"] == "02:94:0a:5e:0a:19"
    assert found.details["poisoned"]
    assert 0 < found.details["recovered_s"] < 15


def test_arp_poisoning_that_lasts_is_mended(attacks: Attacks) -> None:
    sysctl("mandataire", ipv4__neigh__dmz__base_reachable_time_ms=60_000)
    found = attacks.arp_spoofing("mx-1", "mandataire", seconds=0.3, settle_s=0.2)
    assert found.details["poisoned"]
    assert found.details["recovered_s"] is None
    again = attacks.arp_spoofing("mx-1", "mandataire", seconds=0.1, settle_s=0)
    assert again.details["true_mac"] == GATEWAY_MAC


def test_a_fixed_neighbour_is_not_poisoned(attacks: Attacks) -> None:
    entry = ("10.94.10.1", "lladdr", GATEWAY_MAC, "dev", "dmz")
    inside("mandataire", "ip", "neigh", "replace", *entry, "nud", "permanent")
    found = attacks.arp_spoofing("mx-1", "mandataire", seconds=0.3, settle_s=1)
    inside("mandataire", "ip", "neigh", "del", *entry)
    assert found.control_ok
    assert not found.details["poisoned"]


@pytest.mark.parametrize(("accepts", "believers"), [(0, []), (1, ["mandataire"])], ids=["ignored", "accepted"])
def test_a_rogue_router_is_told_by_those_who_believe_it(attacks: Attacks, accepts: int, believers: list[str]) -> None:
    sysctl("mandataire", ipv6__conf__dmz__accept_ra=accepts)
    found = attacks.rogue_router("mx-1")
    assert found.control_ok
    assert sorted(found.details["routers"]) == believers
    assert sorted(found.details["addresses"]) == believers


@pytest.mark.parametrize(("forwards", "arrived"), [(0, 0), (1, 2)], ids=["host", "router"])
def test_a_host_with_two_feet_is_seen_relaying(attacks: Attacks, forwards: int, arrived: int) -> None:
    # The gateway stands in for the sender: it has no foot in the storage zone, so the witness comes from the relay.
    sysctl("dc1", ipv4__ip_forward=forwards)
    shot = Shot(
        "relay",
        "udp",
        "10.94.42.12",
        source="10.94.30.1",
        targets=("dc2",),
        dev="serveurs",
        via="10.94.30.11",
        options={"dport": 9},
    )
    witness = Shot("witness", "udp", "10.94.42.12", options={"dport": 9})
    (found,) = attacks.launch(GATEWAY, [shot], gates=[("dc1", "serveurs")], witnesses={"dc2": ("dc1", witness)})
    assert found.control_ok
    assert found.arrived == arrived


@pytest.fixture
def bridged() -> Iterator[str]:
    """A host whose link to the servers became a port of a bridge of that name, as on a hypervisor."""
    name, addresses = PREFIX + "dc2", ("10.94.30.12/24", "fd94:0:0:30::12/64")
    run("ip", "-n", name, "link", "set", "serveurs", "down")
    run("ip", "-n", name, "link", "set", "serveurs", "name", "carte0")
    run("ip", "-n", name, "link", "add", "serveurs", "type", "bridge", "mcast_snooping", "0")
    run("ip", "-n", name, "link", "set", "carte0", "master", "serveurs", "up")
    run("ip", "-n", name, "addr", "flush", "dev", "carte0")
    run("ip", "-n", name, "link", "set", "serveurs", "up")
    run("ip", "-n", name, "addr", "add", addresses[0], "dev", "serveurs")
    yield "dc2"
    run("ip", "-n", name, "link", "del", "serveurs")
    run("ip", "-n", name, "link", "set", "carte0", "down")
    run("ip", "-n", name, "link", "set", "carte0", "name", "serveurs", "up")
    for address in addresses:
        run("ip", "-n", name, "addr", "add", address, "dev", "serveurs", *FAST[6 if ":" in address else 4])


def test_what_passes_a_bridge_is_counted_once(attacks: Attacks, bridged: str) -> None:
    to, options = "10.94.10.80", {"dport": 9}
    shot = Shot("forged", "udp", to, source="10.94.30.99", dev="serveurs", via="10.94.30.1", options=options)
    (found,) = attacks.launch(bridged, [shot], gates=[(GATEWAY, "serveurs")], witnesses={})
    assert found.details["left"] == found.sent
    assert found.control_ok


def test_silence_is_told_apart_from_answers(attacks: Attacks) -> None:
    silent = attacks.silence("fai-a", answer_s=0.5)
    assert silent.control_ok, silent.details
    assert silent.answers == ()
    careless()
    loud = attacks.silence("fai-a", answer_s=0.5)
    assert any("TCP RA" in answer for answer in loud.answers)
    assert any("ICMP 3/3" in answer for answer in loud.answers)


def test_a_flood_is_counted_where_it_arrives(attacks: Attacks) -> None:
    careless()
    found = attacks.syn_flood("fai-a", packets=1_000, rate=2_000)
    assert found.control_ok
    assert (found.sent, found.arrived) == (1_000, 1_000)
    assert 0.45 < found.details["seconds"] < 5


def test_forged_advertisements_reach_the_routers_of_the_segment(attacks: Attacks) -> None:
    found = attacks.forged_vrrp("fai-a", "fw-ext", vrids=[10, 11], rounds=2)
    assert {attack.control_ok for attack in found} == {True}
    assert {tuple(attack.details["owners_after"]) for attack in found} == {(GATEWAY,)}
    assert not any(attack.details["taken"] for attack in found)


def test_a_virtual_address_that_moves_is_seen(attacks: Attacks) -> None:
    loses = "sleep 0.6; ip addr del 198.51.100.4/28 dev wan-a; sleep 0.1; ip addr add 198.51.100.4/28 dev wan-a"
    with subprocess.Popen(["ip", "netns", "exec", PREFIX + GATEWAY, "sh", "-c", f"sleep 1; {loses}"]):
        found = attacks.forged_vrrp("fai-a", "fw-ext", vrids=[10], rounds=20)
    changes = [change for attack in found for change in attack.details["changes"]]
    assert [gained for _, _, gained in changes] == [False, True]
    assert any(attack.details["taken"] for attack in found)


def test_nothing_is_sent_beyond_the_bounds_or_the_twin(attacks: Attacks, site: Site) -> None:
    shot = Shot("far", "tcp", "8.8.8.8", options={"dport": 443, "flags": "S"})
    with pytest.raises(RecetteError, match=r"8\.8\.8\.8 is outside the networks"):
        attacks.launch("fai-a", [shot], gates=[])
    with pytest.raises(RecetteError, match="packets of the flood"):
        attacks.syn_flood("fai-a", packets=10**6)
    with pytest.raises(RecetteError, match="digital twin only"):
        Attacks(replace(site, kind="site"), Namespaces(Path("none")))


def test_a_host_that_cannot_be_watched_leaves_the_question_open(attacks: Attacks) -> None:
    with pytest.raises(Inconclusive):
        attacks.launch("fai-a", [Shot("one", "echo", "10.94.10.80")], gates=[("nobody", "wan-a")])
