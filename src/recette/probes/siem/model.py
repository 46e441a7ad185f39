"""The common form of alerts and events, and what any engine answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from recette.errors import Inconclusive

SEVERITIES = ("info", "low", "medium", "high", "critical")


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert. Texts are empty where the engine does not know; `mitre` holds ATT&CK technique numbers.

    `event_at` is the instant of the event, or of the first one of several.
    """

    id: str
    detected_at: datetime
    event_at: datetime
    kind: str
    severity: str
    host: str
    source_ip: str
    user: str
    object: str
    engine: str
    engine_rule: str
    mitre: tuple[str, ...]
    raw: str

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> Alert:
        """From the JSON object of the common form. Inconclusive if a field is missing or makes no sense."""
        try:
            fields: dict[str, Any] = {name: datetime.fromisoformat(told[name]) for name in ("detected_at", "event_at")}
            names = ("id", "kind", "severity", "host", "source_ip", "user", "object", "engine", "engine_rule", "raw")
            fields |= {name: str(told[name]) for name in names}
            alert = cls(**fields, mitre=tuple(told["mitre"]))
        except (KeyError, TypeError, ValueError) as error:
            raise Inconclusive(f"Alerte incomprise : {type(error).__name__} {error}") from error
        if alert.severity not in SEVERITIES:
            raise Inconclusive(f"Alerte {alert.id} : gravité {alert.severity} inconnue")
        return alert

    def __str__(self) -> str:
        """In one line, for a message or a note."""
        told = {"source": self.source_ip, "compte": self.user, "objet": self.object}
        details = "".join(f", {name} {value}" for name, value in told.items() if value)
        return f"{self.kind} sur {self.host}{details}, {' '.join(self.mitre) or 'sans technique'} ({self.engine_rule})"


@dataclass(frozen=True, slots=True)
class Event:
    """One event that the SIEM keeps."""

    host: str
    message: str


@dataclass(frozen=True, slots=True)
class Mark:
    """An instant of the SIEM: by its own clock, and by the place that its file of alerts had reached, in bytes."""

    instant: datetime
    offset: int = 0


class Siem(Protocol):
    """An engine. Every method is Inconclusive when the engine cannot be asked, or answers what nobody understands."""

    name: str

    def mark(self) -> Mark:
        """Now."""

    def alerts(self, since: Mark) -> list[Alert]:
        """Those raised since, in their order, each once."""

    def events(self, since: Mark, words: str) -> list[Event]:
        """The events received since that hold these words, as often as they were received.

        Words without quote, slash nor backslash: engines write these each in its own way.
        """

    def reporting(self) -> frozenset[str]:
        """The hosts that the SIEM holds for alive now."""
