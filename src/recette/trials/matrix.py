"""The whole flow matrix, tried at once, and read in as many ways as there are rules to prove."""

from __future__ import annotations

import csv
import gzip
import io
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from recette.errors import Inconclusive
from recette.probes.flows import Flows, Timing
from recette.probes.judge import FlowResult, Observation
from recette.site import Cell, Site

Selection = Callable[[Cell], bool]

OUTSIDE = frozenset({"internet", "operateur"})
SHOWN = 40
"""Wrong flows named in a message; all of them are in the evidence."""


@dataclass(frozen=True)
class Trial:
    """Every attempt of a campaign and what became of it."""

    site: Site
    results: tuple[FlowResult, ...]
    duration_s: float
    timing: Timing

    @property
    def rate(self) -> float:
        """Flows tried per second, logs read and joined."""
        return len(self.results) / self.duration_s

    def permitted(self, selection: Selection = lambda _: True) -> list[FlowResult]:
        """Results of the flows that the matrix authorises; Inconclusive if there are none."""
        return _some([r for r in self.results if r.cell.permitted and selection(r.cell)], "autorisé")

    def refused(self, selection: Selection = lambda _: True) -> list[FlowResult]:
        """Results of the flows that the matrix does not hold; Inconclusive if there are none."""
        return _some([r for r in self.results if not r.cell.permitted and selection(r.cell)], "interdit")

    def untried_flows(self) -> list[str]:
        """TCP, UDP and ICMP lines of the matrix, but those of roaming users, that no attempt exercised."""
        tried = {r.cell.flow.id for r in self.results if r.cell.flow}
        return [
            f"{flow.id} ({flow.comment})"
            for flow in self.site.flows
            if (flow.ports or flow.protocol == "icmp")
            and self.site.joined(flow)
            and self.site.crosses(flow)
            and flow.id not in tried
        ]

    def unwitnessed(self) -> list[str]:
        """Targets of refused attempts that answered nobody, although the matrix lets somebody reach them.

        Their silence would prove nothing: they may be dead.
        """
        reachable = {host.name for r in self.results if r.cell.permitted for host in r.cell.listeners}
        answered = {
            host.name
            for r in self.results
            if r.observation is Observation.ACCEPTED
            for host in r.cell.listeners
            if r.by in {"", host.name}
        }
        targets = {r.cell.target.name for r in self.results if not r.cell.permitted}
        return sorted((targets & reachable) - answered)

    def csv(self) -> bytes:
        """Every result, gzipped, `;` between columns as a French spreadsheet expects."""
        text = io.StringIO()
        writer = csv.writer(text, delimiter=";")
        writer.writerow(
            ("source", "cible", "adresse", "service", "attendu", "observation", "niveau", "regle", "constat")
        )
        for r in self.results:
            cell = r.cell
            expected = cell.flow.id if cell.flow else "refus"
            service = f"{cell.service.port}/{cell.service.protocol}"
            where = (cell.source.name, cell.target.name, cell.address, service)
            writer.writerow((*where, expected, r.observation, r.level or "", r.rule, r.told))
        return gzip.compress(text.getvalue().encode(), mtime=0)


def run(flows: Flows, cells: Iterable[Cell]) -> Trial:
    """Try the cells. Raises Inconclusive if there are none, or if a host cannot be reached."""
    start = time.monotonic()
    results = flows.try_cells(cells)
    if not results:
        raise Inconclusive("Aucun flux à éprouver : la matrice est vide")
    return Trial(flows.site, tuple(results), time.monotonic() - start, flows.timing)


def not_accepted(results: Iterable[FlowResult]) -> list[str]:
    """One line for each permitted flow that did not reach the host meant to answer."""
    return [
        f"{r} — Attendu : accepté ({r.cell.flow.id if r.cell.flow else 'sans flux'})"
        for r in results
        if r.observation is not Observation.ACCEPTED
        or (r.by and r.by not in {"un service", *(host.name for host in r.cell.listeners)})
    ]


def not_refused(results: Iterable[FlowResult], level: int | None = None) -> list[str]:
    """One line for each refused flow whose refusal is not proved at both ends (by `level`, if given)."""
    return [
        f"{r} — Attendu : refusé et journalisé{f' par le niveau {level}' if level else ''}"
        for r in results
        if r.observation is not Observation.REFUSED or (level is not None and r.level != level)
    ]


def told(wrong: list[str], tried: int) -> str:
    """The message of a refused check: how many, and the first ones."""
    more = f"\n… et {len(wrong) - SHOWN} autres" if len(wrong) > SHOWN else ""
    return f"{len(wrong)} flux non conformes sur {tried} :\n" + "\n".join(wrong[:SHOWN]) + more


def is_ipv6(cell: Cell) -> bool:
    return cell.address.version == 6  # noqa: PLR2004 - the protocol's own number


def crosses_both(cell: Cell) -> bool:
    """Whether both levels stand on the path between two hosts that are not firewalls themselves."""
    return set(cell.levels) == {1, 2} and not cell.source.level and not cell.target.level


def _some(results: list[FlowResult], kind: str) -> list[FlowResult]:
    if not results:
        raise Inconclusive(f"Aucun flux {kind} de cette sorte n'a été éprouvé")
    return results
