"""The probes on real packets: three network namespaces, a real nft firewall between two of them.

A few thousand attempts whose truth is known: the firewall drops them with or without writing it, rejects them in both
ways, lets them through to a listener, to a mute service, to nobody, or to one that is late. No verdict may be wrong.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from pathlib import Path

import pytest

from recette.measure.outage import step, upper_bound_s
from recette.probes.agents import source
from recette.probes.flows import Flows
from recette.probes.judge import FlowResult, Observation
from recette.probes.watch import Mode, watch
from recette.shell import Remote, finish, first_line
from recette.site import Cell, Flow, Host, Interface, Ports, Service, Site, Zone

NFLOG = Path(__file__).parents[1] / "recorded" / "pare_feu" / "nflog.py"
MISSING = [tool for tool in ("ip", "nft") if not shutil.which(tool)]
pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root"),
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {' '.join(MISSING)}"),
]

ANSWERED, MUTE, NOBODY, RESET, PROHIBITED, UNWRITTEN, LATE = 7000, 7005, 7006, 7007, 7008, 7009, 7010
REFUSED = range(7020, 7060)
GATEWAY = "10.94.130.1"
RULES = f"""
table inet pare_feu {{
  chain prerouting {{
    type nat hook prerouting priority dstnat
    ip daddr {GATEWAY} meta l4proto {{ tcp, udp }} th dport 7000-7999 dnat ip to 10.94.30.11
  }}
  chain output {{
    type filter hook output priority 0; policy accept
    ip daddr 198.18.0.1 log group 1 prefix "N2:defaut-sortie:drop " drop
  }}
  chain forward {{
    type filter hook forward priority 0; policy drop
    ct state established,related accept
    meta l4proto {{ tcp, udp }} th dport {{ 7000-7006, 7010 }} log group 1 prefix "N2:FLX-001:accept " accept
    tcp dport {RESET} reject with tcp reset
    udp dport {RESET} reject
    meta l4proto {{ tcp, udp }} th dport {PROHIBITED} reject with icmpx admin-prohibited
    meta l4proto {{ tcp, udp }} th dport {UNWRITTEN} drop
    log group 1 prefix "N2:defaut-transit:drop " drop
  }}
}}
"""
LINKS = """
link add name poste netns {poste} type veth peer name b30-admin netns {fw}
link add name dc netns {dc} type veth peer name serveurs netns {fw}
"""
# The kernel answers few refusals per second by default, and silence would hide the truth of the others.
FRANK = "net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0 net.ipv4.icmp_msgs_per_sec=100000"


def host(name: str, zone: str, last: range, group: str = "") -> Host:
    vlan = {"b30-admin": 130, "serveurs": 30}[zone]
    interfaces = tuple(
        Interface(zone, IPv4Address(f"10.94.{vlan}.{byte}"), IPv6Address(f"fd94:0:0:{vlan}::{byte}")) for byte in last
    )
    return Host(name, interfaces, (), None, frozenset({group} if group else ()), "base", forwarding=bool(group))


POSTE = host("poste", "b30-admin", range(100, 101))
FIREWALL = host("fw", "b30-admin", range(1, 2), "pare_feu_interne")
DC = host("dc", "serveurs", range(11, 31))
FLOW = Flow("FLX-001", ("poste",), ("dc",), "tcp", (Ports(7000, 7006),), "EXG-NF-03", "", 1)


class Namespaces(Remote):
    """Runs on a host of the lab what ssh would run on a host of the site."""

    def __init__(self, names: dict[str, str]) -> None:
        super().__init__(Path("unused"))
        self.names = names

    def command(self, host: str, script: str) -> list[str]:
        return ["ip", "netns", "exec", self.names[host], "/bin/sh", "-c", script]


def configure(remote: Namespaces) -> None:
    subprocess.run(["ip", "-batch", "-"], input=LINKS.format(**remote.names), text=True, check=True)
    both = "ip address add {0} dev {1} nodad; "
    outside = both.format(f"{GATEWAY}/24", "b30-admin") + both.format("fd94:0:0:130::1/64", "b30-admin")
    inside = both.format("10.94.30.1/24", "serveurs") + both.format("fd94:0:0:30::1/64", "serveurs")
    addresses = "".join(
        both.format(f"{one.address}/24", "dc") + both.format(f"{one.address6}/64", "dc") for one in DC.interfaces
    )
    up = "ip link set lo up; ip link set {0} up; "
    default = "ip route add default via {0}; ip -6 route add default via {1}; "
    scripts = {
        "fw": up.format("b30-admin")
        + up.format("serveurs")
        + outside
        + inside
        + "ip route add default via 10.94.30.11;"
        f"sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 {FRANK}; nft -f -",
        "poste": up.format("poste")
        + both.format("10.94.130.100/24", "poste")
        + both.format("fd94:0:0:130::100/64", "poste")
        + default.format(GATEWAY, "fd94:0:0:130::1"),
        "dc": up.format("dc") + addresses + default.format("10.94.30.1", "fd94:0:0:30::1") + f"sysctl -qw {FRANK}",
    }
    for name, script in scripts.items():
        done = remote.run(name, f"set -e; {script}", stdin=RULES if name == "fw" else "")
        assert done.rc == 0, done.stderr


@pytest.fixture(scope="module")
def remote() -> Iterator[Namespaces]:
    names = {host: f"recette-lab-{host}-{os.getpid()}" for host in ("poste", "fw", "dc")}
    with ExitStack() as stack:
        for name in names.values():
            subprocess.run(["ip", "netns", "add", name], check=True)
            stack.callback(subprocess.run, ["ip", "netns", "delete", name], check=False)
        remote = Namespaces(names)
        configure(remote)
        yield remote


@pytest.fixture(scope="module")
def site() -> Site:
    zones = {
        name: Zone(
            name, vlan, IPv4Network(f"10.94.{vlan}.0/24"), IPv6Network(f"fd94:0:0:{vlan}::/64"), None, "interne", None
        )
        for name, vlan in (("b30-admin", 130), ("serveurs", 30))
    }
    hosts = {one.name: one for one in (POSTE, FIREWALL, DC)}
    return Site("lab", "twin", Path("unused"), "lab.example", zones, hosts, {}, (), {})


@pytest.fixture(scope="module")
def flows(remote: Namespaces, site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flows]:
    log = tmp_path_factory.mktemp("log") / "pare-feu.json"
    writer = remote.popen("fw", f"exec {sys.executable} {NFLOG} {log}")
    assert first_line(writer, 10.0) == b"ready\n"
    yield Flows(site, remote, pace=4000.0, log_path=str(log))
    finish(writer)


def cell(
    address: IPv4Address | IPv6Address, protocol: str, port: int, *, permitted: bool, answers: bool = True
) -> Cell:
    listeners = (DC,) if answers else ()
    service = Service(protocol, port, "x")
    return Cell(POSTE, DC, address, service, FLOW if permitted else None, (2,), "b30-admin", "serveurs", listeners)


@contextmanager
def mute_service(remote: Namespaces) -> Iterator[None]:
    """Accepts without a word on TCP, never answers on UDP, on each address and in both families."""
    script = f"""
import socket, sys
tcp = socket.create_server(("::", {MUTE}), family=socket.AF_INET6, dualstack_ipv6=True, backlog=1000)
udp = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
udp.bind(("::", {MUTE}))
print("ready", flush=True)
sys.stdin.read()
"""
    process = remote.popen("dc", f"exec {sys.executable} -c '{script}'")
    assert first_line(process, 10.0) == b"ready\n"
    yield
    finish(process)


def told(results: list[FlowResult]) -> set[str]:
    return {str(result) for result in results}


EXPECTED = {
    ANSWERED: Observation.ACCEPTED,
    MUTE: Observation.ACCEPTED,
    NOBODY: Observation.CLOSED,
    RESET: Observation.CLOSED,
    PROHIBITED: Observation.UNREACHABLE,
    UNWRITTEN: Observation.SILENT_UNPROVED,
    **dict.fromkeys(REFUSED, Observation.REFUSED),
}


def test_no_verdict_is_wrong(flows: Flows, remote: Namespaces) -> None:
    cells = [
        cell(address, protocol, port, permitted=port in {ANSWERED, MUTE, NOBODY}, answers=port != NOBODY)
        for interface in DC.interfaces
        for address in (interface.address, interface.address6)
        for protocol in ("tcp", "udp")
        for port in EXPECTED
    ]
    with mute_service(remote):
        start = time.monotonic()
        results = flows.try_cells(cells)
        took_s = time.monotonic() - start
    assert [result.cell for result in results] == cells
    wrong = [str(result) for result in results if result.observation is not EXPECTED[result.cell.service.port]]
    assert not wrong, f"{len(wrong)} of {len(cells)}: {wrong[:10]}"
    assert {result.by for result in results if result.cell.service.port == ANSWERED} == {"dc"}
    refused = [result for result in results if result.observation is Observation.REFUSED]
    assert {(result.level, result.rule) for result in refused} == {(2, "defaut-transit")}
    assert len(cells) == 3680
    assert took_s < 30
    print(f"{len(cells)} attempts in {took_s:.1f} s: {flows.timing}")  # noqa: T201 - shown by pytest -s


def test_a_translated_destination_is_followed(flows: Flows) -> None:
    gateway = IPv4Address(GATEWAY)
    results = flows.try_cells(
        [
            cell(gateway, "tcp", ANSWERED, permitted=True),
            cell(gateway, "udp", ANSWERED, permitted=True),
            cell(gateway, "tcp", REFUSED[0], permitted=False),
            cell(gateway, "udp", REFUSED[0], permitted=False),
        ]
    )
    accepted, refused = Observation.ACCEPTED, Observation.REFUSED
    assert [result.observation for result in results] == [accepted, accepted, refused, refused], told(results)


@contextmanager
def late_service(remote: Namespaces, *, dropped: int) -> Iterator[None]:
    """A service whose queue is full, so that its kernel drops whoever comes, until it dropped so many and accepts."""
    script = f"""
import socket, sys, threading, time
def drops():
    names, values = open("/proc/net/netstat").read().splitlines()[:2]
    return int(values.split()[names.split().index("ListenDrops")])
server = socket.create_server(("10.94.30.11", {LATE}), backlog=0)
filler = socket.create_connection(("10.94.30.11", {LATE}))
enough = drops() + {dropped}
print("ready", flush=True)
def serve():
    while drops() < enough:
        time.sleep(0.01)
    kept = []
    while True:
        kept.append(server.accept())
threading.Thread(target=serve, daemon=True).start()
sys.stdin.read()
"""
    process = remote.popen("dc", f"exec {sys.executable} -c '{script}'")
    assert first_line(process, 10.0) == b"ready\n"
    yield
    finish(process)


@pytest.mark.parametrize("permitted", [True, False])
def test_a_slow_service_is_never_called_dropped(flows: Flows, remote: Namespaces, permitted: bool) -> None:  # noqa: FBT001
    slow = cell(DC.interfaces[0].address, "tcp", LATE, permitted=permitted)
    with late_service(remote, dropped=1):
        (result,) = flows.try_cells([slow])
    assert result.observation in {Observation.ACCEPTED, Observation.SLOW}, str(result)
    if permitted:
        assert result.observation is Observation.ACCEPTED
        assert result.rtt_s is not None
        assert result.rtt_s > 0.5, "it was dropped at first, and answered the second SYN"


def test_a_service_that_never_answers_is_slow(flows: Flows, remote: Namespaces) -> None:
    with late_service(remote, dropped=1000):
        (result,) = flows.try_cells([cell(DC.interfaces[0].address, "tcp", LATE, permitted=False)])
    assert result.observation is Observation.SLOW
    assert "accepté par le niveau 2 (règle FLX-001), mais sans réponse à temps" in str(result)
    assert flows.timing.retried == 1


def test_a_ping_is_joined_by_its_identifier(flows: Flows) -> None:
    (result,) = flows.try_cells([cell(DC.interfaces[0].address, "icmp", 0, permitted=False)])
    assert result.observation is Observation.REFUSED, str(result)


@pytest.mark.usefixtures("flows")
def test_a_guest_is_led_past_the_service_by_each_of_two_streams(remote: Namespaces) -> None:
    ends = ("poste", "10.94.30.11", MUTE)
    with (
        watch(remote, *ends, targets=["dc"], guests=["10.94.130.100"]) as seen,
        watch(remote, *ends, Mode.DOWNLOAD, targets=["dc"], guests=["10.94.130.100"]) as download,
    ):
        seen.wait_answered(5, limit_s=10.0)
        download.wait_answered(5, limit_s=10.0)
    assert {sample.detail for sample in seen.samples if sample.received_s is not None} == {"dc"}


@pytest.mark.parametrize("mode", list(Mode))
def test_an_outage_is_bounded_on_both_sides(remote: Namespaces, mode: Mode) -> None:
    with watch(remote, "poste", "10.94.30.11", ANSWERED, mode, targets=["dc"], interval_ms=10) as seen:
        seen.wait_answered(20, limit_s=10.0)
        before = time.monotonic()
        remote.run("fw", "nft insert rule inet pare_feu forward counter drop comment cut")
        cut = time.monotonic()
        time.sleep(0.4)
        mending = time.monotonic()
        remote.run("fw", "nft flush chain inet pare_feu forward; nft -f -", stdin=RULES)
        mended = time.monotonic()
        seen.wait_answered(20, limit_s=10.0, since_s=mended)
    (outage,) = seen.outages()
    assert upper_bound_s([outage]) >= mending - cut
    assert outage.start_s <= cut
    assert outage.end_s >= mending
    # A long connection waits for its kernel to send again; a new one and a datagram do not.
    if mode in {Mode.CONNECT, Mode.UDP}:
        assert outage.lower_bound_s <= mended - before
        assert outage.upper_bound_s <= mended - before + 2 * step(seen.samples).longest_s + 0.2
    assert seen.broken is None


def test_the_knocker_is_fast_enough(remote: Namespaces) -> None:
    """3,000 attempts per second of CPU, everything included: the kernel of three hosts and the firewall's log."""
    count = 6000
    cells = [[number, "10.94.30.11", "tcp", 20000 + number, "refused"] for number in range(count)]
    payload = {"cells": cells, "nonce": "x", "first_port": 30000, "pace": 1e9, "at_once": 10_000}
    before = os.times()
    remote.python("poste", source("knock"), payload)
    after = os.times()
    spent_s = after.children_user + after.children_system - before.children_user - before.children_system
    assert spent_s < count / 3000, f"{count / spent_s:.0f} attempts per second of CPU"
