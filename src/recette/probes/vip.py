"""Who holds the virtual addresses of a redundancy group: now, and at each instant of a watch."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from subprocess import Popen

from recette.errors import Inconclusive
from recette.measure.ownership import Event, Kind, Ownership, ownership
from recette.probes.agents import source
from recette.probes.listeners import LIFE_S
from recette.shell import Remote, finish, first_line, whole_lines
from recette.site import Host, Site

NS = 1e9
READY_LIMIT_S = 10.0
ASK_LIMIT_S = 3.0
RETRY_S = 0.2
FOLLOWING = {"add": Kind.GAINED, "del": Kind.LOST}


def vips_of(site: Site, group: str) -> frozenset[str]:
    """The virtual addresses of a group, both families."""
    zones = site.vips.get(group, {})
    return frozenset(str(address) for address in zones.values()) | {str(site.vip6(group, zone)) for zone in zones}


def owners(site: Site, remote: Remote, group: str) -> dict[Host, frozenset[str]]:
    """The virtual addresses that each reachable member holds now; an unreachable member is left out."""
    members, wanted = {host.name: host for host in site.group(group)}, vips_of(site, group)
    shown = remote.map(members, "ip -j address", timeout_s=ASK_LIMIT_S, strict=False)
    return {members[name]: wanted & addresses(done.stdout) for name, done in shown.items()}


def current_owner(site: Site, remote: Remote, group: str) -> Host | None:
    """The member that holds every IPv4 virtual address of the group, alone; None if they are nobody's, or shared."""
    zones = site.vips.get(group, {})
    holding = {host: held for host, held in owners(site, remote, group).items() if held}
    if len(holding) != 1:
        return None
    host, held = next(iter(holding.items()))
    return host if held >= {str(address) for address in zones.values()} else None


def addresses(shown: str) -> frozenset[str]:
    """The addresses that `ip -j address` prints."""
    links = json.loads(shown or "[]")
    return frozenset(info["local"] for link in links for info in link.get("addr_info", []) if "local" in info)


class OwnershipWatch:
    """The comings and goings of virtual addresses on every member of a group, while the watch lasts.

    A member that goes away is asked again until it is back. Instants are in seconds of this machine's CLOCK_MONOTONIC,
    which all hosts of a twin share; the clocks of a real site are brought to it by way of CLOCK_REALTIME, as exactly as
    NTP holds them together.
    """

    def __init__(self, remote: Remote, members: Iterable[str], wanted: Iterable[str], *, one_kernel: bool) -> None:
        self._remote, self._wanted, self._one_kernel = remote, frozenset(wanted), one_kernel
        self._events: list[Event] = []
        self._shifts: dict[str, float] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._streams: dict[str, Popen[bytes]] = {}
        self._threads: dict[str, threading.Thread] = {}
        try:
            for host in members:
                self._attach(host)
                self._threads[host] = threading.Thread(target=self._follow, args=(host,), daemon=True)
                self._threads[host].start()
        except BaseException:
            self.stop()
            raise

    def lost(self, host: str, at_s: float) -> None:
        """The machine of a member was cut, or frozen: it answers for nothing from that instant on."""
        self._record(Event(at_s, host, Kind.GONE))

    def back(self, host: str, at_s: float) -> None:
        """The machine of a member goes on: with its addresses if it was frozen, empty if it was cut."""
        self._record(Event(at_s, host, Kind.BACK))

    def ownership(self, end_s: float | None = None) -> Ownership:
        """Who held what until `end_s`, or until now."""
        with self._lock:
            return ownership(self._events, time.monotonic() if end_s is None else end_s)

    def stop(self) -> None:
        """Ends the watch on every member. May be called twice."""
        self._stopping.set()
        for process in self._streams.values():
            if process.stdin:
                with suppress(BrokenPipeError):  # that member is gone
                    process.stdin.close()
        for host, process in list(self._streams.items()):
            finish(process, reader=self._threads.get(host))

    def _attach(self, host: str) -> None:
        """Starts the agent and takes its first state; returns once what follows will be seen."""
        process = self._remote.popen_python(host, source("addresses"), {"life_s": LIFE_S})
        self._streams[host] = process
        held: set[str] = set()
        line = first_line(process, READY_LIMIT_S)
        while line.endswith(b"\n"):
            instant, event, address, _ = json.loads(line)
            if event == "ready":
                shift = 0.0 if self._one_kernel else address / NS - (time.time() - time.monotonic())
                at_s = instant / NS + shift
                self._shifts[host] = shift
                self._record(Event(at_s, host, Kind.SEEN), *(Event(at_s, host, Kind.HELD, one) for one in held))
                return
            if event == "del":
                held.discard(address)
            elif address in self._wanted:
                held.add(address)
            line = process.stdout.readline() if process.stdout else b""
        raise Inconclusive(f"{host} : ses adresses ne peuvent pas être suivies ({finish(process)})")

    def _follow(self, host: str) -> None:
        attached = True
        while not self._stopping.is_set():
            if attached:
                self._read(host)
            attached = not self._stopping.wait(RETRY_S) and self._reattached(host)

    def _reattached(self, host: str) -> bool:
        finish(self._streams[host])
        try:
            self._attach(host)
        except Inconclusive:
            return False  # not back yet
        return True

    def _read(self, host: str) -> None:
        for line in whole_lines(self._streams[host]):
            instant, event, address, _ = json.loads(line)
            if address in self._wanted:
                self._record(Event(instant / NS + self._shifts[host], host, FOLLOWING[event], address))
        if not self._stopping.is_set():
            self._record(Event(time.monotonic(), host, Kind.UNSEEN))

    def _record(self, *events: Event) -> None:
        with self._lock:
            self._events.extend(events)


@contextmanager
def watch_owners(site: Site, remote: Remote, group: str) -> Iterator[OwnershipWatch]:
    """Follows the virtual addresses of a redundancy group on all its members until the block ends."""
    members = [host.name for host in site.group(group)]
    watch = OwnershipWatch(remote, members, vips_of(site, group), one_kernel=site.kind == "twin")
    try:
        yield watch
    finally:
        watch.stop()
