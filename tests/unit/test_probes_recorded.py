"""Each probe on recorded answers of hosts: one that conforms, one that does not, one that cannot conclude."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from pathlib import Path

import pytest
from scapy.layers.inet import ICMP, IP
from scapy.layers.l2 import Ether
from scapy.utils import wrpcap

from recette.errors import Inconclusive
from recette.measure.ownership import Span
from recette.probes.capture import capture
from recette.probes.firewall import Rule, counters, drops_since, hits
from recette.probes.host import facts
from recette.probes.journal import Journal, LogMark, firewalls
from recette.probes.vip import OwnershipWatch, current_owner, owners, vips_of, watch_owners
from recette.probes.watch import Broken, watch
from recette.shell import Remote
from recette.site import Host, Interface, Site, Zone
from recette.waiting import wait_until

RECORDED = Path(__file__).parents[1] / "recorded"
RULES, LOG = RECORDED / "pare_feu" / "regles-avant.json", RECORDED / "pare_feu" / "journal.json"
PAIR = {"fw-ext-1": "fw-ext", "fw-ext-2": "fw-ext"}
VIP = "10.94.20.1"


class Recorded(Remote):
    """Answers from a shell script for each host: what the host said once."""

    def __init__(self, scripts: Mapping[str, str]) -> None:
        super().__init__(Path("unused"))
        self.scripts = scripts

    def command(self, host: str, script: str) -> list[str]:
        del script
        return ["/bin/sh", "-c", self.scripts[host]]


def prints(path: Path) -> str:
    """A host that prints a recording, then waits for the end of its stdin."""
    return f"cat {shlex.quote(str(path))}; cat >/dev/null"


def firewall(name: str, digit: int) -> Host:
    interface = Interface("transit", IPv4Address(f"10.94.20.{digit}"), IPv6Address(f"fd94:0:0:20::{digit}"))
    return Host(name, (interface,), (), "fw-ext", frozenset({"pare_feu_externe"}), "base", forwarding=True)


@pytest.fixture
def site() -> Site:
    zone = Zone("transit", 20, IPv4Network("10.94.20.0/28"), IPv6Network("fd94:0:0:20::/64"), None, "transit", None)
    hosts = {name: firewall(name, digit) for digit, name in enumerate(PAIR, 2)}
    vips = {"fw-ext": {"transit": IPv4Address(VIP)}}
    return Site("jumeau", "twin", Path("unused"), "fsb.cenexis.example", {"transit": zone}, hosts, vips, (), {})


def test_rules_that_nobody_hit_are_told_for_the_pair() -> None:
    before = counters(Recorded(dict.fromkeys(PAIR, prints(RULES))), PAIR)
    after_remote = Recorded({"fw-ext-1": prints(RULES), "fw-ext-2": prints(RULES.with_name("regles-apres.json"))})
    after = counters(after_remote, PAIR)
    found = hits(before, after, PAIR)
    assert {rule for rule, packets in found.items() if packets == 0} == {
        Rule("fw-ext", "input", "defaut-entree"),
        Rule("fw-ext", "input", "etat"),
        Rule("fw-ext", "output", "etat"),
    }
    assert found[Rule("fw-ext", "forward", "FLX-001")] == 1
    assert found[Rule("fw-ext", "forward", "defaut-transit")] == 4


def test_a_counter_that_a_reload_reset_still_counts() -> None:
    remote = Recorded({"fw-ext-1": prints(RULES.with_name("regles-apres.json"))})
    after = counters(remote, ["fw-ext-1"])
    assert hits(after, after, PAIR)[Rule("fw-ext", "forward", "FLX-001")] == 0
    more = [type(one)(one.host, one.chain, one.comment, one.packets + 100, one.bytes) for one in after]
    assert hits(more, after, PAIR)[Rule("fw-ext", "forward", "FLX-001")] == 1


def test_a_firewall_without_nft_is_inconclusive() -> None:
    with pytest.raises(Inconclusive, match=r"fw-ext-1 : les règles du pare-feu sont illisibles \(not found\)"):
        counters(Recorded({"fw-ext-1": "echo not found >&2; exit 127"}), ["fw-ext-1"])


def agent_says(value: object) -> str:
    return f"cat >/dev/null; echo {shlex.quote(json.dumps(value))}"


DROPPED = "N1:bogon:drop|10.0.0.1|10.94.10.25|tcp|4000|25"
MARK = LogMark({host: [1, 2] for host in PAIR}, {"fw-ext-1": 3, "fw-ext-2": 0})
PASSED = "N1:FLX-001:accept|192.0.2.40|10.94.10.25|tcp|4001|25"


def test_drops_of_all_firewalls_are_told(site: Site) -> None:
    remote = Recorded(
        {
            "fw-ext-1": agent_says(["sentinel", [DROPPED, PASSED, "autre chose|a|b|tcp|1|2"], 3]),
            "fw-ext-2": agent_says(["quiet", [], 0]),
        }
    )
    (drop,) = drops_since(Journal(site, remote), MARK)
    assert (drop.host, drop.level, drop.rule, drop.source, drop.dport) == ("fw-ext-1", 1, "bogon", "10.0.0.1", 25)


def test_a_log_that_lost_lines_is_inconclusive(site: Site) -> None:
    remote = Recorded({"fw-ext-1": agent_says(["quiet", [DROPPED], 4]), "fw-ext-2": agent_says(["quiet", [], 0])})
    assert Journal(site, remote).read(MARK).losing == ("fw-ext-1",)
    with pytest.raises(Inconclusive, match=r"Journal de fw-ext-1 : des lignes ont été perdues"):
        drops_since(Journal(site, remote), MARK)


def test_a_log_still_written_is_inconclusive(site: Site) -> None:
    remote = Recorded({"fw-ext-1": agent_says(["growing", [DROPPED], 0]), "fw-ext-2": agent_says(["quiet", [], 0])})
    with pytest.raises(Inconclusive, match=r"Journal de fw-ext-1 : encore en cours d'écriture"):
        drops_since(Journal(site, remote), MARK)


def test_a_firewall_that_is_off_is_left_out_of_the_mark(site: Site) -> None:
    mark = Journal(site, Recorded({"fw-ext-1": agent_says([[7, 100], 0]), "fw-ext-2": "exit 255"})).mark()
    assert mark == LogMark({"fw-ext-1": [7, 100]}, {"fw-ext-1": 0})
    with pytest.raises(Inconclusive, match="Aucun pare-feu"):
        Journal(site, Recorded(dict.fromkeys(PAIR, "exit 255"))).mark()
    assert [host.name for host in firewalls(site)] == list(PAIR)


def test_host_facts_are_read_in_one_answer() -> None:
    remote = Recorded(
        {"dc1": prints(RECORDED / "hote" / "nominal.txt"), "dc2": prints(RECORDED / "hote" / "degrade.txt")}
    )
    found = facts(remote, ["dc1", "dc2"], ["net.ipv4.ip_forward"])
    nominal, degraded = found["dc1"], found["dc2"]
    assert (nominal.state, nominal.failed_units) == ("running", ())
    assert (degraded.state, degraded.failed_units) == ("degraded", ("casse.service",))
    assert nominal.sysctl == {
        "net.ipv4.ip_forward": "0",
        "net.ipv4.tcp_rmem": "4096 131072 33554432",
        "net.nope": None,
    }
    assert nominal.addresses["b30-admin"][:2] == ("10.94.130.2", "fd94:0:0:130::2")
    assert {"10.94.130.1", "fd94:0:0:130::1"} == {route["gateway"] for route in nominal.routes if "gateway" in route}
    assert nominal.ntp_offset_s is None
    assert 0 < nominal.round_trip_s < 5


def test_host_facts_that_make_no_sense_are_inconclusive() -> None:
    with pytest.raises(Inconclusive, match="dc1 : réponse incomprise"):
        facts(Recorded({"dc1": "echo bonjour"}), ["dc1"])


def test_a_watch_keeps_late_and_lost_probes_apart() -> None:
    remote = Recorded({"poste-b30": prints(RECORDED / "sondes" / "bascule.jsonl")})
    with watch(remote, "poste-b30", "10.94.30.11", 443) as seen:
        seen.wait_answered(5, limit_s=5.0)
        with pytest.raises(Inconclusive, match=r"poste-b30 -> 10.94.30.11 connect 443 : 1 réponses en 0.1 s"):
            seen.wait_answered(2, limit_s=0.1, since_s=1.09)
    assert [sample.number for sample in seen.samples] == [1, 2, 3, 4, 5, 6]
    assert [(outage.lost, outage.late) for outage in seen.outages()] == [(0, 1), (1, 0)]
    assert seen.broken is None


def test_a_broken_session_is_told() -> None:
    remote = Recorded({"poste-b30": prints(RECORDED / "sondes" / "rompue.jsonl")})
    with watch(remote, "poste-b30", "10.94.30.11", 443) as seen:
        seen.wait_answered(1, limit_s=5.0)
    assert seen.broken == Broken(1.03, "ECONNRESET")


def test_a_watch_from_a_host_out_of_reach_is_inconclusive() -> None:
    with (
        pytest.raises(Inconclusive, match="poste-b30"),
        watch(Recorded({"poste-b30": "exit 255"}), "poste-b30", "10.94.30.11", 443) as seen,
    ):
        seen.wait_answered(1, limit_s=5.0)


def test_a_watch_without_any_answer_is_inconclusive() -> None:
    remote = Recorded({"poste-b30": prints(RECORDED / "sondes" / "muette.jsonl")})
    with watch(remote, "poste-b30", "10.94.30.11", 443) as seen:
        with pytest.raises(Inconclusive):
            seen.wait_answered(1, limit_s=0.2)
        seen.stop()
        with pytest.raises(Inconclusive, match="aucune des"):
            seen.outages()


def shows(*addresses: str) -> str:
    links = [{"ifname": "transit", "addr_info": [{"local": address} for address in addresses]}]
    return f"echo {shlex.quote(json.dumps(links))}"


@pytest.mark.parametrize(
    ("first", "second", "owner"),
    [
        (shows("10.94.20.2", VIP), shows("10.94.20.3"), "fw-ext-1"),
        ("exit 255", shows("10.94.20.3", VIP), "fw-ext-2"),
        (shows("10.94.20.2"), shows("10.94.20.3"), None),
        (shows("10.94.20.2", VIP), shows("10.94.20.3", VIP), None),
        # It holds the IPv6 address alone: not the owner yet.
        (shows("10.94.20.2", "fd94:0:0:20::1"), shows("10.94.20.3"), None),
    ],
)
def test_the_owner_of_a_group_holds_all_of_it_alone(site: Site, first: str, second: str, owner: str | None) -> None:
    found = current_owner(site, Recorded({"fw-ext-1": first, "fw-ext-2": second}), "fw-ext")
    assert (found.name if found else None) == owner


def test_owners_tell_what_each_member_holds(site: Site) -> None:
    held = owners(site, Recorded({"fw-ext-1": shows(VIP, "10.94.20.2"), "fw-ext-2": "exit 255"}), "fw-ext")
    assert {host.name: addresses for host, addresses in held.items()} == {"fw-ext-1": frozenset({VIP})}
    assert vips_of(site, "fw-ext") == {VIP, "fd94:0:0:20::1"}


def test_a_handover_is_followed_on_both_members(site: Site) -> None:
    scripts = {"fw-ext-1": "adresses-actif", "fw-ext-2": "adresses-secours"}
    remote = Recorded({host: prints(RECORDED / "sondes" / f"{name}.jsonl") for host, name in scripts.items()})
    with watch_owners(site, remote, "fw-ext") as seen:
        pass
    found = seen.ownership(end_s=10.0)
    assert found.spans() == (
        Span(VIP, ("fw-ext-1",), 1.0001, 5.0),
        Span(VIP, (), 5.0, 5.2),
        Span(VIP, ("fw-ext-2",), 5.2, 10.0),
    )
    assert (found.overlaps(), found.blind) == ((), ())


def test_a_member_that_comes_back_is_followed_again(site: Site, tmp_path: Path) -> None:
    recordings = [RECORDED / "sondes" / f"adresses-{name}.jsonl" for name in ("actif", "secours")]
    # The first session dies at once, the second one lasts.
    script = (
        f"[ -e {tmp_path}/died ] && {{ {prints(recordings[1])}; exit; }}; touch {tmp_path}/died; cat {recordings[0]}"
    )
    remote = Recorded({"fw-ext-1": script})
    seen = OwnershipWatch(remote, ["fw-ext-1"], vips_of(site, "fw-ext"), one_kernel=True)
    wait_until(lambda: len(seen.ownership(end_s=1e12).holds) > 1, 5.0, "le retour")
    seen.stop()
    assert [(hold.start_s, hold.end_s) for hold in seen.ownership(end_s=10.0).holds] == [(1.0001, 5.0), (5.2, 10.0)]


def test_the_clocks_of_a_real_site_are_brought_together(site: Site) -> None:
    remote = Recorded({"fw-ext-1": prints(RECORDED / "sondes" / "adresses-actif.jsonl")})
    seen = OwnershipWatch(remote, ["fw-ext-1"], vips_of(site, "fw-ext"), one_kernel=False)
    seen.stop()
    lost = seen.ownership(end_s=1e12)
    assert lost.holds[0].duration_s == pytest.approx(4.0, abs=0.001)
    assert lost.holds[0].start_s != pytest.approx(1.0, abs=1.0)


def test_a_member_that_cannot_be_followed_is_inconclusive(site: Site) -> None:
    remote = Recorded({"fw-ext-1": prints(RECORDED / "sondes" / "adresses-actif.jsonl"), "fw-ext-2": "exit 255"})
    with pytest.raises(Inconclusive, match="fw-ext-2"), watch_owners(site, remote, "fw-ext"):
        pass


@pytest.fixture
def pcap(tmp_path: Path) -> Path:
    wrpcap(str(tmp_path / "recorded.pcap"), [Ether() / IP(dst="10.94.30.11") / ICMP()] * 6)
    return tmp_path / "recorded.pcap"


def tcpdump(pcap: Path, said: str = "cat {said} >&2") -> str:
    ready = f"head -n1 {RECORDED / 'pare_feu' / 'tcpdump.txt'} >&2"
    return f"{ready}; cat {pcap}; cat >/dev/null; {said.format(said=RECORDED / 'pare_feu' / 'tcpdump.txt')}"


def test_a_capture_is_read_back(pcap: Path, tmp_path: Path) -> None:
    with capture(Recorded({"fw-ext-1": tcpdump(pcap)}), "fw-ext-1", "b30-admin", tmp_path / "out.pcap") as running:
        pass
    assert running.dropped == 0
    assert [packet[IP].dst for packet in running.packets()] == ["10.94.30.11"] * 6


def test_a_capture_without_its_totals_is_inconclusive(pcap: Path, tmp_path: Path) -> None:
    remote = Recorded({"fw-ext-1": tcpdump(pcap, said="true")})
    with capture(remote, "fw-ext-1", "b30-admin", tmp_path / "out.pcap") as running:
        pass
    with pytest.raises(Inconclusive, match="n'a pas rendu son bilan"):
        _ = running.dropped


def test_a_capture_that_cannot_start_is_inconclusive(tmp_path: Path) -> None:
    remote = Recorded({"fw-ext-1": "echo 'tcpdump: nope: No such device exists' >&2; exit 1"})
    with (
        pytest.raises(Inconclusive, match=r"fw-ext-1, interface nope : capture impossible .*No such device"),
        capture(remote, "fw-ext-1", "nope", tmp_path / "out.pcap"),
    ):
        pass
