"""Which generated firewall rules some scenario hit, counted across failovers and reboots."""

from __future__ import annotations

from recette.evidence.annexes import Coverage
from recette.probes.firewall import Rule, RuleCounter, counters, hits
from recette.probes.journal import firewalls
from recette.shell import Remote
from recette.site import Site


class RuleCoverage:
    """Adds up the counters scenario by scenario: a reboot resets them, so one reading at the end would not do."""

    def __init__(self, site: Site, remote: Remote) -> None:
        self._remote = remote
        self._hosts = [host.name for host in firewalls(site)]
        self._group_of = {host.name: host.redundancy or host.name for host in firewalls(site)}
        self._hits: dict[Rule, int] = {}

    def read(self) -> list[RuleCounter]:
        return counters(self._remote, self._hosts)

    def add(self, before: list[RuleCounter]) -> None:
        """Count what happened since a reading."""
        for rule, packets in hits(before, self.read(), self._group_of).items():
            self._hits[rule] = self._hits.get(rule, 0) + packets

    @property
    def result(self) -> Coverage:
        missed = sorted(rule for rule, packets in self._hits.items() if packets == 0)
        lines = tuple(f"{rule.group}, chaîne {rule.chain} : {rule.comment}" for rule in missed)
        return Coverage(total=len(self._hits), hit=len(self._hits) - len(missed), missed=lines)
