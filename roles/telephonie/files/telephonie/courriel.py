"""Sends the voice messages that telephonie-courriel has kept, until the mail server has taken them."""

from __future__ import annotations

import email
import email.policy
import smtplib
import ssl
import time
from pathlib import Path
from typing import Any

from telephonie.central import STATE, log

FOLDER = STATE / "courriel"
LOOK_S, RETRY_S, TIMEOUT_S = 1.0, 15.0, 20.0
DROPPED_AFTER_S = 5 * 24 * 3600.0
"""As long as a mail server tries; the message stays in the box in any case."""


def send(settings: dict[str, Any]) -> None:
    """Send what comes, for ever. What the server does not take is tried again, and so is a server that is silent."""
    refused: dict[Path, float] = {}
    while True:
        for message in sorted(FOLDER.glob(".*.eml")):
            if time.monotonic() < refused.get(message, 0.0):
                continue
            try:
                _submit(message.read_bytes(), settings)
            except (OSError, smtplib.SMTPException) as error:
                refused[message] = time.monotonic() + RETRY_S
                log(f"mail: {message.name} is kept, tried again in {RETRY_S:.0f} s: {error}")
                if time.time() - message.stat().st_mtime < DROPPED_AFTER_S:
                    continue
                log(f"mail: {message.name} is dropped: too old")
            message.unlink()
            refused.pop(message, None)
        time.sleep(LOOK_S)


def _submit(content: bytes, settings: dict[str, Any]) -> None:
    """Hand a message over to the first server that answers. Raises OSError (no server) or SMTPException (refused)."""
    mail = settings["mail"]
    message = email.message_from_bytes(content, policy=email.policy.SMTP)
    recipients = [address.addr_spec for address in message["To"].addresses]
    context = ssl.create_default_context(cafile=settings["trust"])
    failed: OSError | None = None
    for server in mail["servers"]:
        try:
            with smtplib.SMTP(server, 587, timeout=TIMEOUT_S) as session:
                session.starttls(context=context)
                session.login(mail["account"], mail["password"])
                session.sendmail(mail["sender"], recipients, message.as_bytes())
        except smtplib.SMTPResponseException:
            raise
        except OSError as error:
            failed = error
            continue
        log(f"mail: sent to {', '.join(recipients)} by {server}")
        return
    raise failed or OSError("no mail server is declared")
