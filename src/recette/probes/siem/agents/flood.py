"""Hands events to a collector by RELP at a given rate, an alarming one each second, and tells what was taken, as JSON.

Payload: {"address", "port", "tls": {"name", "ca", "certificate", "key"} or null, "rate": events per second, "seconds",
"word"}. The alarming events are sudo's, of command /WORD-0, /WORD-1 and so on. Prints {"taken": events acknowledged by
the collector, "lasted_s": until the last of them, "alarms": how many of them alarm}.
"""

from __future__ import annotations

import json
import socket
import ssl
import sys
import time
from datetime import UTC, datetime
from typing import Any

OFFER = "relp_version=0\nrelp_software=recette\ncommands=syslog"
WINDOW, BATCH = 1024, 128
"""Events that wait for their acknowledgement, and that leave together."""
ORDINARY = "<13>1 {now} {host} recette - - - {word} " + "x" * 120
ALARMING = "<86>1 {now} {host} sudo - - - recette : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/{word}-{rank}"
PATIENCE_S, PAUSE_S = 30.0, 0.005


class Session:
    """A RELP session over one connection."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self.sent = self.acknowledged = 0
        self._send([("open", OFFER)])
        self._link.settimeout(PATIENCE_S)
        # What the collector offers is several lines; the events start once it has said it all.
        said = b""
        while not _is_whole(said):
            said += self._some()
        if b" 200 " not in said:
            raise SystemExit(f"session refused: {said[:100]!r}")

    def events(self, texts: list[str]) -> None:
        """Hand over some events."""
        self._link.settimeout(PATIENCE_S)
        self._send([("syslog", text) for text in texts])

    def hear(self, limit_s: float) -> None:
        """Take in acknowledgements, for at most so long if none comes. Each is one line."""
        self._link.settimeout(limit_s)
        try:
            self.acknowledged += self._some().count(b"\n")
        except TimeoutError:
            return

    @property
    def waiting(self) -> int:
        return self.sent - 1 - self.acknowledged

    def _send(self, frames: list[tuple[str, str]]) -> None:
        data = b""
        for command, text in frames:
            self.sent += 1
            body = text.encode()
            data += b"%d %s %d %s\n" % (self.sent, command.encode(), len(body), body)
        self._link.sendall(data)

    def _some(self) -> bytes:
        data = self._link.recv(65536)
        if not data:
            raise SystemExit("the collector ended the session")
        return data


def _is_whole(said: bytes) -> bool:
    """Whether an answer (number, command, length, data) is all there."""
    parts = said.split(b" ", 3)
    return len(parts) == 4 and len(parts[3]) > int(parts[2])  # noqa: PLR2004 - number, command, length, data


def connected(payload: dict[str, Any]) -> socket.socket:
    """A connection to the collector, encrypted where asked for."""
    raw = socket.create_connection((payload["address"], payload["port"]), PATIENCE_S)
    told = payload["tls"]
    if not told:
        return raw
    context = ssl.create_default_context(cafile=told["ca"])
    context.load_cert_chain(told["certificate"], told["key"])
    return context.wrap_socket(raw, server_hostname=told["name"])


def flood(session: Session, payload: dict[str, Any]) -> dict[str, Any]:
    """As many events as the rate asks for, unless the collector is slower."""
    host, word, seconds = socket.gethostname().split(".")[0], payload["word"], payload["seconds"]
    began_s, alarms, handed = time.monotonic(), 0, 0
    while (elapsed_s := time.monotonic() - began_s) < seconds:
        now = datetime.now(UTC).isoformat()
        room = WINDOW - session.waiting
        count = min(int(elapsed_s * payload["rate"]) - handed, room, BATCH)
        texts = [ORDINARY.format(now=now, host=host, word=word)] * max(0, count)
        if alarms <= elapsed_s and room > 0:
            texts.append(ALARMING.format(now=now, host=host, word=word, rank=alarms))
            alarms += 1
        if texts:
            session.events(texts)
            handed += len(texts)
        if not texts or session.waiting > WINDOW // 2:
            session.hear(PAUSE_S)
    limit_s = time.monotonic() + PATIENCE_S
    while session.waiting and time.monotonic() < limit_s:
        session.hear(PAUSE_S)
    return {"taken": session.acknowledged, "lasted_s": time.monotonic() - began_s, "alarms": alarms}


def main() -> None:
    """Read the payload, flood, print."""
    payload = json.loads(sys.stdin.buffer.readline())
    with connected(payload) as link:
        json.dump(flood(Session(link), payload), sys.stdout)


if __name__ == "__main__":
    main()
