"""Who held a virtual address, when, and whether two did at once, from the comings and goings of each member."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise


class Kind(StrEnum):
    """What happened on a member."""

    SEEN = "seen"
    """Its addresses are known from now on; whatever it held before is told again by `HELD`."""
    HELD = "held"
    GAINED = "gained"
    LOST = "lost"
    GONE = "gone"
    """Its machine was cut or frozen: it answers for nothing, whatever addresses it is left with."""
    BACK = "back"
    """Its machine goes on: with its addresses if it was frozen, empty and unseen yet if it was cut."""
    UNSEEN = "unseen"
    """Nothing is known of it any more."""


ORDER = {kind: place for place, kind in enumerate(Kind)}


@dataclass(frozen=True, slots=True)
class Event:
    """Instants are in seconds, on one clock for all members."""

    at_s: float
    host: str
    kind: Kind
    address: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """An address held by `hosts` from one instant to another: one owner is well, two are a conflict, none is a gap."""

    address: str
    hosts: tuple[str, ...]
    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class Blind:
    """A member that was running, or may have been, while nobody looked at it."""

    host: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Ownership:
    """Every hold of every address between two instants. `blind` says where it may be incomplete."""

    holds: tuple[Span, ...]
    blind: tuple[Blind, ...]
    start_s: float
    end_s: float

    def spans(self) -> tuple[Span, ...]:
        """The whole time of each address, cut where its owners change."""
        return tuple(span for address in sorted({hold.address for hold in self.holds}) for span in self._spans(address))

    def overlaps(self, tolerance_s: float = 0.0) -> tuple[Span, ...]:
        """When an address had several owners at once, for longer than the tolerance."""
        return tuple(span for span in self.spans() if len(span.hosts) > 1 and span.duration_s > tolerance_s)

    def gaps(self, tolerance_s: float = 0.0) -> tuple[Span, ...]:
        """When an address that was held at some time had no owner, for longer than the tolerance."""
        return tuple(span for span in self.spans() if not span.hosts and span.duration_s > tolerance_s)

    def _spans(self, address: str) -> list[Span]:
        holds = [hold for hold in self.holds if hold.address == address]
        instants = {self.start_s, self.end_s, *(hold.start_s for hold in holds), *(hold.end_s for hold in holds)}
        spans: list[Span] = []
        for start, end in pairwise(sorted(at for at in instants if self.start_s <= at <= self.end_s)):
            hosts = tuple(sorted(hold.hosts[0] for hold in holds if hold.start_s <= start and end <= hold.end_s))
            if spans and spans[-1].hosts == hosts:
                spans[-1] = Span(address, hosts, spans[-1].start_s, end)
            else:
                spans.append(Span(address, hosts, start, end))
        return spans


@dataclass
class _Member:
    """One member, event after event."""

    host: str
    alive: bool = True
    seen: bool = False
    unseen_since: float | None = None
    configured: set[str] = field(default_factory=set)
    open: dict[str, float] = field(default_factory=dict)
    holds: list[Span] = field(default_factory=list)
    blind: list[Blind] = field(default_factory=list)

    def apply(self, event: Event) -> None:
        at_s = event.at_s
        match event.kind:
            case Kind.SEEN:
                self._close(at_s)
                self._end_blind(at_s)
                self.alive, self.seen, self.configured = True, True, set()
            case Kind.HELD | Kind.GAINED:
                self.configured.add(event.address)
                if self.alive:
                    self.open.setdefault(event.address, at_s)
            case Kind.LOST:
                self.configured.discard(event.address)
                self._close(at_s, event.address)
            case Kind.GONE:
                self.alive = False
                self._close(at_s)
                self._end_blind(at_s)
            case Kind.BACK:
                self.alive = True
                self.open.update(dict.fromkeys(self.configured, at_s))
                self.unseen_since = None if self.seen else at_s
            case Kind.UNSEEN:
                self._close(at_s)
                self.seen, self.configured = False, set()
                self.unseen_since = at_s if self.alive else None

    def _close(self, at_s: float, address: str | None = None) -> None:
        for held in [address] if address else list(self.open):
            start_s = self.open.pop(held, None)
            if start_s is not None:
                self.holds.append(Span(held, (self.host,), start_s, at_s))

    def _end_blind(self, at_s: float) -> None:
        if self.unseen_since is not None:
            self.blind.append(Blind(self.host, self.unseen_since, at_s))
            self.unseen_since = None

    def end(self, at_s: float) -> None:
        self._close(at_s)
        self._end_blind(at_s)


def ownership(events: Iterable[Event], end_s: float) -> Ownership:
    """The ownership from the first instant at which every member was seen until `end_s`."""
    by_host: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        by_host[event.host].append(event)
    start_s = max((min(e.at_s for e in mine if e.kind is Kind.SEEN) for mine in by_host.values()), default=end_s)
    holds: list[Span] = []
    blind: list[Blind] = []
    for host, mine in by_host.items():
        member = _Member(host)
        for event in sorted(mine, key=lambda one: (one.at_s, ORDER[one.kind])):
            if event.at_s <= end_s:
                member.apply(event)
        member.end(end_s)
        holds += member.holds
        blind += member.blind
    return Ownership(tuple(sorted(holds, key=lambda hold: hold.start_s)), tuple(blind), start_s, end_s)
