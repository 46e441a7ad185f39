"""Whether the SIEM can be tried at all."""

from __future__ import annotations

from recette.platform import Platform
from recette.waiting import NotYet, wait_until

READY_LIMIT_S = 60.0


def await_ready(platform: Platform) -> None:
    """Wait until the SIEM answers and hears at least one host: which ones is what scenarios judge."""
    siem = platform.siem
    wait_until(lambda: siem.reporting() or NotYet("aucun hôte ne lui parle"), READY_LIMIT_S, "Le SIEM")
