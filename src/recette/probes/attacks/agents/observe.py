"""Watch a host while others attack: marked frames on its links, changes of its addresses, neighbours and routes.

Payload: `first`, `last` (marks), `keep` (frames; those beyond are counted), `arp` (capture ARP too), `routes`
(destinations whose next hop is read before and after), `use` (neighbour and device kept busy, as a user's traffic
would), `settle` (a `neighbour` or an own `address` whose first state is awaited before the end, at most `settle_s`),
`limit_s` (after which it ends by itself).
Prints `{"ready": true}`, watches until its input is closed, then replies `frames`, `seen`, `lost`, `events` (lines of
`ip -ts monitor`, UTC), `before` and `after` (see `state`), and `ended` (seconds since the epoch).
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from recette.probes.attacks.agents import limits, link

STEP_S = 0.05
USE_EVERY_S = 0.2
SUBSCRIBED_S = 2.0
"""How long `ip monitor` may take to subscribe to the kernel's events, on a loaded machine."""


class Monitor:
    """`ip -ts monitor` of addresses, neighbours and routes, read without blocking."""

    def __init__(self) -> None:
        command = ["ip", "-ts", "-o", "monitor", "address", "neigh", "route"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "TZ": "UTC"})
        if self._process.stdout is None:
            raise OSError("ip monitor has no output")
        self._output = self._process.stdout
        os.set_blocking(self.fileno(), False)
        self._text = b""
        self._await_subscription()

    def _await_subscription(self) -> None:
        deadline = time.monotonic() + SUBSCRIBED_S
        while time.monotonic() < deadline:
            sockets = Path("/proc/net/netlink").read_text(encoding="ascii").splitlines()[1:]
            if any(line.split()[2] == str(self._process.pid) and int(line.split()[3], 16) for line in sockets):
                return
            time.sleep(0.01)
        self._process.kill()
        raise OSError("ip monitor did not subscribe to the kernel's events")

    def fileno(self) -> int:
        return self._output.fileno()

    def drain(self) -> None:
        self._text += self._output.read() or b""

    def lines(self) -> list[str]:
        """Stop, and return what was said."""
        self._process.terminate()
        self._process.wait()
        self.drain()
        return self._text.decode(errors="replace").splitlines()


class Watcher:
    """Collects the tap and the monitor, and keeps a neighbour in use meanwhile."""

    def __init__(self, payload: dict[str, Any]) -> None:
        self.tap = link.Tap(link.marked(payload["first"], payload["last"], arp=payload["arp"]), payload["keep"])
        self.monitor = Monitor()
        self._use: list[str] | None = payload["use"]
        self._next_use = 0.0
        if self._use:
            link.resolve(*self._use)

    def turn(self, until_closed: tuple[Any, ...] = ()) -> bool:
        """One wait of at most `STEP_S`; true once the given input has ended."""
        if self._use and time.monotonic() >= self._next_use:
            self._next_use = time.monotonic() + USE_EVERY_S
            link.touch(*self._use)
        ready, _, _ = select.select([self.tap, self.monitor, *until_closed], [], [], STEP_S)
        self.tap.drain()
        self.monitor.drain()
        return any(source in ready for source in until_closed)


def way(destination: str) -> list[str | None]:
    """Next hop and device of a destination, as the kernel would send now: a redirect it believed shows here."""
    routes = link.ip("route", "get", destination)
    return [routes[0].get("gateway"), routes[0].get("dev")] if routes else [None, None]


def state(destinations: list[str]) -> dict[str, Any]:
    """Addresses, neighbours, default routes, and the way to each destination."""
    defaults = [route for family in ("-4", "-6") for route in link.ip(family, "route", "show", "default")]
    return {
        "addresses": addresses(),
        "neighbours": {entry["dst"]: entry.get("lladdr") for entry in link.ip("neigh")},
        "defaults": [[route.get(key) for key in ("dev", "gateway", "protocol")] for route in defaults],
        "routes": {destination: way(destination) for destination in destinations},
    }


def addresses(*chosen: str) -> list[list[str]]:
    """Device and address of each address of this host, or of those that are chosen."""
    found = link.ip("addr", "show", *chosen)
    # iproute2 leaves empty objects in the place of what was not chosen.
    return [[one["ifname"], info["local"]] for one in found for info in one.get("addr_info", ()) if "local" in info]


def awaited(settle: dict[str, Any]) -> Any:
    """What `settle` names, as it is now: link addresses of a neighbour, or whether this host owns the address."""
    if "neighbour" in settle:
        return [entry.get("lladdr") for entry in link.ip("neigh", "show", "to", settle["neighbour"])]
    return addresses("to", settle["address"])


def main(payload: dict[str, Any]) -> dict[str, Any]:
    limits.bounded("seconds of watching", payload["limit_s"], limits.MAX_SECONDS)
    limits.bounded("seconds of settling", payload["settle_s"], limits.MAX_SECONDS)
    watcher, settle = Watcher(payload), payload["settle"]
    before, nominal = state(payload["routes"]), awaited(settle) if settle else None
    print(json.dumps({"ready": True}), flush=True)  # noqa: T201 - the word that its controller waits for
    deadline = time.monotonic() + payload["limit_s"]
    while time.monotonic() < deadline and not watcher.turn((sys.stdin,)):
        pass
    deadline = time.monotonic() + payload["settle_s"]
    while settle and time.monotonic() < deadline and awaited(settle) != nominal:
        watcher.turn()
    after, tap = state(payload["routes"]), watcher.tap
    tap.drain()
    told = {"seen": tap.seen, "lost": tap.lost(), "events": watcher.monitor.lines(), "ended": time.time()}
    return {"frames": [frame.packed() for frame in tap.kept], "before": before, "after": after, **told}
