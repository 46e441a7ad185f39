"""What the firewalls wrote of the packets that they let through or dropped: one line for each new flow."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from recette.errors import Inconclusive
from recette.probes.agents import source
from recette.shell import Remote
from recette.site import Host, Site

PATH = "/var/log/ulog/pare-feu.json"
COMPLETE_LIMIT_S = 20.0
"""On a loaded machine the writer may be seconds late: it is waited for as long as it gets on, within that bound."""
ANSWER_LIMIT_S = COMPLETE_LIMIT_S + 20.0
NOBODY = "198.18.0.1"
"""An address of the benchmark range (RFC 2544): no rule permits it, no network holds it."""
PREFIX = re.compile(r"N(?P<level>\d):(?P<rule>.+):(?P<action>accept|drop)")


class LogEntry(NamedTuple):
    """A packet as a firewall saw it: after the translation of its destination, before that of its source."""

    host: str
    level: int
    rule: str
    action: str
    source: str
    target: str
    protocol: str
    sport: int
    dport: int


@dataclass(frozen=True)
class LogMark:
    """The end of each firewall's log at one instant: (inode, size in bytes), or None where there was no log yet.

    `lost`: the messages that the log's writer had missed by then, since it started.
    """

    ends: Mapping[str, list[int] | None]
    lost: Mapping[str, int]


@dataclass(frozen=True)
class Reading:
    """What the firewalls wrote after a mark; where `losing` names some, lines of theirs may be missing."""

    entries: list[LogEntry]
    losing: tuple[str, ...]


def firewalls(site: Site) -> tuple[Host, ...]:
    """The firewalls of both levels, in the order of the inventory."""
    return tuple(host for host in site.hosts.values() if host.level)


def parse(host: str, line: str) -> LogEntry | None:
    """A line of the `journal` agent; None when its prefix was not written by a rule of the flow matrix."""
    prefix, *addresses, protocol, sport, dport = line.split("|")
    found = PREFIX.fullmatch(prefix)
    if not found:
        return None
    level, rule, action = found.groups()
    return LogEntry(host, int(level), rule, action, addresses[0], addresses[1], protocol, int(sport), int(dport))


class Journal:
    """The logs of all the firewalls of a site that are in service."""

    def __init__(self, site: Site, remote: Remote, path: str = PATH) -> None:
        self._remote = remote
        self._path = path
        self._sentinels = {host.name: _sentinels(site, host) for host in firewalls(site)}

    def mark(self) -> LogMark:
        """Where the logs end now; a firewall out of reach is left out, `Inconclusive` when all of them are."""
        ask = {host: {"path": self._path} for host in self._sentinels}
        found = self._remote.map_python(source("journal"), ask, strict=False)
        if not found:
            raise Inconclusive("Aucun pare-feu n'est joignable : leurs journaux ne peuvent pas être lus")
        return LogMark(
            {host: end for host, (end, _) in found.items()}, {host: lost for host, (_, lost) in found.items()}
        )

    def read(self, mark: LogMark) -> Reading:
        """Every line written after the mark by the firewalls that it holds.

        A log counts as complete when the firewall's own last packet is in it, or when it has been quiet for longer than
        the kernel holds packets back; `Inconclusive` otherwise, for a missing line would look like a missing drop.
        """
        asked = {
            host: {"path": self._path, "since": end, "sentinels": self._sentinels[host], "limit_s": COMPLETE_LIMIT_S}
            for host, end in mark.ends.items()
        }
        answers = self._remote.map_python(source("journal"), asked, timeout_s=ANSWER_LIMIT_S)
        growing = [host for host, (how, *_) in answers.items() if how == "growing"]
        if growing:
            raise Inconclusive(
                f"Journal de {', '.join(growing)} : encore en cours d'écriture après {COMPLETE_LIMIT_S:g} s"
            )
        losing = tuple(host for host, (*_, lost) in answers.items() if lost > mark.lost[host])
        return Reading(list(_entries((host, lines) for host, (_, lines, _) in answers.items())), losing)

    def since(self, mark: LogMark) -> list[LogEntry]:
        """The lines of `read`; `Inconclusive` when some may be missing."""
        reading = self.read(mark)
        if reading.losing:
            raise Inconclusive(f"Journal de {', '.join(reading.losing)} : des lignes ont été perdues sous la charge")
        return reading.entries


def _sentinels(site: Site, host: Host) -> list[str]:
    """Addresses that the firewall never has to reach: nowhere first, then, without a default route, its own zones."""
    return [NOBODY, *(str(site.zones[zone].network[-2]) for zone in host.zones)]


def _entries(answers: Iterable[tuple[str, list[str]]]) -> Iterable[LogEntry]:
    for host, lines in answers:
        for line in lines:
            if entry := parse(host, line):
                yield entry
