"""What a mail server answers to those who call it."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from recette.probes.agents import source
from recette.shell import Remote

ANCHOR = "/etc/ssl/certs/ca-certificates.crt"
"""What each host trusts."""
LIMIT_S = 15.0
"""How long one reply is waited for."""
BATCH_LIMIT_S = 240.0


@dataclass(frozen=True, slots=True)
class Door:
    """Where a mail service is called: the addresses of its name, in the order in which a mail program tries them.

    `name` is the one that its certificate must bear.
    """

    addresses: tuple[str, ...]
    port: int
    name: str
    tls: Literal["none", "starttls", "implicit"] = "none"

    def at(self, address: str) -> Door:
        """The same door, of one server only."""
        return Door((address,), self.port, self.name, self.tls)

    def payload(self) -> dict[str, Any]:
        return {
            "addresses": list(self.addresses),
            "port": self.port,
            "name": self.name,
            "tls": self.tls,
            "ca": ANCHOR,
        }


@dataclass(frozen=True, slots=True)
class Call:
    """What is said to a server: each command as it is, then the message if every command was accepted."""

    door: Door
    commands: tuple[str, ...] = ()
    message: bytes | None = None
    login: tuple[str, str] | None = None
    helo: str = ""
    limit_s: float = LIMIT_S

    @classmethod
    def posting(  # noqa: PLR0913 - an envelope
        cls,
        door: Door,
        sender: str,
        recipients: Sequence[str],
        message: bytes | None,
        *,
        login: tuple[str, str] | None = None,
        helo: str = "",
    ) -> Call:
        """An envelope and a message."""
        commands = (f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{to}>" for to in recipients))
        return cls(door, commands, message, login, helo)

    def payload(self, host: str) -> dict[str, Any]:
        return {
            **self.door.payload(),
            "commands": list(self.commands),
            "data": None if self.message is None else base64.b64encode(self.message).decode(),
            "login": self.login,
            "helo": self.helo or f"{host}.recette.invalid",
            "limit_s": self.limit_s,
        }


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered to one command."""

    command: str
    code: int
    text: str

    @property
    def accepted(self) -> bool:
        return self.code // 100 == 2  # noqa: PLR2004 - the class of the codes that accept

    def __str__(self) -> str:
        return f"{self.code} {' '.join(self.text.split())}"


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A dialogue held. `error` tells what broke it, nothing if it went to its end; `address` is who answered.

    Instants in seconds of the monotonic clock.
    """

    call: Call
    address: str | None
    replies: tuple[Reply, ...]
    error: str
    tls: str
    begun_s: float
    ended_s: float

    @property
    def taken(self) -> bool:
        """Whether the server took the message upon itself."""
        return bool(self.replies) and self.replies[-1].command == "DATA" and self.replies[-1].accepted

    @property
    def refusal(self) -> Reply | None:
        """The first reply that refuses."""
        return next((reply for reply in self.replies if not reply.accepted), None)

    def reply(self, start: str) -> Reply | None:
        """The answer to the first command that begins so."""
        return next((reply for reply in self.replies if reply.command.startswith(start)), None)

    def __str__(self) -> str:
        refusal = self.refusal
        if refusal:
            return f"{refusal.command} : {refusal}"
        return self.error or (str(self.replies[-1]) if self.replies else "aucune réponse")


def hold(remote: Remote, host: str, calls: Sequence[Call]) -> tuple[Dialogue, ...]:
    """Hold dialogues from a host, a few side by side; Inconclusive if that host cannot be asked."""
    payload = {"dialogues": [call.payload(host) for call in calls]}
    told = remote.python(host, source("mail/converse"), payload, timeout_s=BATCH_LIMIT_S)
    return tuple(_dialogue(call, one) for call, one in zip(calls, told, strict=True))


def _dialogue(call: Call, told: Mapping[str, Any]) -> Dialogue:
    replies = tuple(Reply(command, code, text) for command, code, text in told["said"])
    return Dialogue(
        call, told["address"], replies, told["error"] or "", told["tls"] or "", told["begun_s"], told["ended_s"]
    )
