"""Telephony as its users have it: telephones in hand, what they hear, and how good it is."""

from recette.probes.calls.media import Media, Stream
from recette.probes.calls.phone import Call, Line, Phone, Unseen, phone, started
from recette.probes.calls.quality import Quality, network_ms, quality
from recette.probes.calls.tones import Gap, Hearing, hearing, recording

__all__ = [
    "Call",
    "Gap",
    "Hearing",
    "Line",
    "Media",
    "Phone",
    "Quality",
    "Stream",
    "Unseen",
    "hearing",
    "network_ms",
    "phone",
    "quality",
    "recording",
    "started",
]
