"""podman, set up for systemd containers on the kernel that is really there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recette.errors import RecetteError

REMOVE_TRIES = 3

CONFIGURATION = Path(__file__).with_name("containers.conf")
"""Obeyed in place of the machine's own, by podman and by what it leaves running beside each container."""

_CAP_SYS_RESOURCE = 24


@dataclass(frozen=True)
class Kernel:
    """What this machine's kernel and session allow; detected, never assumed."""

    cgroup_v2: bool
    may_raise_limits: bool

    @staticmethod
    def detect() -> Kernel:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        effective = int(next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff")), 16)
        return Kernel(
            cgroup_v2=Path("/sys/fs/cgroup/cgroup.controllers").exists(),
            may_raise_limits=bool(effective >> _CAP_SYS_RESOURCE & 1),
        )

    @property
    def runtime(self) -> str | None:
        """OCI runtime to ask for: crun refuses hybrid cgroups, so runc there; podman's own choice elsewhere."""
        return None if self.cgroup_v2 else "runc"

    @property
    def limits(self) -> tuple[str, ...]:
        """Options of `podman run`: a session that may not raise the limits of processes states what it has."""
        return () if self.may_raise_limits else ("--ulimit", "nofile=20000:20000", "--ulimit", "nproc=30000:30000")

    @property
    def entry_point(self) -> str:
        """Shell lines that a container runs before systemd.

        On cgroup v1 the container is given a cgroup v2 tree of its own; /proc/sys is writable so that the roles
        may set the network parameters of the host. The machine boots only once its cables are plugged in.
        """
        own_cgroup = "umount -R /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup && "
        return (
            ("" if self.cgroup_v2 else own_cgroup)
            + "mount -o remount,rw /proc/sys && "
            + "while [ ! -e /run/host/unix-export/wired ]; do sleep 0.05; done; exec /sbin/init"
        )


class Podman:
    """The container engine, obeying a configuration of its own: nothing of the machine's is changed."""

    def __init__(self) -> None:
        if os.geteuid() != 0:
            raise RecetteError("twin: root is needed to make network namespaces and systemd containers; run with sudo")
        if shutil.which("podman") is None:
            raise RecetteError("twin: podman is not installed; run `make setup` (or `recette doctor` to see all)")
        self.kernel = Kernel.detect()
        runtime = self.kernel.runtime
        if runtime and shutil.which(runtime) is None:
            raise RecetteError(
                f"twin: {runtime} is not installed, and crun refuses this machine's cgroups; `make setup`"
            )
        self._command = ("podman", *(("--runtime", runtime) if runtime else ()))

    def run(self, *arguments: str, check: bool = True, stdin: Any = None) -> subprocess.CompletedProcess[str]:
        """Run a podman command. Raises RecetteError with podman's own last line when it fails."""
        command = [*self._command, *arguments]
        environment = {**os.environ, "CONTAINERS_CONF": str(CONFIGURATION)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, stdin=stdin)
        if check and done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            hint = "; free some space (`make clean` removes the twin's images)" if "no space left" in last else ""
            raise RecetteError(f"podman {arguments[0]}: {last}{hint}")
        return done

    def has_image(self, reference: str) -> bool:
        return reference in self.run("images", "--format", "{{.Repository}}:{{.Tag}}").stdout.split()

    def containers(self, site: str) -> dict[str, dict[str, Any]]:
        """Every container of a twin, running or not, by host name, as `podman ps` describes it."""
        listed = json.loads(self.run("ps", "-a", "--filter", f"label=recette.site={site}", "--format", "json").stdout)
        return {entry["Labels"]["recette.host"]: entry for entry in listed}

    def remove(self, names: list[str]) -> None:
        """Remove containers at once, whatever state they are in; absent ones are no error.

        On a loaded machine killed processes may outlive podman's patience: it is asked again, for they are dying.
        """
        for tries_left in reversed(range(REMOVE_TRIES if names else 0)):
            done = self.run("rm", "--force", "--ignore", "--volumes", "--time", "0", *names, check=not tries_left)
            if done.returncode == 0:
                return
