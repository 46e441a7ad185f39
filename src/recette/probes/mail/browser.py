"""A webmail as a real browser shows it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from recette.probes.mail.agents import source
from recette.probes.mail.dialogue import ANCHOR, Door
from recette.shell import Remote

LIMIT_S = 90.0
MARGIN_S = 90.0


@dataclass(frozen=True, slots=True)
class Page:
    """What the browser showed in the end: `text` is what a person reads, `png` the picture.

    `steps` tells what was reached, and after how many seconds; `error` what broke the visit, nothing otherwise.
    """

    steps: Mapping[str, float]
    text: str
    seen: bool
    refused: bool
    png: bytes
    error: str

    def __str__(self) -> str:
        return self.error or " ".join(self.text.split())[:200] or "page vide"


def browse(remote: Remote, host: str, door: Door, login: tuple[str, str], expect: str) -> Page:
    """Log on to a webmail from a host and look for a text. Inconclusive if that host cannot be asked."""
    wish = {
        "url": f"https://{door.name}/",
        "address": door.addresses[0],
        "name": door.name,
        "ca": ANCHOR,
        "login": login,
        "expect": expect,
        "limit_s": LIMIT_S,
    }
    told: dict[str, Any] = remote.python(host, source("browse"), wish, timeout_s=LIMIT_S + MARGIN_S)
    return Page(
        dict(told["steps"]),
        told["text"],
        told["seen"],
        told["refused"],
        base64.b64decode(told["png"]),
        told["error"],
    )
