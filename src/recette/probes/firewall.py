"""What the firewalls count and write: the rules that were hit, those that nobody ever hit, and the drops."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from recette.errors import Inconclusive
from recette.probes.journal import Journal, LogEntry, LogMark
from recette.shell import Remote

LIST_RULES = "nft -j list ruleset"


@dataclass(frozen=True, slots=True)
class RuleCounter:
    """A rule that has a counter and a comment; the comment is its identity in the flow matrix."""

    host: str
    chain: str
    comment: str
    packets: int
    bytes: int


@dataclass(frozen=True, slots=True, order=True)
class Rule:
    """A rule of a level, whichever member of the pair applied it, and however many nft rules it makes in a chain."""

    group: str
    chain: str
    comment: str


def counters(remote: Remote, hosts: Iterable[str]) -> list[RuleCounter]:
    """Every counted rule of the firewalls, in one round trip each; `Inconclusive` if one of them cannot be asked."""
    found: list[RuleCounter] = []
    for host, done in remote.map(hosts, LIST_RULES).items():
        if done.rc != 0:
            raise Inconclusive(f"{host} : les règles du pare-feu sont illisibles ({done.stderr.strip()})")
        found += parse_counters(host, json.loads(done.stdout))
    return found


def parse_counters(host: str, ruleset: Mapping[str, Any]) -> list[RuleCounter]:
    """The counted and commented rules of `nft -j list ruleset`; the others are nobody's business."""
    found = []
    for item in ruleset["nftables"]:
        rule = item.get("rule", {})
        count = next((part["counter"] for part in rule.get("expr", ()) if part.get("counter")), None)
        if count and "comment" in rule:
            found.append(RuleCounter(host, rule["chain"], rule["comment"], count["packets"], count["bytes"]))
    return found


def hits(before: Iterable[RuleCounter], after: Iterable[RuleCounter], group_of: Mapping[str, str]) -> dict[Rule, int]:
    """Packets that met each rule between two readings, the members of a pair added up; `group_of`: host -> pair.

    A counter that went back was reset by a reload: what it shows then is all that is known.
    """
    old, new = _sums(before), _sums(after)
    gained: dict[Rule, int] = dict.fromkeys((_rule(key, group_of) for key in new), 0)
    for key, packets in new.items():
        gained[_rule(key, group_of)] += packets - old[key] if packets >= old[key] else packets
    return gained


def drops_since(journal: Journal, mark: LogMark) -> list[LogEntry]:
    """What the firewalls wrote that they dropped since the mark; `Inconclusive` when a log is not complete."""
    return [entry for entry in journal.since(mark) if entry.action == "drop"]


def _sums(readings: Iterable[RuleCounter]) -> Counter[tuple[str, str, str]]:
    sums: Counter[tuple[str, str, str]] = Counter()
    for one in readings:
        sums[one.host, one.chain, one.comment] += one.packets
    return sums


def _rule(key: tuple[str, str, str], group_of: Mapping[str, str]) -> Rule:
    host, chain, comment = key
    return Rule(group_of.get(host, host), chain, comment)
