"""The power controllers of a twin: what the BMC and the hardware watchdog of a server do, out of every network.

A process of this machine, one for each twin that has machines with a controller. Each of them finds a socket where it
finds its own ssh socket; through it a machine feeds its watchdog, and cuts the power of the other members of its
redundancy group, of nobody else. One line is asked, one line is answered:

    list                      the members of its group
    status MEMBER             on, off
    cuts MEMBER               how many times its power was cut here, for those who missed the moment
    off MEMBER                the power is cut when the answer comes
    cycle MEMBER              the same, then it comes back, unless it was already cut: as IPMI's « power cycle »
    on MEMBER                 the power comes back
    arm SECONDS, feed, disarm the watchdog of the machine that asks; unfed, it cycles the power
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from recette.errors import RecetteError
from recette.site import Host, Site
from recette.twin import image
from recette.twin.state import State

SOCKET, JOURNAL, PID = "alimentation", "alimentation.log", "alimentation.pid"
START_S, STOP_S, POLL_S, WATCH_S = 15.0, 10.0, 0.02, 0.2
LINE_S = 5.0
"""How long a machine may take to ask: one that dies while it asks must not keep a thread."""


class Mains(Protocol):
    """What a controller commands."""

    def powered(self, host: Host) -> bool:
        """Whether the machine has power, frozen or not."""

    def off(self, host: Host) -> None:
        """Cut its power, whatever it does."""

    def unplugged(self, host: Host) -> tuple[str, ...]:
        """Zones from which its cable is pulled."""

    def start(self, host: Host, unplugged: Collection[str] = ()) -> None:
        """Give it power, and wait until it has booted; cables that were pulled stay so."""


@dataclass
class Watchdog:
    """A timer that must be fed."""

    limit_s: float
    fed_s: float


@dataclass
class Controller:
    """Answers the machines; `tell` writes what was done in the journal."""

    site: Site
    mains: Mains
    tell: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    background: Callable[[Callable[[], None]], None] = lambda act: threading.Thread(target=act, daemon=True).start()
    _watchdogs: dict[str, Watchdog] = field(default_factory=dict)
    _cuts: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, asker: Host, line: str) -> str:
        """The answer to a line of a machine; begins with « error » when nothing was done."""
        verb, *words = line.split() or [""]
        try:
            if verb == "list":
                return " ".join(host.name for host in self.site.group(asker.redundancy or ""))
            if verb in ("status", "cuts", "off", "cycle", "on"):
                return self._power(asker, verb, words)
            return self._watchdog(asker, verb, words)
        except (RecetteError, ValueError) as error:
            return f"error {' '.join(str(error).split())}"

    def expire(self) -> None:
        """Cycle the power of every machine whose watchdog was not fed in time."""
        for name, dog in list(self._watchdogs.items()):
            if self.clock() - dog.fed_s > dog.limit_s:
                host = self.site.host(name)
                self.tell(f"watchdog {name} unfed for {dog.limit_s:g} s")
                self._cycle(host)

    def _power(self, asker: Host, verb: str, words: list[str]) -> str:
        if len(words) != 1:
            raise ValueError(f"{verb}: one member is expected")
        host = self._member(asker, words[0])
        if verb == "status":
            return "on" if self.mains.powered(host) else "off"
        if verb == "cuts":
            return str(self._cuts.get(host.name, 0))
        self.tell(f"{verb} {host.name} asked by {asker.name}")
        if verb == "on":
            self.background(lambda: self._start(host))
        elif verb == "cycle":
            self._cycle(host)
        else:
            self._off(host)
        return "done"

    def _watchdog(self, asker: Host, verb: str, words: list[str]) -> str:
        if verb == "arm":
            self._watchdogs[asker.name] = Watchdog(float(words[0] if words else "none"), self.clock())
            self.tell(f"watchdog {asker.name} armed for {words[0]} s")
        elif verb == "feed":
            if asker.name not in self._watchdogs:
                raise ValueError("feed: the watchdog is not armed")
            self._watchdogs[asker.name].fed_s = self.clock()
        elif verb == "disarm":
            self._watchdogs.pop(asker.name, None)
            self.tell(f"watchdog {asker.name} disarmed")
        else:
            raise ValueError(f"{verb or 'nothing'}: unknown order")
        return "done"

    def _member(self, asker: Host, name: str) -> Host:
        members = {host.name: host for host in self.site.group(asker.redundancy or "")}
        if name not in members:
            raise ValueError(f"{name}: not a member of the group of {asker.name}")
        return members[name]

    def _cycle(self, host: Host) -> None:
        unplugged = self.mains.unplugged(host)
        if self._off(host):
            self.background(lambda: self._start(host, unplugged))

    def _off(self, host: Host) -> bool:
        """Cut the power; whether there was any. A machine without power has no watchdog that runs."""
        with self._lock:
            self._watchdogs.pop(host.name, None)
            was_on = self.mains.powered(host)
            if was_on:
                self.mains.off(host)
                self._cuts[host.name] = self._cuts.get(host.name, 0) + 1
        self.tell(f"{host.name} is off" if was_on else f"{host.name} was off")
        return was_on

    def _start(self, host: Host, unplugged: Collection[str] = ()) -> None:
        try:
            self.mains.start(host, unplugged)
        except RecetteError as error:
            self.tell(f"{host.name} does not start: {error}")
        else:
            self.tell(f"{host.name} is on")


def controlled(site: Site) -> tuple[Host, ...]:
    """Hosts whose machine has a controller."""
    found = {name for name in {host.image for host in site.hosts.values()} if image.Image.load(name).controlled}
    return tuple(host for host in site.hosts.values() if host.image in found and host.redundancy)


def ensure(state: State, site: Site) -> None:
    """Start the controllers of a twin unless they answer. Raises RecetteError if they do not start."""
    hosts = controlled(site)
    if not hosts or running(state) is not None:
        return
    for host in hosts:
        (state.export(host.name) / SOCKET).unlink(missing_ok=True)
    with (state.folder / JOURNAL).open("ab") as journal:
        process = subprocess.Popen(
            [sys.executable, "-m", "recette.twin.controller", str(site.path)],
            stdin=subprocess.DEVNULL,
            stdout=journal,
            stderr=journal,
            start_new_session=True,
        )
    (state.folder / PID).write_text(str(process.pid), encoding="ascii")
    deadline = time.monotonic() + START_S
    while not all((state.export(host.name) / SOCKET).exists() for host in hosts):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RecetteError(f"twin: the power controllers did not start; see {state.folder / JOURNAL}")
        time.sleep(POLL_S)


def stop(state: State) -> None:
    """End the controllers of a twin, and wait until they are gone."""
    pid = running(state)
    (state.folder / PID).unlink(missing_ok=True)
    if pid is None:
        return
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_S
    while _is_controller(pid):
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            deadline += STOP_S
        time.sleep(POLL_S)


def running(state: State) -> int | None:
    """Process of the controllers of a twin; None if there is none."""
    path = state.folder / PID
    pid = int(path.read_text(encoding="ascii")) if path.exists() else 0
    return pid if pid and _is_controller(pid) else None


def _is_controller(pid: int) -> bool:
    """Whether this process is one: its number may have been given to another since."""
    # Reaped here if it is our child; it would otherwise stay, dead, as long as we live.
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        return b"recette.twin.controller" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


def serve(controller: Controller, asker: Host, path: Path) -> socketserver.BaseServer:
    """Answer one machine on its socket, until it is shut down."""

    class Handler(socketserver.StreamRequestHandler):
        timeout = LINE_S

        def handle(self) -> None:
            line = self.rfile.readline(200).decode(errors="replace")
            self.wfile.write(f"{controller.answer(asker, line)}\n".encode())

    server = _Server(str(path), Handler)
    # The machine's root is this machine's root, but a machine may run with other identities.
    path.chmod(0o600)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def _tell(text: str) -> None:
    sys.stdout.write(f"{time.time():.3f} {text}\n")
    sys.stdout.flush()


def main(arguments: Collection[str] | None = None) -> None:
    """Serve the controllers of the twin of a site until SIGTERM."""
    from recette.twin.lifecycle import Twin  # noqa: PLC0415 - which starts this program
    from recette.twin.power import Power  # noqa: PLC0415 - the same

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("site", type=Path)
    told: Any = parser.parse_args(list(arguments) if arguments is not None else None)
    site = Site.load(told.site)
    twin = Twin(site)
    controller = Controller(site, Power(twin), _tell)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    servers = [serve(controller, host, twin.state.export(host.name) / SOCKET) for host in controlled(site)]
    while not ended.wait(WATCH_S):
        controller.expire()
    for server in servers:
        server.shutdown()


if __name__ == "__main__":
    main()
