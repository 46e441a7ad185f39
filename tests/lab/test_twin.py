"""The twin on this machine's real kernel: two hosts, and all that may go wrong around them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from recette.paths import STATE
from recette.site import Site
from recette.twin import Power, Twin
from recette.twin.state import INOTIFY

MINISITE = Path(__file__).parent / "minisite"
UP = [sys.executable, "-m", "recette.cli", "--site", str(MINISITE), "twin", "up"]

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="root is needed to make namespaces and containers")


@pytest.fixture(scope="module")
def twin() -> Iterator[Twin]:
    twin = Twin(Site.load(MINISITE))
    twin.up()
    yield twin
    twin.down()


def on(twin: Twin, host: str, command: str) -> str:
    argv = ["ssh", "-F", str(twin.state.ssh_config), host, command]
    return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=20).stdout


def carrier(twin: Twin, host: str, zone: str) -> str:
    return on(twin, host, f"ip link set {zone} up; cat /sys/class/net/{zone}/carrier").strip()


def pings(twin: Twin) -> bool:
    for host in twin.site.hosts.values():
        on(
            twin,
            host.name,
            f"ip link set bureaux up; ip address replace {host.interface('bureaux').address}/24 dev bureaux",
        )
    probe = "ping -c 1 -W 1 10.99.40.11 >/dev/null && echo yes || echo no"
    return on(twin, "poste", probe).strip() == "yes"


def container_names(twin: Twin) -> list[str]:
    return [twin.container(host) for host in twin.site.hosts.values()]


def test_hosts_run_and_have_their_cables(twin: Twin) -> None:
    assert [status.state for status in twin.status()] == ["running", "running"]
    links = on(twin, "serveur", "ls /sys/class/net").split()
    assert {"serveurs", "bureaux"} <= set(links)
    mac = twin.site.host("serveur").interface("serveurs").mac
    assert on(twin, "serveur", "cat /sys/class/net/serveurs/address").strip() == mac


def test_second_up_leaves_machines_alone(twin: Twin) -> None:
    before = twin.machines(), [status.pid for status in twin.status()]
    twin.up()
    assert (twin.machines(), [status.pid for status in twin.status()]) == before


def test_cables(twin: Twin) -> None:
    power, server = Power(twin), twin.site.host("serveur")
    assert pings(twin)
    power.unplug(server, "bureaux")
    assert carrier(twin, "serveur", "bureaux") == "0"
    assert not pings(twin)
    power.plug(server, "bureaux")
    assert pings(twin)
    power.mute(server, "bureaux")
    assert carrier(twin, "serveur", "bureaux") == "1"
    assert not pings(twin)
    power.unmute(server, "bureaux")
    assert pings(twin)


def test_power_cut_and_panic_keep_the_disk(twin: Twin) -> None:
    power, server = Power(twin), twin.site.host("serveur")
    on(twin, "serveur", "echo kept >/root/file")
    for accident in (power.cut, power.panic):
        accident(server)
        assert not power.running(server)
        assert not pings_alone(twin)
        power.start(server)
        assert power.running(server)
        assert on(twin, "serveur", "cat /root/file; ls /sys/class/net").split()[0] == "kept"


def pings_alone(twin: Twin) -> bool:
    return on(twin, "poste", "ping -c 1 -W 1 10.99.40.11 >/dev/null && echo yes || echo no").strip() == "yes"


def test_up_recovers_from_every_process_killed_outside(twin: Twin) -> None:
    for status in twin.status():
        assert status.pid is not None
        os.kill(status.pid, signal.SIGKILL)
    twin.up()
    assert pings(twin)


def test_up_recovers_from_machines_that_died_without_podmans_notice(twin: Twin) -> None:
    monitors = twin.podman.run("inspect", "--format", "{{.State.ConmonPid}}", *container_names(twin)).stdout.split()
    for pid in (*map(int, monitors), *(status.pid for status in twin.status())):
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
    twin.up()
    assert pings(twin)


def test_up_recovers_from_a_lost_fabric(twin: Twin) -> None:
    twin.fabric.remove()
    assert {status.state for status in twin.status()} == {"unwired"}
    twin.up()
    assert pings(twin)


def test_up_recovers_from_a_reboot_that_forgot_the_state(twin: Twin) -> None:
    # What a reboot leaves: container records and nothing of /run.
    twin.podman.run("kill", "--signal", "KILL", "minisite-serveur", "minisite-poste")
    twin.fabric.remove()
    twin.state.remove()
    twin.up()
    assert pings(twin)


def test_up_recovers_from_kill_9_in_the_middle(twin: Twin) -> None:
    for delay_s in (0.3, 0.9, 1.3):
        twin.down()
        building = subprocess.Popen(UP)
        time.sleep(delay_s)
        building.kill()
        building.wait()
        twin.up()
        assert pings(twin)


def test_two_ups_at_once_end_well(twin: Twin) -> None:
    twin.down()
    commands = [subprocess.Popen(UP) for _ in range(2)]
    assert [command.wait(60) for command in commands] == [0, 0]
    assert pings(twin)


def test_down_leaves_nothing(twin: Twin) -> None:
    others = {entry.name for entry in STATE.iterdir() if entry.is_dir()} - {"minisite"}
    twin.down()
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
    assert "minisite" not in listed.split()
    assert twin.podman.containers("minisite") == {}
    assert not (STATE / "minisite").exists()
    if not others:
        assert not (STATE / "inotify.before").exists()
        assert int(INOTIFY.read_text(encoding="ascii")) > 0
