"""What the SIEM of a site says, whatever its engine: events that it holds, alerts that it raised."""

from __future__ import annotations

from recette.probes.siem.choose import siem_of
from recette.probes.siem.model import Alert, Event, Mark, Siem

__all__ = ["Alert", "Event", "Mark", "Siem", "siem_of"]
