"""What a person sees of a web application in a real browser, from a host of the site or from outside."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from recette.probes.agents import source
from recette.shell import Remote

LIMIT_S = 40.0
MARGIN_S = 60.0
"""Given to the browser to start, to show its last view and to end."""
SIZE = (1280, 800)
"""Of the window, in pixels."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things are in the pages of an application, as CSS selectors; `list` is only shown to who has logged on."""

    login: str
    password: str
    submit: str
    refusal: str
    list: str


WEBMAIL = Layout(
    login="#rcmloginuser",
    password="#rcmloginpwd",  # noqa: S106 - where it is written
    submit="#rcmloginsubmit",
    refusal="#messagestack .error, #messagestack .alert-danger, #messagestack .warning",
    list="#messagelist",
)
"""Roundcube."""
CONSOLE = Layout(
    login="#name",
    password="#password",  # noqa: S106 - where it is written
    submit="#enter",
    refusal=".signin-container .red",
    list=".list-table",
)
"""Zabbix 7.0."""


class Stage(StrEnum):
    """How far the user came."""

    SILENT = "silent"
    FORM = "form"
    """The log-on form stayed, without a word."""
    REFUSED = "refused"
    INSIDE = "inside"


@dataclass(frozen=True, slots=True)
class View:
    """The last view of the browser: its text, and its picture (PNG).

    `took_s` from the first connection to what was awaited; `certificate` is the SHA-256 of the one that was proved.
    """

    stage: Stage
    title: str
    text: str
    took_s: float
    certificate: str
    picture: bytes = field(repr=False)

    def shows(self, text: str) -> bool:
        """Whether this text stands in the page of a user who has logged on."""
        return self.stage is Stage.INSIDE and text in self.text


def log_on(  # noqa: PLR0913 - who, where, and what is awaited
    remote: Remote,
    host: str,
    url: str,
    login: str,
    password: str,
    *,
    layout: Layout = WEBMAIL,
    awaited: str = "",
    authority: str = "",
    limit_s: float = LIMIT_S,
    size: tuple[int, int] = SIZE,
) -> View:
    """Open an application from a host, log on, and wait for a text in the list that it shows (of messages, of hosts).

    `authority`: file of the host with the authority that the certificate must come from, the system store if empty.
    `Inconclusive` when there is no browser, no connection, or a certificate that is not the name's.
    """
    wish = {
        "url": url,
        "page": asdict(layout),
        "login": login,
        "password": password,
        "authority": authority,
        "awaited": awaited,
        "limit_s": limit_s,
        "size": size,
    }
    return view(remote.python(host, source("browser"), wish, timeout_s=limit_s + MARGIN_S))


def view(told: Mapping[str, Any]) -> View:
    """The view in what the agent printed."""
    return View(
        stage=Stage(told["stage"]),
        title=told["title"],
        text=told["text"],
        took_s=told["took_s"],
        certificate=told["certificate"],
        picture=base64.b64decode(told["png"]),
    )
