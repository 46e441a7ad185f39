"""An act that the SIEM must tell of, and the alert that it raised."""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from recette.platform import Platform
from recette.probes.siem import Alert, Mark, Siem
from recette.trials.delays import seconds_until
from recette.trials.people import People


@dataclass(frozen=True, slots=True)
class Expected:
    """The alert that an act calls for. `hosts` are those that may see it; an empty text is nobody.

    `trace` is a text that only this act leaves, somewhere in the alert. `since_s` is when the act was complete, by the
    monotonic clock: 0 for the end of what performs it.
    """

    kind: str
    hosts: frozenset[str]
    technique: str
    source: str = ""
    user: str = ""
    trace: str = ""
    since_s: float = 0.0

    def is_told_by(self, alert: Alert) -> bool:
        """Whether an alert speaks of this act, rightly or not."""
        texts = (alert.object, alert.raw, alert.source_ip, alert.user, alert.host)
        return alert.kind == self.kind and any(self.trace in text for text in texts)

    def faults(self, alert: Alert) -> list[str]:
        """What the alert says wrongly of it, in French."""
        found = []
        if alert.host not in self.hosts:
            found.append(f"machine {alert.host} au lieu de {' ou '.join(sorted(self.hosts))}")
        if alert.source_ip != self.source:
            found.append(f"source {alert.source_ip or 'absente'} au lieu de {self.source or 'aucune'}")
        if alert.user != self.user:
            found.append(f"compte {alert.user or 'absent'} au lieu de {self.user or 'aucun'}")
        if self.technique not in alert.mitre:
            found.append(f"technique {' '.join(alert.mitre) or 'absente'} au lieu de {self.technique}")
        return found


@dataclass(frozen=True, slots=True)
class Raised:
    """What the SIEM made of an act: the alert that tells of it, and how long after the act it was seen.

    Of several, the one that is right: a question is told once of who asks it and once of the server that passes it on.
    `delay_s` is infinite without alert. `others` are the alerts of the time, which say what was understood instead.
    """

    expected: Expected
    alert: Alert | None
    delay_s: float
    others: tuple[Alert, ...]


GRACE_S = 3.0
"""How long a right alert may follow a wrong one, by which the attack was already noticed."""
Act = Callable[[Platform, People], AbstractContextManager[Expected]]
"""Performs an act on entering, and undoes it on leaving."""


def nonce() -> str:
    """A word that no other event holds."""
    return f"recette{secrets.token_hex(5)}"


def best(alerts: Iterable[Alert], expected: Expected) -> Alert | None:
    """Of the alerts that tell of an act, the one that says the least wrongly; the first of these."""
    told = [alert for alert in alerts if expected.is_told_by(alert)]
    return min(told, key=lambda alert: len(expected.faults(alert)), default=None)


def watched(platform: Platform, people: People, act: Act, limit_s: float) -> Raised:
    """Perform an act, and wait for its alert at most so long; for a right one `GRACE_S` longer than for a wrong one."""
    siem = platform.siem
    since = siem.mark()
    with act(platform, people) as expected:
        since_s = expected.since_s or time.monotonic()
        looked = _Look(siem, since, expected)
        delay_s = seconds_until(looked.tells, since_s, limit_s)
        # A last look that nothing excuses: an engine that cannot be asked has not been silent.
        if math.isinf(delay_s) and looked.tells():
            delay_s = time.monotonic() - since_s
        if looked.faults:
            right_s = seconds_until(looked.tells_rightly, since_s, time.monotonic() - since_s + GRACE_S)
            delay_s = delay_s if math.isinf(right_s) else right_s
    return Raised(expected, looked.alert, delay_s, looked.alerts)


class _Look:
    """What is known of an act at the last look."""

    def __init__(self, siem: Siem, since: Mark, expected: Expected) -> None:
        self._siem, self._since, self._expected = siem, since, expected
        self.alerts: tuple[Alert, ...] = ()

    @property
    def alert(self) -> Alert | None:
        return best(self.alerts, self._expected)

    @property
    def faults(self) -> bool:
        return self.alert is not None and bool(self._expected.faults(self.alert))

    def tells(self) -> bool:
        self.alerts = tuple(self._siem.alerts(self._since))
        return self.alert is not None

    def tells_rightly(self) -> bool:
        return self.tells() and not self.faults
