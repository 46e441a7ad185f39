"""The flows that users depend on, found in the site's matrix rather than written as addresses."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from recette.errors import Inconclusive
from recette.probes.watch import Mode, Watch, watch
from recette.shell import Remote
from recette.site import Cell, Host, Site

WARM_UP = 25
"""Answered probes before anything is broken: half a second at the usual step."""
WARM_UP_LIMIT_S = 15.0


@dataclass(frozen=True)
class Stream:
    """A permitted flow, from the host where its user sits."""

    name: str
    source: Host
    cell: Cell
    seen_as: tuple[str, ...]
    """Addresses under which the target may see the user."""

    @property
    def listeners(self) -> tuple[str, ...]:
        return tuple(host.name for host in self.cell.listeners)

    @contextmanager
    def watched(self, remote: Remote, mode: Mode = Mode.CONNECT) -> Iterator[Watch]:
        """Probe it until the block ends. Raises Inconclusive if it does not work to begin with."""
        address, port = str(self.cell.address), self.cell.service.port
        listeners, guests = self.listeners, self.seen_as
        with watch(remote, self.source.name, address, port, mode, targets=listeners, guests=guests) as seen:
            seen.wait_answered(WARM_UP, WARM_UP_LIMIT_S)
            yield seen


def find(  # noqa: PLR0913 - where to look, and for whom
    site: Site, cells: Collection[Cell], name: str, source: str, target: str, *, user: Host | None = None
) -> Stream:
    """The first permitted TCP flow from `source` to `target`; `user` is another host of the same zone that lives it.

    Raises Inconclusive if the matrix has none.
    """
    for cell in cells:
        named = target in {host.name for host in cell.listeners}
        if cell.permitted and cell.source.name == source and named and cell.service.protocol == "tcp":
            return Stream(name, user or cell.source, cell, _seen_as(site, user or cell.source, cell.target))
    raise Inconclusive(f"La matrice n'autorise aucun flux TCP de {source} vers {target} : rien à sonder « {name} »")


def _seen_as(site: Site, user: Host, target: Host) -> tuple[str, ...]:
    """Outside, a user of the site bears the virtual address of either access."""
    if site.zone(user.zones[0]).outer or not site.zone(target.zones[0]).outer:
        return tuple(str(interface.address) for interface in user.interfaces)
    virtual = ((zone, address) for zones in site.vips.values() for zone, address in zones.items())
    return tuple(str(address) for zone, address in virtual if site.zone(zone).role == "operateur")
