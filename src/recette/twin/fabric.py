"""The cables of the twin: one bridge for each zone, in a network namespace of their own, without any address.

The machine's own network neither reaches the bridges nor routes for them, so no packet can go round a firewall.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass

from recette.errors import RecetteError
from recette.site import Host, Interface, Site


@dataclass(frozen=True)
class Fabric:
    """Bridges and cables of one site; `site.name` names the network namespace."""

    site: Site

    def create(self) -> None:
        """Make the namespace and the bridges that are missing."""
        if self.site.name not in _namespaces():
            _ip(f"netns add {self.site.name}")
        self._inside("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")
        present = self.ports()
        _ip(
            *(
                f"link add {zone} up type bridge stp_state 0 forward_delay 0 mcast_snooping 0"
                for zone in self.site.zones
                if zone not in present
            ),
            namespace=self.site.name,
        )

    def remove(self) -> None:
        """Remove the namespace and all that stands in it; cables go with it."""
        if self.site.name in _namespaces():
            _ip(f"netns del {self.site.name}")

    def ports(self) -> set[str]:
        """Names of the bridges and ports that exist."""
        if self.site.name not in _namespaces():
            return set()
        done = self._inside("ip", "-json", "link", "show")
        return {link["ifname"] for link in json.loads(done.stdout)}

    def is_wired(self, host: Host, ports: set[str]) -> bool:
        return {self.port(host, interface.zone) for interface in host.interfaces} <= ports

    def wire(self, hosts: dict[Host, int]) -> None:
        """Plug every cable of the hosts; `hosts` gives the process id of each machine's first process."""
        _ip(
            *(
                line
                for host, pid in hosts.items()
                for number, i in enumerate(host.interfaces)
                for line in self._cable(f"{host.name}.{number}", i, pid)
            ),
            namespace=self.site.name,
        )

    def unwire(self, hosts: Iterable[Host]) -> None:
        """Remove what is left of the hosts' cables: the kernel takes its time with those of a dead machine."""
        names = {self.port(host, interface.zone) for host in hosts for interface in host.interfaces}
        _ip(*(f"link del {port}" for port in sorted(names & self.ports())), namespace=self.site.name, force=True)

    def unplug(self, host: Host, zone: str) -> None:
        """The host sees its carrier go, as when a cable is pulled."""
        _ip(f"link set {self.port(host, zone)} down", namespace=self.site.name)

    def plug(self, host: Host, zone: str) -> None:
        _ip(f"link set {self.port(host, zone)} up", namespace=self.site.name)

    def unplugged(self, host: Host) -> tuple[str, ...]:
        """Zones from which the host's cable is pulled; none for a machine without power, whose cables are gone."""
        done = self._inside("ip", "-json", "link", "show")
        down = {link["ifname"] for link in json.loads(done.stdout) if "UP" not in link["flags"]}
        return tuple(interface.zone for interface in host.interfaces if self.port(host, interface.zone) in down)

    def mute(self, host: Host, *zones: str) -> None:
        """The ports pass nothing any more but the host keeps its carrier: paths that die in silence.

        A cable that is pulled passes nothing already, and its port takes no order.
        """
        pulled = self.unplugged(host)
        lines = [f"link set dev {self.port(host, zone)} state 0" for zone in zones if zone not in pulled]
        if lines:
            _ip(*lines, namespace=self.site.name, program="bridge")

    def unmute(self, host: Host, zone: str) -> None:
        self._inside("bridge", "link", "set", "dev", self.port(host, zone), "state", "3")

    def port(self, host: Host, zone: str) -> str:
        """Name of the bridge port into which the host's cable of a zone is plugged."""
        zones = [interface.zone for interface in host.interfaces]
        if zone not in zones:
            raise RecetteError(f"{host.name}: no interface in zone {zone}; it is in {', '.join(zones)}")
        return f"{host.name}.{zones.index(zone)}"

    def _cable(self, port: str, interface: Interface, pid: int) -> tuple[str, str]:
        return (
            f"link add {port} type veth peer name {interface.zone} address {interface.mac} netns {pid}",
            f"link set {port} master {interface.zone} up",
        )

    def _inside(self, *command: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["ip", "netns", "exec", self.site.name, *command], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise RecetteError(f"fabric {self.site.name}: {' '.join(command)}: {done.stderr.strip()}")
        return done


def _namespaces() -> set[str]:
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
    return {line.split()[0] for line in listed.splitlines() if line}


def _ip(*lines: str, namespace: str | None = None, force: bool = False, program: str = "ip") -> None:
    """Run many `ip` (or `bridge`) commands in one process.

    Raises RecetteError with the program's own message; `force` goes past errors.
    """
    if not lines:
        return
    inside = ["-netns", namespace] if namespace else []
    done = subprocess.run(
        [program, *inside, *(["-force"] if force else []), "-batch", "-"],
        input="\n".join(lines) + "\n",
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0 and not force:
        message = " ".join(done.stderr.split())
        raise RecetteError(f"fabric: {message}")
