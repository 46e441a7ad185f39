"""Who is on call: a mailbox and a telephone, read from a mark on."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from recette.errors import Inconclusive
from recette.probes.agents import source
from recette.probes.mail import Box
from recette.probes.monitoring.messages import Alert, Notice, from_gateway, from_mail, of_the_siem
from recette.shell import Remote

MESSAGES = "/var/lib/passerelle-sms/messages.jsonl"
TURN_S, CALL_S, MARGIN_S = 1.0, 5.0, 40.0
"""Of each reading: how long something is waited for, and how long a server may take for one answer."""


@dataclass
class OnCall:
    """What was received since `listen`; both ways are read at once, as often as it takes."""

    remote: Remote
    desk: str
    """The workstation from which the mailbox is read."""
    box: Box
    gateway: str
    """The host of the SMS gateway."""
    alerts: list[Alert] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)
    """What is no message of the supervision, or none that can be read as one."""
    _marks: dict[str, int] = field(default_factory=dict)

    def listen(self, since: float | None = None) -> None:
        """Forget what came before now, or before an instant that is past (seconds of the epoch)."""
        self.alerts.clear()
        self.notices.clear()
        self.strays.clear()
        self._marks = {"courriel": self._mail(None, since)["last"], "SMS": self._sms(None, since)["last"]}

    def read(self, *, strict: bool = False) -> None:
        """Bring what came since; waits for a moment when nothing did.

        With `strict`, a mailbox that cannot be read is Inconclusive: otherwise its mails may come later.
        """
        if not self._marks:
            raise Inconclusive("L'astreinte n'était pas à l'écoute")
        with ThreadPoolExecutor(2) as pool:
            asked = {"courriel": pool.submit(self._mail, self._marks["courriel"])}
            asked["SMS"] = pool.submit(self._sms, self._marks["SMS"])
            told = {channel: future.result() for channel, future in asked.items()}
        if strict and told["courriel"]["error"]:
            raise Inconclusive(f"La boîte de l'astreinte ne se lit pas : {told['courriel']['error']}")
        now_s = time.monotonic()
        self._marks = {channel: answer["last"] for channel, answer in told.items()}
        for letter in map(base64.b64decode, told["courriel"]["messages"]):
            self._sort(letter.decode(errors="replace"), from_mail(letter, now_s))
        for line in told["SMS"]["messages"]:
            self._sort(line, from_gateway(line, now_s))

    def _sort(self, text: str, found: Alert | Notice | None) -> None:
        if isinstance(found, Alert):
            self.alerts.append(found)
        elif found:
            self.notices.append(found)
        elif not of_the_siem(text):
            self.strays.append(text)

    def wait(self, wanted: Callable[[], object], limit_s: float) -> bool:
        """Read until what is wanted holds, or the limit is over; whether it held."""
        deadline = time.monotonic() + limit_s
        while not wanted():
            if time.monotonic() >= deadline:
                return False
            self.read()
        return True

    def told(self) -> str:
        """Everything that was received, for the evidence."""
        lines = [f"{alert.channel}\n{alert.text}" for alert in self.alerts]
        lines += [f"veille\n{notice.text}" for notice in self.notices]
        lines += [f"incompris\n{stray}" for stray in self.strays]
        return "\n---\n".join(lines) or "rien"

    def _mail(self, after: int | None, before: float | None = None) -> dict[str, Any]:
        wish = {
            **self.box.door.payload(),
            "login": self.box.login,
            "after": after,
            "before": before,
            "limit_s": TURN_S,
            "call_s": CALL_S,
        }
        told = self.remote.python(self.desk, source("monitoring/inbox"), wish, timeout_s=TURN_S + MARGIN_S)
        if told["error"] and after is None:
            raise Inconclusive(f"La boîte de l'astreinte ne se lit pas : {told['error']}")
        return dict(told)

    def _sms(self, after: int | None, before: float | None = None) -> dict[str, Any]:
        wish = {"path": MESSAGES, "after": after, "before": before, "limit_s": TURN_S}
        return dict(self.remote.python(self.gateway, source("monitoring/gateway"), wish, timeout_s=TURN_S + MARGIN_S))


def of(alerts: Sequence[Alert], **wanted: str) -> list[Alert]:
    """Those of which each attribute that is named has that value."""
    return [alert for alert in alerts if all(getattr(alert, name) == value for name, value in wanted.items())]
