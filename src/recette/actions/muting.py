"""A planned maintenance, declared to the supervision as an administrator declares it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from recette.actions.journal import Act, Drivers, Journal
from recette.actions.undoing import undone
from recette.probes.monitoring import Monitoring

DRIVER, NAME = "muting", "recette : maintenance d'essai"
LASTS_S = 3600
"""A maintenance that everybody forgot ends by itself after that time."""


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
        with undone(self._journal, NAME, hosts, [Act(driver=DRIVER, verb="end", args=())], self.verbs()):
            (found,) = self._monitoring.ask(("host.get", {"output": ["hostid"], "filter": {"host": list(hosts)}}))
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
            yield

    def end(self) -> None:
        """The maintenance is over, if it was declared."""
        (found,) = self._monitoring.ask(("maintenance.get", {"output": ["maintenanceid"], "filter": {"name": NAME}}))
        if found:
            self._monitoring.ask(("maintenance.delete", [each["maintenanceid"] for each in found]))
