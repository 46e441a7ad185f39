"""What the names written by hand designate, and what was probably meant by an unknown one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import TypeVar

from recette.errors import RecetteError
from recette.site.elements import Host, Zone

Found = TypeVar("Found")
EVERY_HOST = "site"
"""Token of the flow matrix: every host of the site itself, firewalls included."""


def members(token: str, zones: Mapping[str, Zone], hosts: Mapping[str, Host]) -> tuple[Host, ...]:
    """Resolve a token of the flow matrix: see `Site.members`."""
    if token == EVERY_HOST:
        return tuple(host for host in hosts.values() if not all(zones[zone].outer for zone in host.zones))
    if token in zones:
        return tuple(host for host in hosts.values() if token in host.zones and host.level is None)
    if token in hosts:
        return (hosts[token],)
    for found in (
        tuple(host for host in hosts.values() if host.redundancy == token),
        tuple(host for host in hosts.values() if token in host.groups),
    ):
        if found:
            return found
    names = {EVERY_HOST, *zones, *hosts}
    for host in hosts.values():
        names |= host.groups | ({host.redundancy} if host.redundancy else set())
    raise RecetteError(f"unknown zone, host or group {token}{nearest(token, names)}")


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the end of an error line: what the user probably meant, else what exists."""
    known = sorted(known)
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    return f": did you mean {close[0]}?" if close else f" (known: {', '.join(known)})"


def find(known: Mapping[str, Found], name: str, kind: str) -> Found:
    """Return what bears a name; raise RecetteError with the nearest name."""
    if name not in known:
        raise RecetteError(f"unknown {kind} {name}{nearest(name, known)}")
    return known[name]
