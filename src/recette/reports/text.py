"""Figures and times as the French client reads them."""

from __future__ import annotations

import math
from datetime import datetime
from zoneinfo import ZoneInfo

from recette.evidence import Measure

NARROW_SPACE = "\u202f"
SPACE = "\u00a0"
_PARIS = ZoneInfo("Europe/Paris")
_MONTHS = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
]
_PRINTED = {
    "'": "’",
    "« ": f"«{SPACE}",
    " »": f"{SPACE}»",
    " :": f"{SPACE}:",
    " ;": f"{NARROW_SPACE};",
    " ?": f"{NARROW_SPACE}?",
    " !": f"{NARROW_SPACE}!",
}


def number(value: float) -> str:
    """Three or four significant digits, and every unit: 20160.0 gives « 20 160 », 0.41999 gives « 0,42 »."""
    magnitude = math.floor(math.log10(abs(value))) if value else 0
    text = f"{value:,.{max(0, 2 - magnitude if magnitude < 0 else 3 - max(1, magnitude))}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text.replace(",", NARROW_SPACE).replace(".", ",").replace("-", "−")


def figure(measure: Measure) -> str:
    """The value and its unit: « 0,42 s »."""
    return with_unit(number(measure.value), measure.value, measure.unit)


def with_unit(printed: str, value: float, unit: str) -> str:
    """A printed value and its unit, in the singular below 2 when it is a word: « 1 ligne », « 0,42 s »."""
    agreed = unit[:-1] if len(unit) > len("ms") and unit.endswith("s") and abs(value) < 2 else unit  # noqa: PLR2004
    return f"{printed}{SPACE}{agreed}" if agreed else printed


def duration(seconds: float) -> str:
    """« 3,2 s », « 4 min 05 s », « 1 h 02 min »."""
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{number(round(seconds, 1 if seconds >= 10 else 2))}{SPACE}s"  # noqa: PLR2004 - two figures
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:  # noqa: PLR2004 - an hour
        return f"{minutes}{SPACE}min{SPACE}{rest:02d}{SPACE}s"
    return f"{minutes // 60}{SPACE}h{SPACE}{minutes % 60:02d}{SPACE}min"


def moment(iso: str) -> str:
    """An ISO 8601 time, in Paris: « 3 mars 2026 à 14 h 05 »."""
    local = datetime.fromisoformat(iso).astimezone(_PARIS)
    day = "1er" if local.day == 1 else str(local.day)
    month = _MONTHS[local.month - 1]
    return f"{day} {month} {local.year} à {local.hour}{SPACE}h{SPACE}{local.minute:02d}"


def plural(count: int, singular: str, several: str = "") -> str:
    """« 1 scénario », « 2 scénarios »; French writes 0 in the singular."""
    word = singular if abs(count) <= 1 else several or f"{singular}s"
    return f"{number(count)}{SPACE}{word}"


def typography(text: str) -> str:
    """The spaces and the apostrophe of a printed French text; steps and messages are typed without them."""
    for mark, printed in _PRINTED.items():
        text = text.replace(mark, printed)
    return text
