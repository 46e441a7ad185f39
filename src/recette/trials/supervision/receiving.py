"""What on call received, judged against what happened."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from recette.probes.monitoring import Alert, OnCall, of

NAMED = re.compile(r'"(?P<service>[^"]+)" en panne sur "(?P<host>[^"]+)" \((?P<severity>[^)]+)\)')
FOUND = ("le pare-feu actif", "le serveur qui suit")
"""Words of the features for a host that is only known when it is looked for."""
CHANNELS = ("courriel", "SMS")
CLOCK = re.compile(r":(\d\d):(\d\d)$")
HOUR_S, SKEW_S = 3600.0, 2.0
"""Hosts agree to the second, and a time that is written has no fraction."""
MARGIN_S = 5.0
"""Read on after the limit: a message that is late is measured, rather than missed."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a message must name."""

    state: str
    host: str
    service: str
    severity: str

    @classmethod
    def named(cls, words: str, subject: str) -> Self:
        """What the words of a feature ask for; where they do not name the host, `subject` is meant."""
        found = NAMED.fullmatch(words)
        if found is None:
            raise ValueError(f"not what a message must name: {words}")
        host = subject if found["host"] in FOUND else found["host"]
        return cls("panne", host, found["service"], found["severity"])

    def met_by(self, alert: Alert) -> bool:
        """A short message that tells an end does not say how bad it was."""
        severity = alert.severity in (self.severity, "") if self.state == "rétabli" else alert.severity == self.severity
        return alert.state == self.state and alert.host == self.host and alert.service == self.service and severity

    def ended(self) -> Self:
        """What a message must name when this is over."""
        return replace(self, state="rétabli")

    def __str__(self) -> str:
        return f"[{self.severity}] {self.host} ({self.service}), {self.state}"


def delays(  # noqa: PLR0913 - what is wanted, from when to when, and how
    oncall: OnCall,
    wanted: Wanted,
    since_s: float,
    limit_s: float,
    channels: Sequence[str] = CHANNELS,
    *,
    after_s: float = -math.inf,
) -> dict[str, float]:
    """How long after an instant the wanted message was in hand, on each of these ways; infinite where it never was.

    0 for one that was in hand before, but after `after_s`: repairing takes its time, and what is well again by then has
    been told.
    """

    def first(channel: str) -> Alert | None:
        come = (alert for alert in of(oncall.alerts, channel=channel) if alert.seen_s >= after_s)
        return next((alert for alert in come if wanted.met_by(alert)), None)

    oncall.wait(lambda: all(first(channel) for channel in channels), limit_s + MARGIN_S)
    found = {channel: first(channel) for channel in channels}
    return {channel: max(0.0, alert.seen_s - since_s) if alert else math.inf for channel, alert in found.items()}


def refusal(oncall: OnCall, wanted: Wanted, channel: str) -> str:
    """Why a way does not hold: what came instead."""
    came = [str(alert) for alert in of(oncall.alerts, channel=channel)]
    return f"Obtenu : {came or 'aucun message'} — Attendu : {wanted}"


def misdated(alerts: Sequence[Alert], limit_s: float) -> list[str]:
    """Messages that do not say when it happened, or say an instant from which they took longer than a limit.

    Minutes and seconds are compared: the hour depends on the zone, which is the reader's.
    """
    epoch_s = time.time() - time.monotonic()
    wrong = []
    for alert in alerts:
        found = CLOCK.search(alert.time)
        age_s = (alert.seen_s + epoch_s - (int(found[1]) * 60 + int(found[2]))) % HOUR_S if found else math.inf
        if limit_s + MARGIN_S < age_s < HOUR_S - SKEW_S or not found:
            wrong.append(str(alert))
    return wrong


def storm(oncall: OnCall, limit_s: float) -> dict[str, list[Alert]]:
    """Everything broken that each way told within a time."""
    oncall.wait(lambda: False, limit_s)
    return {channel: of(oncall.alerts, channel=channel, state="panne") for channel in CHANNELS}
