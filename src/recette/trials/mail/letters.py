"""Messages as an employee writes them, and whether what is read is what was written."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime
from functools import cached_property

PREFIX = "<recette-"
"""How the identifier of every message of the recette begins: by it they are found again, and removed."""
TEXT = (
    "Bonjour,\n\nLe lot n° 26-0417 « Œstradiol » est libéré : 37 °C ± 0,5, contrôlé à l'été.\n"
    "Ci-joint le procès-verbal.\n\n.\n.. une ligne qui commence par un point\n\nÀ bientôt,\nZoë\n"
)
"""Accents, ligatures, signs, and lines that SMTP must escape."""
ATTACHMENT = bytes(range(256)) * 64
"""Every byte there is, 16 KiB in all."""
ATTACHMENT_NAME = "procès-verbal n° 7.bin"
KEPT = ("Subject", "From", "To", "Message-ID", "In-Reply-To", "References", "Date", "MIME-Version", "Content-Type")
"""Headers that nobody on the way may change."""


@dataclass(frozen=True)
class Letter:
    """A message; `raw` is what is sent."""

    sender: str
    recipient: str
    subject: str
    text: str = TEXT
    attachment: bytes | None = ATTACHMENT
    attachment_name: str = ATTACHMENT_NAME
    answers: str = ""
    """Identifier of the message that this one answers."""
    identifier: str = field(default_factory=lambda: f"{PREFIX}{uuid.uuid4().hex[:16]}@recette.invalid>")

    @cached_property
    def raw(self) -> bytes:
        """The message as it is sent: composed once, for its boundaries are drawn."""
        message = EmailMessage(policy=policy.SMTP)
        message["From"] = self.sender
        message["To"] = self.recipient
        message["Subject"] = self.subject
        message["Date"] = format_datetime(datetime.now(UTC))
        message["Message-ID"] = self.identifier
        if self.answers:
            message["In-Reply-To"] = message["References"] = self.answers
        message.set_content(self.text, cte="quoted-printable")
        if self.attachment is not None:
            message.add_attachment(
                self.attachment, maintype="application", subtype="octet-stream", filename=self.attachment_name
            )
        return message.as_bytes()


def differences(sent: bytes, received: bytes) -> list[str]:
    """What was changed on the way, in French; headers that were added do not count."""
    before, after = (message_from_bytes(raw, policy=policy.default) for raw in (sent, received))
    wrong = [
        f"{name} — Obtenu : {after[name]} — Attendu : {before[name]}"
        for name in KEPT
        if str(before[name]) != str(after[name])
    ]
    if _body(sent) != _body(received):
        wrong.append(f"corps modifié ({len(_body(sent))} octets envoyés, {len(_body(received))} lus)")
    return wrong


def header(raw: bytes, name: str) -> list[str]:
    """Every value of a header, unfolded."""
    return [" ".join(str(value).split()) for value in message_from_bytes(raw).get_all(name, [])]


def _body(raw: bytes) -> bytes:
    return raw.partition(b"\r\n\r\n")[2]
