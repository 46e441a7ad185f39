"""From what the source saw and what the firewalls wrote, one observation for each cell of the flow matrix."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from recette.probes.journal import LogEntry
from recette.site import Cell


class Observation(StrEnum):
    """What happened to an attempt. Only `ACCEPTED` and `REFUSED` are proofs; the others say why there is none."""

    ACCEPTED = "accepted"
    """The target answered, or, for a UDP service that keeps quiet, every firewall of the path let it through."""
    REFUSED = "refused"
    """Nothing came back and a firewall wrote that it dropped it: proved at both ends."""
    CLOSED = "closed"
    """A reset or a port unreachable came back: something answered, which a firewall that refuses does not."""
    UNREACHABLE = "unreachable"
    """Another error came back, or no packet could leave."""
    SILENT_UNPROVED = "silent_unproved"
    """Nothing came back and no firewall wrote why: proves nothing."""
    SLOW = "slow"
    """Every firewall of the path let it through, and nothing came back in time: not a refusal."""


class Knock(NamedTuple):
    """What the source saw; the fields are those of the `knock` agent."""

    outcome: str
    detail: str
    source: str
    sport: int
    rtt_s: float | None


@dataclass(frozen=True, slots=True)
class FlowResult:
    """One attempt, observed at both ends. `level` and `rule` name the firewall rule that decided, if any wrote so."""

    cell: Cell
    observation: Observation
    by: str = ""
    level: int | None = None
    rule: str = ""
    detail: str = ""
    rtt_s: float | None = None
    trace: tuple[LogEntry, ...] = ()

    def __str__(self) -> str:
        cell = self.cell
        attempt = f"{cell.source.name} ({cell.source.address}) -> {cell.target.name} ({cell.address})"
        return f"{attempt} {cell.service.protocol}/{cell.service.port} : {self.told}"

    @property
    def told(self) -> str:
        """The observation as a French sentence."""
        rule = f"niveau {self.level} (règle {self.rule})"
        passed = f" après le {rule}" if self.rule else ""
        accepted = f"accepté par le {rule}, service muet"
        if self.rtt_s is not None:
            accepted = f"accepté, {self.by or 'un service'} a répondu en {_milliseconds(self.rtt_s)}"
        return {
            Observation.ACCEPTED: accepted,
            Observation.REFUSED: f"refusé par le {rule}",
            Observation.CLOSED: f"fermé, refus signalé par {self.detail or 'la cible'}",
            Observation.UNREACHABLE: f"injoignable ({self.detail})",
            Observation.SLOW: f"accepté par le {rule}, mais sans réponse à temps",
            Observation.SILENT_UNPROVED: f"sans réponse et sans trace de refus{passed} : rien n'est prouvé",
        }[self.observation]


def judge(cell: Cell, knock: Knock, logs: Iterable[LogEntry], *, service: bool = False) -> FlowResult:
    """What is known of an attempt. `logs`: the lines of this very flow; `service`: a real one holds the port."""
    trace = tuple(logs)
    drops = [entry for entry in trace if entry.action == "drop"]
    accepts = [entry for entry in trace if entry.action == "accept"]
    through = set(cell.levels) <= {entry.level for entry in accepts} and not drops
    # A UDP service may well keep quiet before what it does not understand; a TCP one completes the handshake.
    mute = service and cell.service.protocol == "udp"
    observation = _observation(knock, dropped=bool(drops), through=through, mute=mute)
    # The last word: a drop if there is one, else the rule that let it through at the end of the path.
    decisive = max(drops or accepts, key=lambda entry: _rank(cell, entry.level), default=None)
    return FlowResult(
        cell,
        observation,
        by=knock.detail if knock.outcome == "answered" else "",
        level=decisive.level if decisive else None,
        rule=decisive.rule if decisive else "",
        detail=knock.detail if knock.outcome != "answered" else "",
        rtt_s=knock.rtt_s,
        trace=trace,
    )


def _observation(knock: Knock, *, dropped: bool, through: bool, mute: bool) -> Observation:
    answered = {
        "answered": Observation.ACCEPTED,
        "closed": Observation.CLOSED,
        "unreachable": Observation.UNREACHABLE,
    }.get(knock.outcome)
    if answered:
        return answered
    if dropped:
        return Observation.REFUSED
    if not through:
        return Observation.SILENT_UNPROVED
    return Observation.ACCEPTED if mute else Observation.SLOW


def _rank(cell: Cell, level: int) -> int:
    return cell.levels.index(level) if level in cell.levels else -1


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.3g} ms".replace(".", ",")


class LogIndex:
    """Finds the lines of a knock. Each knock of a run has its own source port, so that is what it is known by.

    The destination tells it apart from other traffic of the host. A firewall writes the destination after its
    translation: the address of a host behind a published one is recognised too. Where a router on the way rewrote the
    source (an address that nobody knocks from), the source port and the destination are enough.
    """

    def __init__(self, entries: Iterable[LogEntry], sources: Collection[str]) -> None:
        self._own: dict[tuple[str, str, int], list[LogEntry]] = defaultdict(list)
        self._translated: dict[tuple[str, int, str, int], list[LogEntry]] = defaultdict(list)
        for entry in entries:
            if entry.source in sources:
                self._own[entry.protocol, entry.source, entry.sport].append(entry)
            else:
                self._translated[entry.protocol, entry.sport, entry.target, entry.dport].append(entry)

    def of(self, cell: Cell, knock: Knock) -> list[LogEntry]:
        """The lines about one knock, in the order of the logs."""
        protocol, port, targets = cell.service.protocol, cell.service.port, {str(cell.address)}
        if _published(cell):
            hosts = (cell.target, *cell.listeners)
            targets |= {str(interface.address) for host in hosts for interface in host.interfaces}
        own = self._own.get((protocol, knock.source, knock.sport), [])
        found = [entry for entry in own if entry.target in targets and entry.dport == port]
        if found:
            return found
        rewritten = (self._translated.get((protocol, knock.sport, target, port), []) for target in targets)
        return [entry for entries in rewritten for entry in entries]


def _published(cell: Cell) -> bool:
    """Whether the address is not one of the target's own: a virtual one, perhaps translated on the way."""
    return all(cell.address not in (one.address, one.address6) for one in cell.target.interfaces)
