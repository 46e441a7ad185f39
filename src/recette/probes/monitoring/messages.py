"""What on call is told: a message, read as he reads it, whichever way it came."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from email import message_from_bytes, message_from_string, policy
from email.message import EmailMessage, Message
from typing import Literal

State = Literal["panne", "rétabli"]
Channel = Literal["courriel", "SMS"]
RECOVERED = "Rétabli"
ELSEWHERE = "SIEM"
"""What begins the subject of a message of the SIEM, which on call reads too."""
SUBJECT = re.compile(r"\[(?P<word>[^\]]+)\] (?P<host>\S+) : (?P<title>.*)", re.DOTALL)
SHORT = re.compile(r"\[(?P<word>[^\]]+)\] (?P<host>\S+) \((?P<service>[^)]*)\) : (?P<title>.*), (?P<time>[\d:]+)$")
FIELD = re.compile(r"^(Hôte|Service|Gravité|Heure) : (.*)$", re.MULTILINE)
WATCH = "veille"
"""Origin of what the gateway writes by itself."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One message. `severity` is unknown (empty) in a short message that tells an end; `text` is what was written.

    `seen_s` is when it was in hand, by our monotonic clock: never before it was received.
    """

    channel: Channel
    state: State
    host: str
    service: str
    severity: str
    time: str
    title: str
    text: str
    seen_s: float

    def __str__(self) -> str:
        return f"{self.channel} : {self.text.splitlines()[0] if self.text else 'vide'}"


@dataclass(frozen=True, slots=True)
class Notice:
    """What the gateway wrote by itself: the supervision is silent, or heard again."""

    text: str
    seen_s: float


def from_mail(raw: bytes, seen_s: float) -> Alert | None:
    """The alert in a mail; None for any other mail."""
    mail = message_from_bytes(raw, policy=policy.default)
    found = SUBJECT.fullmatch(_subject(mail))
    body = mail.get_body(("plain",)) if isinstance(mail, EmailMessage) else None
    if found is None or body is None or found["word"] == ELSEWHERE:
        return None
    text = str(body.get_content())
    fields = {name: value.strip() for name, value in FIELD.findall(text)}
    if "Hôte" not in fields:
        return None
    return Alert(
        channel="courriel",
        state="rétabli" if found["word"] == RECOVERED else "panne",
        host=fields["Hôte"].split()[0],
        service=fields.get("Service", ""),
        severity=fields.get("Gravité", ""),
        time=fields.get("Heure", ""),
        title=found["title"],
        text=f"{mail['subject']}\n{text}",
        seen_s=seen_s,
    )


def _subject(mail: Message) -> str:
    """In one line: a long one is folded."""
    return " ".join(str(mail["subject"]).split())


def of_the_siem(raw: str) -> bool:
    """Whether a mail, as it came, is one of the SIEM."""
    return _subject(message_from_string(raw, policy=policy.default)).startswith(f"[{ELSEWHERE}]")


def from_gateway(line: str, seen_s: float) -> Alert | Notice | None:
    """The alert in a message of the gateway, or what it wrote by itself; None for any other message."""
    told = json.loads(line)
    if told["origin"] == WATCH:
        return Notice(told["text"], seen_s)
    found = SHORT.fullmatch(told["text"])
    if found is None:
        return None
    recovered = found["word"] == RECOVERED
    return Alert(
        channel="SMS",
        state="rétabli" if recovered else "panne",
        host=found["host"],
        service=found["service"],
        severity="" if recovered else found["word"],
        time=found["time"],
        title=found["title"],
        text=told["text"],
        seen_s=seen_s,
    )
