"""Mails alerts to the people on call, a few together, and goes on trying while the mail service is away.

    astreinte.py ALERTS SETTINGS

The catalogue beside SETTINGS gives the title of each kind.
"""

from __future__ import annotations

import json
import smtplib
import ssl
import sys
import textwrap
import time
from collections.abc import Iterable, Mapping, Sequence
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path
from typing import Any

from suivi import Follower

SEVERITIES = ("info", "low", "medium", "high", "critical")
WORDS = {"info": "information", "low": "faible", "medium": "moyenne", "high": "élevée", "critical": "critique"}
ALWAYS = frozenset({"seal"})
"""Kinds that are mailed whatever their severity: a seal is worth what somebody else remembers of it."""
PORT, LIMIT_S, PAUSE_S = 587, 10.0, 0.2
RETRY_S, LONGEST_RETRY_S = 2.0, 15.0
REPEATED_S = 60.0
"""The same alert is mailed once in that time; the next message says how often it came meanwhile."""
WIDTH = 76
FEW = 5
"""Alerts that are mailed one by one; more at a time make one message."""

Alert = Mapping[str, Any]


class Repetitions:
    """Which alerts were mailed lately, and how many like them were kept back."""

    def __init__(self) -> None:
        self._mailed: dict[tuple[str, ...], float] = {}
        self._kept: dict[tuple[str, ...], int] = {}

    def fresh(self, alerts: Iterable[Alert], now_s: float) -> list[tuple[Alert, int]]:
        """Those to be mailed, each with how many like it were kept back before."""
        found = []
        for alert in alerts:
            key = (alert["kind"], alert["host"], alert["source_ip"], alert["user"], alert["object"])
            if now_s - self._mailed.get(key, -REPEATED_S) < REPEATED_S:
                self._kept[key] = self._kept.get(key, 0) + 1
                continue
            self._mailed[key] = now_s
            found.append((alert, self._kept.pop(key, 0)))
        self._mailed = {key: since for key, since in self._mailed.items() if now_s - since < REPEATED_S}
        return found


def wanted(alert: Alert, least: str) -> bool:
    """Whether an alert is severe enough to be mailed."""
    return alert["kind"] in ALWAYS or SEVERITIES.index(alert["severity"]) >= SEVERITIES.index(least)


def message(
    alerts: Sequence[tuple[Alert, int]], settings: Mapping[str, Any], titles: Mapping[str, str]
) -> EmailMessage:
    """One message for all of them, the most severe first; no line is too long for a mail server."""
    ordered = sorted(alerts, key=lambda each: -SEVERITIES.index(each[0]["severity"]))
    first = ordered[0][0]
    others = f" (et {len(ordered) - 1} autres)" if len(ordered) > 1 else ""
    mail = EmailMessage()
    mail["Subject"] = f"[SIEM] {titles.get(first['kind'], first['kind'])} : {first['host']}{others}"
    mail["From"], mail["To"] = settings["sender"], settings["recipient"]
    mail["Date"] = formatdate()
    mail["Message-ID"] = f"<siem.{first['id']}@{settings['sender'].split('@')[1]}>"
    mail.set_content("\n\n".join(_paragraph(alert, before, titles) for alert, before in ordered) + "\n")
    return mail


def post(mail: EmailMessage, settings: Mapping[str, Any]) -> None:
    """Hand a message to the submission server. Raises OSError, which smtplib's own errors are too."""
    context = ssl.create_default_context(cafile=settings["trust"])
    with smtplib.SMTP(settings["server"], PORT, timeout=LIMIT_S) as server:
        server.starttls(context=context)
        server.login(settings["account"], settings["password"])
        server.send_message(mail)


def _paragraph(alert: Alert, before: int, titles: Mapping[str, str]) -> str:
    told = {
        "Alerte": titles.get(alert["kind"], alert["kind"]),
        "Gravité": WORDS[alert["severity"]],
        "Hôte": alert["host"],
        "Source": alert["source_ip"],
        "Compte": alert["user"],
        "Objet": alert["object"],
        "Technique": ", ".join(alert["mitre"]),
        "Événement": alert["event_at"],
        "Détection": alert["detected_at"],
        "Référence": alert["id"],
        "Répétitions retenues": str(before) if before else "",
    }
    lines = [f"{name} : {value}" for name, value in told.items() if value]
    return "\n".join(textwrap.fill(line, WIDTH, subsequent_indent="  ", break_on_hyphens=False) for line in lines)


def main() -> None:
    """Follow for ever."""
    alerts, settings_path = map(Path, sys.argv[1:3])
    settings = json.loads(settings_path.read_text(encoding="utf-8"))
    catalogue = json.loads(settings_path.with_name("catalogue.json").read_text(encoding="utf-8"))
    titles = {kind: known["title"] for kind, known in catalogue.items()}
    follower, repetitions = Follower(alerts, Path("/var/lib/siem/astreinte.place")), Repetitions()
    while True:
        time.sleep(PAUSE_S)
        if not any(True for _ in follower.lines()):
            continue
        time.sleep(settings["gather_s"])
        read = list(follower.lines())
        made = [json.loads(line) for _, line in read]
        chosen = [alert for alert in made if wanted(alert, settings["severity"])]
        fresh = repetitions.fresh(chosen, time.monotonic())
        for together in [[each] for each in fresh] if len(fresh) <= FEW else [fresh]:
            _post_at_last(message(together, settings, titles), settings)
        follower.acknowledge(read[-1][0])


def _post_at_last(mail: EmailMessage, settings: Mapping[str, Any]) -> None:
    retry_s = RETRY_S
    while True:
        try:
            post(mail, settings)
        except OSError as error:
            sys.stderr.write(f"not posted, next try in {retry_s:g} s: {error}\n")
            time.sleep(retry_s)
            retry_s = min(LONGEST_RETRY_S, 2 * retry_s)
        else:
            return


if __name__ == "__main__":
    main()
