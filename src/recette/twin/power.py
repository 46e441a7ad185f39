"""Physical accidents of the twin: power, cables, panics. Each is idempotent; none waits for services."""

from __future__ import annotations

from collections.abc import Collection

from recette.site import Host
from recette.twin.lifecycle import Twin


class Power:
    """What a person in the server room could do to a machine."""

    def __init__(self, twin: Twin) -> None:
        self._twin = twin

    def running(self, host: Host) -> bool:
        """Whether the machine has power and is not frozen."""
        entry = self._twin.podman.containers(self._twin.site.name).get(host.name)
        return entry is not None and entry["State"] == "running"

    def cut(self, host: Host) -> None:
        """Power cut: every process dies at once and the cables lose their carrier.

        The machine's kernel is this one's, so its page cache survives: this proves nothing about lost writes.
        """
        if not self.running(host):
            return
        # A dying network namespace may lose its filter before its addresses: for some milliseconds it would route
        # unfiltered, and answer with resets. A machine without power sends nothing.
        self._twin.fabric.mute(host, *(interface.zone for interface in host.interfaces))
        self._kill(host)
        self._twin.state.close_connections(host.name)

    def powered(self, host: Host) -> bool:
        """Whether the machine has power, frozen or not."""
        entry = self._twin.podman.containers(self._twin.site.name).get(host.name)
        return entry is not None and entry["State"] in ("running", "paused")

    def off(self, host: Host) -> None:
        """Cut the power, of a machine that panicked too: what a power controller does."""
        self._unfreeze(host)
        self.cut(host)

    def unplugged(self, host: Host) -> tuple[str, ...]:
        """Zones from which its cable is pulled."""
        return self._twin.fabric.unplugged(host)

    def start(self, host: Host, unplugged: Collection[str] = ()) -> None:
        """Switch the machine on, plug its cables but those of some zones, and wait until it has booted."""
        if self.running(host):
            # An accident that was interrupted may have silenced its cables without killing it.
            for interface in host.interfaces:
                self._twin.fabric.unmute(host, interface.zone)
            return
        self._unfreeze(host)
        self._twin.boot([host], unplugged)

    def replace(self, host: Host) -> None:
        """Destroy the machine and its disk, put a new one in its place, switch it on, and wait until it has booted."""
        self.cut(host)
        self._twin.podman.remove([self._twin.container(host)])
        self._twin.boot([host])

    def panic(self, host: Host) -> None:
        """Kernel panic: nothing runs, nothing answers, but the carrier stays.

        Frozen processes alone would not do: the kernel would go on routing and answering ARP.
        """
        if not self.running(host):
            return
        self._twin.fabric.mute(host, *(interface.zone for interface in host.interfaces))
        self._twin.podman.run("pause", self._twin.container(host), check=False)
        self._twin.state.close_connections(host.name)

    def unplug(self, host: Host, zone: str) -> None:
        self._twin.fabric.unplug(host, zone)

    def plug(self, host: Host, zone: str) -> None:
        self._twin.fabric.plug(host, zone)

    def mute(self, host: Host, zone: str) -> None:
        self._twin.fabric.mute(host, zone)

    def unmute(self, host: Host, zone: str) -> None:
        self._twin.fabric.unmute(host, zone)

    def _unfreeze(self, host: Host) -> None:
        """A machine that panicked is switched off before it is switched on: it does not wake up where it was."""
        entry = self._twin.podman.containers(self._twin.site.name).get(host.name)
        if entry is not None and entry["State"] == "paused":
            # The order matters: killed while frozen, it never runs another instruction.
            self._twin.podman.run("kill", "--signal", "KILL", self._twin.container(host), check=False)
            self._twin.podman.run("unpause", self._twin.container(host), check=False)
            self._kill(host)

    def _kill(self, host: Host) -> None:
        """Kill, and wait until podman knows it: it would otherwise start nothing, believing the machine on."""
        name = self._twin.container(host)
        self._twin.podman.run("kill", "--signal", "KILL", name, check=False)
        self._twin.podman.run("wait", "--interval", "20ms", name, check=False)
