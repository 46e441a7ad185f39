"""Temporary listeners on the targets: a permitted flow needs somebody to answer before its service exists."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from subprocess import Popen

from recette.errors import Inconclusive
from recette.probes.agents import source
from recette.shell import MAX_THREADS, Remote, finish, first_line, side_by_side

Port = tuple[str, int]
"""(protocol, port)."""
LIFE_S = 900.0
"""A listener that everybody forgot ends by itself after that time."""
READY_LIMIT_S = 20.0


@contextmanager
def listening(
    remote: Remote, ports: Mapping[str, Collection[Port]], *, life_s: float = LIFE_S, guests: Collection[str] = ()
) -> Iterator[dict[str, frozenset[Port]]]:
    """Opens ports on many hosts at once, on each of their addresses, and closes them on the way out.

    Yields, for each host, the ports that a real service holds already (on one address at least): those are left alone,
    but the connections of `guests` (IPv4 addresses, as the target sees them) are led past it to the listener.
    `Inconclusive` if a host is out of reach or cannot listen.
    """
    wanted = {host: sorted(wishes) for host, wishes in ports.items() if wishes}
    started: list[Popen[bytes]] = []

    def start(host: str) -> frozenset[Port]:
        payload = {"host": host, "open": wanted[host], "life_s": life_s, "guests": list(guests)}
        process = remote.popen_python(host, source("listen"), payload)
        started.append(process)
        ready = first_line(process, READY_LIMIT_S)
        if not ready:
            raise Inconclusive(f"{host} : aucun port d'écoute n'a pu être ouvert ({finish(process)})")
        return frozenset((protocol, port) for protocol, port in json.loads(ready)["taken"])

    try:
        yield side_by_side(wanted, start)
    finally:
        with ThreadPoolExecutor(MAX_THREADS) as pool:
            list(pool.map(finish, started))
