"""The same trouble again and again, with a user of the other site who goes on asking."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

from recette.actions import Fault
from recette.errors import Inconclusive
from recette.measure.outage import Outage, upper_bound_s
from recette.measure.timeline import Timeline
from recette.platform import Platform
from recette.probes.watch import Watch
from recette.trials.failover import Blow, served_again, strike
from recette.trials.operators import lose
from recette.trials.tunnels.ends import await_standing

POWER = Blow(Fault.POWER_CUT, "coupure de courant")
Trouble = Callable[[Platform, Watch], AbstractContextManager[object]]
"""Breaks something until its block ends; the user has been served again meanwhile where the site can."""


@contextmanager
def firewall_lost(platform: Platform, watch: Watch) -> Iterator[None]:
    """The member of level 1 in service loses its power, the other one opens the tunnel anew."""
    with strike(platform, 1, POWER, [watch]):
        yield


@contextmanager
def access_lost(platform: Platform, watch: Watch) -> Iterator[None]:
    """The preferred operator is lost, the tunnel goes through the other one."""
    preferred = next(zone for zone in platform.active(1).zones if platform.site.zone(zone).role == "operateur")
    operator = next(host for host in platform.site.hosts.values() if preferred in host.zones and host.level is None)
    with lose(platform, operator.name, Fault.OPERATOR_CUT, [watch]):
        yield


@contextmanager
def gateway_lost(platform: Platform, watch: Watch) -> Iterator[None]:
    """The gateway of the other site loses its power and starts again at once."""
    with platform.faults.inject(Fault.POWER_CUT, await_standing(platform).gateway):
        pass
    served_again(watch)
    yield


@contextmanager
def both_lost(platform: Platform, watch: Watch) -> Iterator[None]:
    """Both ends lose their power together; the gateway starts again, the other member takes over."""
    gateway = await_standing(platform).gateway
    with (
        platform.faults.inject(Fault.POWER_CUT, gateway) as injection,
        strike(platform, 1, POWER, beside=injection),
    ):
        injection.repair()
        served_again(watch)
        yield


TROUBLES: dict[str, Trouble] = {
    "la perte du pare-feu actif de niveau 1": firewall_lost,
    "la perte de l'opérateur principal": access_lost,
    "le redémarrage de la passerelle du siège": gateway_lost,
    "la perte simultanée des deux extrémités": both_lost,
}


@dataclass
class Endurance:
    """When each trouble began and was over, and what the user saw."""

    watch: Watch
    label: str
    spans: list[tuple[float, float]] = field(default_factory=list)

    def suffer(self, platform: Platform, trouble: Trouble, times: int) -> None:
        """Break and repair `times` times, the tunnel standing before each."""
        for _ in range(times):
            try:
                await_standing(platform)
            except Inconclusive:
                if self.spans:
                    return  # it never came back from the trouble before: the outage says so
                raise
            began = time.monotonic()
            with trouble(platform, self.watch):
                pass
            served_again(self.watch)
            self.spans.append((began, time.monotonic()))

    def outages(self) -> list[float]:
        """Upper bound of the outage of each repetition, in seconds: its longest one, 0 without any."""
        self.watch.stop()
        found = self.watch.outages()
        return [upper_bound_s(_within(found, began, over)) for began, over in self.spans]

    def timeline(self) -> Timeline:
        """The whole ordeal."""
        samples = self.watch.samples
        events = [(began, f"{self.label} ({rank})") for rank, (began, _) in enumerate(self.spans, start=1)]
        gaps = [(outage.start_s, outage.end_s) for outage in self.watch.outages()]
        return Timeline([(s.sent_s, s.good(0.2), s.rtt_s) for s in samples], events, gaps, f"Flux {self.watch.name}")


def _within(found: tuple[Outage, ...], began: float, over: float) -> tuple[Outage, ...]:
    """Outages that began during a repetition; the clock of the twin's hosts is this machine's."""
    return tuple(outage for outage in found if began <= outage.end_s and outage.start_s < over)
