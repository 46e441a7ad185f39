"""When an attempt is tried again, and when that would be of no use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest

from recette.errors import Inconclusive
from recette.probes import flows
from recette.probes.flows import Flows, ports_of
from recette.probes.judge import FlowResult, Observation
from recette.probes.listeners import Port
from recette.shell import Remote
from recette.site import Cell, Host, Interface, Service, Site

REFUSED, UNPROVED, SLOW = Observation.REFUSED, Observation.SILENT_UNPROVED, Observation.SLOW
DC = Host(
    "dc1",
    (Interface("serveurs", IPv4Address("10.94.30.11"), IPv6Address("fd94:0:0:30::11")),),
    (),
    None,
    frozenset(),
    "base",
    forwarding=False,
)
SITE = Site("lab", "twin", Path("unused"), "lab.example", {}, {}, {}, (), {})


def cells(count: int, listeners: tuple[Host, ...] = (), protocol: str = "tcp") -> list[Cell]:
    services = (Service(protocol, 1000 + number, "x") for number in range(count))
    return [Cell(DC, DC, DC.address, one, None, (2,), "b30-admin", "serveurs", listeners) for one in services]


class Scripted(Flows):
    """Each round answers as written: (observation of every cell, number of them otherwise refused), losing or not."""

    rounds: list[tuple[Observation, int, bool]]
    paces: list[float]
    tried: list[int]

    def _round(
        self, cells: Sequence[Cell], services: Mapping[str, frozenset[Port]], pace: float
    ) -> tuple[list[FlowResult], tuple[str, ...]]:
        del services
        observation, count, losing = self.rounds.pop(0)
        self.paces.append(pace)
        self.tried.append(len(cells))
        results = [FlowResult(cell, observation if place < count else REFUSED) for place, cell in enumerate(cells)]
        return results, ("fw-ext-1",) if losing else ()


def scripted(*rounds: tuple[Observation, int, bool]) -> Scripted:
    found = Scripted(SITE, Remote(Path("unused")))
    found.rounds, found.paces, found.tried = list(rounds), [], []
    return found


@pytest.mark.parametrize(
    ("rounds", "tried", "left"),
    [
        ([(REFUSED, 0, False)], [1000], 0),
        # A few are an accident: once more, and no more than once.
        ([(UNPROVED, 5, False), (REFUSED, 0, False)], [1000, 5], 0),
        ([(SLOW, 5, False), (SLOW, 5, False)], [1000, 5], 5),
        # A whole class of them is a fact.
        ([(UNPROVED, 900, False)], [1000], 900),
        # A log that lost lines says nothing of them: as often as it takes, more and more slowly.
        ([(UNPROVED, 900, True), (UNPROVED, 300, True), (REFUSED, 0, False)], [1000, 900, 300], 0),
        # The lines that count were not among the lost ones.
        ([(REFUSED, 0, True)], [1000], 0),
        ([(UNPROVED, 900, True), (UNPROVED, 800, False)], [1000, 900], 800),
    ],
)
def test_what_proves_nothing_is_tried_again(
    rounds: list[tuple[Observation, int, bool]], tried: list[int], left: int
) -> None:
    probe = scripted(*rounds)
    wanted = cells(1000)
    results = probe.try_cells(wanted)
    assert [result.cell for result in results] == wanted
    assert probe.tried == tried
    assert probe.paces == sorted(probe.paces, reverse=True)
    assert sum(result.observation is not REFUSED for result in results) == left
    assert probe.timing.retried == sum(tried[1:])


def test_a_log_that_loses_lines_every_time_is_inconclusive() -> None:
    probe = scripted(*[(UNPROVED, 1000, True)] * flows.ROUNDS)
    with pytest.raises(Inconclusive, match="Journal de fw-ext-1 : des lignes se perdent à chaque essai"):
        probe.try_cells(cells(1000))


def test_no_cell_is_no_result() -> None:
    assert scripted((REFUSED, 0, False)).try_cells([]) == []


def test_ports_are_opened_where_somebody_may_have_to_answer() -> None:
    assert ports_of([*cells(2, (DC,)), *cells(1), *cells(1, (DC,), "udp"), *cells(1, (DC,), "icmp")]) == {
        "dc1": {("tcp", 1000), ("tcp", 1001), ("udp", 1000)}
    }
