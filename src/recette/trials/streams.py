"""The flows that users depend on, found in the site's matrix rather than written as addresses."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from recette.errors import Inconclusive
from recette.probes.watch import Mode, Watch, watch
from recette.shell import Remote
from recette.site import Cell, Host

WARM_UP = 25
"""Answered probes before anything is broken: half a second at the usual step."""
WARM_UP_LIMIT_S = 15.0


@dataclass(frozen=True)
class Stream:
    """A permitted flow, from the host where its user sits."""

    name: str
    source: Host
    cell: Cell

    @property
    def listeners(self) -> tuple[str, ...]:
        return tuple(host.name for host in self.cell.listeners)

    @contextmanager
    def watched(self, remote: Remote, mode: Mode = Mode.CONNECT) -> Iterator[Watch]:
        """Probe it until the block ends. Raises Inconclusive if it does not work to begin with."""
        address, port = str(self.cell.address), self.cell.service.port
        with watch(remote, self.source.name, address, port, mode, targets=self.listeners) as seen:
            seen.wait_answered(WARM_UP, WARM_UP_LIMIT_S)
            yield seen


def find(cells: Collection[Cell], name: str, source: str, target: str, *, user: Host | None = None) -> Stream:
    """The first permitted TCP flow from `source` to `target`; `user` is another host of the same zone that lives it.

    Raises Inconclusive if the matrix has none.
    """
    for cell in cells:
        named = target in {host.name for host in cell.listeners}
        if cell.permitted and cell.source.name == source and named and cell.service.protocol == "tcp":
            return Stream(name, user or cell.source, cell)
    raise Inconclusive(f"La matrice n'autorise aucun flux TCP de {source} vers {target} : rien à sonder « {name} »")
