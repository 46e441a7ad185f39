"""What a standing twin keeps on the machine: keys, sockets, ssh configuration, and the kernel limit it raised."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from recette.errors import RecetteError
from recette.paths import STATE
from recette.site import Site

INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")
INOTIFY_NEEDED = 8192
"""About 25 systemd containers exhaust the usual 128; the next one would die at boot."""

LOCK_PATIENCE_S = 600.0


class State:
    """Folder of one twin under /run/recette."""

    def __init__(self, site: Site) -> None:
        self.folder = STATE / site.name
        self.key = self.folder / "id_ed25519"
        self.ssh_config = self.folder / "ssh_config"
        self.sockets = self.folder / "control"
        self._lock = FileLock(STATE / f"{site.name}.lock")
        self._names = list(site.hosts)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Only one command changes a twin at a time; a second one waits. Raises RecetteError after ten minutes."""
        STATE.mkdir(parents=True, exist_ok=True)
        try:
            with self._lock.acquire(timeout=LOCK_PATIENCE_S):
                yield
                if not self.folder.exists():
                    # Nothing is left to lock; whoever waits finds its file unlinked, and starts over.
                    Path(self._lock.lock_file).unlink(missing_ok=True)
        except Timeout:
            raise RecetteError(f"twin: another command has held {self._lock.lock_file} for ten minutes") from None

    @property
    def busy(self) -> bool:
        """Whether another command holds the twin now."""
        try:
            with self._lock.acquire(timeout=0):
                return False
        except Timeout:
            return True

    def export(self, host: str) -> Path:
        """Folder that the machine sees as /run/host/unix-export, where its sshd listens on a socket."""
        return self.folder / "hosts" / host

    def prepare(self) -> None:
        """Make folders, key and ssh configuration; nothing that exists is made anew."""
        self.sockets.mkdir(parents=True, exist_ok=True)
        if not self.key.exists():
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "recette", "-f", str(self.key)], check=True
            )
        public = self.key.with_suffix(".pub").read_text(encoding="ascii")
        for name in self._names:
            folder = self.export(name)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "authorized_keys").write_text(public, encoding="ascii")
        self.ssh_config.write_text(self._configuration(), encoding="utf-8")

    def close_connections(self, *hosts: str) -> None:
        """End the multiplexed connections that were kept open toward the hosts (all by default)."""
        for socket in self.sockets.glob("*"):
            if not hosts or socket.name in hosts:
                command = ["ssh", "-F", str(self.ssh_config), "-O", "exit", socket.name]
                subprocess.run(command, capture_output=True, check=False)
                socket.unlink(missing_ok=True)

    def remove(self) -> None:
        self.close_connections()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _configuration(self) -> str:
        hosts = [f"Host {name}\n  ProxyCommand socat - UNIX-CONNECT:{self.export(name)}/ssh\n" for name in self._names]
        common = {
            "User": "root",
            "IdentityFile": self.key,
            "IdentitiesOnly": "yes",
            # The socket belongs to the machine: it names it better than a key would.
            "StrictHostKeyChecking": "no",
            "UserKnownHostsFile": "/dev/null",
            "LogLevel": "ERROR",
            "ConnectTimeout": "10",
            "ControlMaster": "auto",
            "ControlPath": f"{self.sockets}/%n",
            "ControlPersist": "600",
            "ServerAliveInterval": "5",
            "ServerAliveCountMax": "2",
        }
        return "".join(hosts) + "Host *\n" + "".join(f"  {key} {value}\n" for key, value in common.items())


def raise_inotify_limit() -> None:
    """Raise the machine's limit while a twin stands, and remember the old one."""
    memory = STATE / "inotify.before"
    current = int(INOTIFY.read_text(encoding="ascii"))
    if current < INOTIFY_NEEDED:
        if not memory.exists():
            memory.write_text(str(current), encoding="ascii")
        INOTIFY.write_text(str(INOTIFY_NEEDED), encoding="ascii")


def restore_inotify_limit() -> None:
    """Put the limit back once no twin stands any more, and leave the state folder empty."""
    if any(entry.is_dir() for entry in STATE.iterdir()):
        return
    memory = STATE / "inotify.before"
    if memory.exists():
        INOTIFY.write_text(memory.read_text(encoding="ascii"), encoding="ascii")
        memory.unlink()
