"""Bring a twin up, tell how it stands, take it down: each can be repeated, interrupted and resumed."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recette.errors import RecetteError
from recette.site import Host, Site
from recette.twin import controller, image
from recette.twin.engine import Podman
from recette.twin.fabric import Fabric
from recette.twin.state import State, raise_inotify_limit, restore_inotify_limit

BOOT_LIMIT_S = 120.0
POLL_S = 0.02
WORKERS = 4

Progress = Callable[[str, int, int], None]
"""Told the stage (images, machines, boot), how many are done, and how many there are."""


def _silent(_stage: str, _done: int, _total: int) -> None:
    """Progress of a caller that shows none."""


def _lost(entry: dict[str, Any]) -> bool:
    """Whether podman still counts as running a machine whose processes, its monitor among them, were all killed.

    A dead process that nobody has waited for has no namespace left.
    """
    try:
        alive = bool(Path(f"/proc/{entry['Pid']}/ns/net").readlink())
    except OSError:
        alive = False
    return entry["State"] in ("running", "paused") and not alive


@dataclass(frozen=True)
class HostStatus:
    """How one machine stands: `state` is absent, stopped, or what systemd says (running, degraded, starting)."""

    host: Host
    state: str
    pid: int | None

    @property
    def ready(self) -> bool:
        return self.state == "running"


class Twin:
    """All the machines of a site on this one, and the cables between them."""

    def __init__(self, site: Site) -> None:
        if site.kind != "twin":
            raise RecetteError(f"site {site.name} is a real site (site_kind: {site.kind}): it has no twin to bring up")
        self.site = site
        self.podman = Podman()
        self.fabric = Fabric(site)
        self.state = State(site)

    def container(self, host: Host) -> str:
        return f"{self.site.name}-{host.name}"

    def up(self, progress: Progress = _silent) -> None:
        """Make what is missing and mend what is broken; machines that stand are left alone.

        Raises RecetteError if a machine has not booted in two minutes.
        """
        with self.state.locked():
            references = self._images(progress)
            self.state.prepare()
            raise_inotify_limit()
            self.fabric.create()
            controller.ensure(self.state, self.site)
            self._drop_foreign(references)
            broken = self._not_standing()
            self._power(broken, references, progress)
            self._wait_booted(list(self.site.hosts.values()), progress)

    def down(self) -> None:
        """Remove every container, cable, bridge, namespace, socket and file of the twin."""
        with self.state.locked():
            # First: they would cycle the power of machines that are being removed.
            controller.stop(self.state)
            self.state.close_connections()
            self.podman.remove([entry["Names"][0] for entry in self.podman.containers(self.site.name).values()])
            self.fabric.remove()
            self.state.remove()
            restore_inotify_limit()

    def status(self) -> list[HostStatus]:
        """One entry a host of the site, in its order."""
        containers = self.podman.containers(self.site.name)
        ports = self.fabric.ports()
        return [self._status(host, containers.get(host.name), ports) for host in self.site.hosts.values()]

    def machines(self) -> dict[str, str]:
        """What identifies each host's machine: it changes when the machine is made anew, not when it restarts."""
        return {name: entry["Id"] for name, entry in self.podman.containers(self.site.name).items()}

    def boot(self, hosts: Collection[Host], unplugged: Collection[str] = ()) -> None:
        """Start stopped machines, plug their cables but those of some zones, and wait until they have booted."""
        self._power(list(hosts), {}, _silent, unplugged)
        self._wait_booted(hosts, _silent)

    def _status(self, host: Host, entry: dict[str, object] | None, ports: set[str]) -> HostStatus:
        if entry is None:
            return HostStatus(host, "absent", None)
        if entry["State"] not in ("running", "paused"):
            return HostStatus(host, "stopped", None)
        pid = int(str(entry["Pid"]))
        if entry["State"] == "paused":
            return HostStatus(host, "frozen", pid)
        if not self.fabric.is_wired(host, ports):
            return HostStatus(host, "unwired", pid)
        booted = self.state.export(host.name) / "booted"
        return HostStatus(host, booted.read_text(encoding="ascii").strip() if booted.exists() else "starting", pid)

    def _images(self, progress: Progress) -> dict[str, str]:
        names = sorted({host.image for host in self.site.hosts.values()})
        references: dict[str, str] = {}
        progress("images", 0, len(names))
        for name, reference in image.ensure_all(self.podman, names):
            references[name] = reference
            progress("images", len(references), len(names))
        return references

    def _drop_foreign(self, references: dict[str, str]) -> None:
        """Remove machines that the site no longer has, whose image changed, or that died without podman's notice."""
        wanted = {host.name: references[host.image] for host in self.site.hosts.values()}
        found = self.podman.containers(self.site.name)
        self.podman.remove([e["Names"][0] for name, e in found.items() if wanted.get(name) != e["Image"] or _lost(e)])

    def _not_standing(self) -> list[Host]:
        """Machines to (re)start; a half-wired or frozen one is switched off first, like a crashed one."""
        statuses = [status for status in self.status() if status.state not in ("running", "starting")]
        alive = [self.container(status.host) for status in statuses if status.pid is not None]
        if alive:
            self.podman.run("kill", "--signal", "KILL", *alive, check=False)
        return [status.host for status in statuses]

    def _power(
        self, hosts: list[Host], references: dict[str, str], progress: Progress, unplugged: Collection[str] = ()
    ) -> None:
        existing = self.podman.containers(self.site.name)
        self.state.close_connections(*(host.name for host in hosts))
        self.fabric.unwire(hosts)
        for host in hosts:
            for stale in ("wired", "booted", "booting", "ssh"):
                (self.state.export(host.name) / stale).unlink(missing_ok=True)

        def start(host: Host) -> None:
            if host.name in existing and self._restart(host):
                return
            self.podman.run(*self._creation(host, references))

        with ThreadPoolExecutor(WORKERS) as pool:
            for done, _ in enumerate(pool.map(start, hosts), start=1):
                progress("machines", done, len(hosts))
        self._wire(hosts, unplugged)

    def _restart(self, host: Host) -> bool:
        """Switch a stopped machine on again; one whose record is damaged is removed, so that it is made anew."""
        if self.podman.run("start", self.container(host), check=False).returncode == 0:
            return True
        self.podman.remove([self.container(host)])
        return False

    def _creation(self, host: Host, references: dict[str, str]) -> list[str]:
        reference = references.get(host.image) or image.ensure(self.podman, host.image)
        recipe = image.Image.load(host.image)
        devices = [device for device in recipe.devices if Path(device).exists()]
        return [
            *("run", "--detach", "--name", self.container(host), "--hostname", host.name),
            *("--label", f"recette.site={self.site.name}", "--label", f"recette.host={host.name}"),
            *("--cpu-shares", str(recipe.shares), "--shm-size", recipe.shared_memory),
            *("--network", "none", "--no-hosts", "--systemd", "always", *self.podman.kernel.limits),
            *(option for device in devices for option in ("--device", device)),
            *("--device", "/dev/net/tun", "--volume", f"{self.state.export(host.name)}:/run/host/unix-export"),
            *(reference, "sh", "-c", self.podman.kernel.entry_point),
        ]

    def _wire(self, hosts: Iterable[Host], unplugged: Collection[str]) -> None:
        containers = self.podman.containers(self.site.name)
        self.fabric.wire({host: int(containers[host.name]["Pid"]) for host in hosts})
        for host in hosts:
            for zone in unplugged:
                self.fabric.unplug(host, zone)
            (self.state.export(host.name) / "wired").touch()

    def _wait_booted(self, hosts: Collection[Host], progress: Progress) -> None:
        waiting = {host.name: self.state.export(host.name) / "booted" for host in hosts}
        deadline = time.monotonic() + BOOT_LIMIT_S
        while waiting:
            waiting = {name: path for name, path in waiting.items() if not path.exists()}
            progress("boot", len(hosts) - len(waiting), len(hosts))
            if waiting and time.monotonic() > deadline:
                names = ", ".join(sorted(waiting))
                raise RecetteError(f"twin: {names} not booted after {BOOT_LIMIT_S:.0f} s; `recette twin status`")
            time.sleep(POLL_S)
