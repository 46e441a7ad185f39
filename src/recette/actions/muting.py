"""A planned maintenance, declared to the supervision as an administrator declares it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from recette.actions.journal import Act, Drivers, Journal
from recette.actions.undoing import undone
from recette.errors import Inconclusive
from recette.probes.monitoring import Monitoring
from recette.waiting import NotYet, wait_until

DRIVER, NAME = "muting", "recette : maintenance d'essai"
LASTS_S = 3600
"""A maintenance that everybody forgot ends by itself after that time."""
IN_FORCE, IN_FORCE_LIMIT_S = "1", 120.0
"""Status of a host in maintenance. Guard: Zabbix looks for maintenances at the beginning of each minute."""


class Muting:
    """The verb that the undo journal may name takes no argument, and is idempotent."""

    def __init__(self, monitoring: Monitoring, journal: Journal) -> None:
        self._monitoring = monitoring
        self._journal = journal

    def verbs(self) -> Drivers:
        """For the replay of the journal."""
        return {DRIVER: {"end": self.end}}

    @contextmanager
    def muted(self, hosts: Sequence[str]) -> Iterator[None]:
        """Declare a maintenance of hosts, from now until the block ends."""
        # No host is broken by it: faults may be tried while it lasts.
        with undone(self._journal, NAME, (), [Act(driver=DRIVER, verb="end", args=())], self.verbs()):
            found = self._known(hosts)
            if len(found) != len(hosts):
                raise Inconclusive(f"Maintenance : {len(found)} hôtes connus de la supervision sur {len(hosts)}")
            since = int(time.time()) // 60 * 60
            period = {"timeperiod_type": 0, "start_date": since, "period": LASTS_S}
            declared = {
                "name": NAME,
                "active_since": since,
                "active_till": since + LASTS_S,
                "hosts": [{"hostid": each["hostid"]} for each in found],
                "timeperiods": [period],
            }
            self._monitoring.ask(("maintenance.create", declared))
            # What broke before it is in force would be told.
            wait_until(lambda: self._in_force(hosts), IN_FORCE_LIMIT_S, "La maintenance, en vigueur")
            yield

    def _known(self, hosts: Sequence[str]) -> list[dict[str, str]]:
        asked = {"output": ["hostid", "host", "maintenance_status"], "filter": {"host": list(hosts)}}
        (found,) = self._monitoring.ask(("host.get", asked))
        return list(found)

    def _in_force(self, hosts: Sequence[str]) -> bool | NotYet:
        waiting = [each["host"] for each in self._known(hosts) if each["maintenance_status"] != IN_FORCE]
        return NotYet(f"pas encore muets : {', '.join(waiting)}") if waiting else True

    def end(self) -> None:
        """The maintenance is over, if it was declared."""
        (found,) = self._monitoring.ask(("maintenance.get", {"output": ["maintenanceid"], "filter": {"name": NAME}}))
        if found:
            self._monitoring.ask(("maintenance.delete", [each["maintenanceid"] for each in found]))
