"""Offers events to a collector by RELP over TLS, with a certificate, and tells what came of it, as JSON.

Payload: {"address", "port", "name": that the collector's certificate must bear, "ca": path, "certificate": PEM or path,
"key": PEM or path, "message", "limit_s"}. Prints {"outcome", "detail"}: "accepted" when the collector acknowledged the
event, "refused" when it ended the session instead, "unreachable" when there was no TLS session at all.
"""

from __future__ import annotations

import json
import socket
import ssl
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

OFFER = "relp_version=0\nrelp_software=recette\ncommands=syslog"


def frame(number: int, command: str, data: str) -> bytes:
    """RELP: number, command, length, data, each after a space, then a line feed."""
    body = data.encode()
    return b"%d %s %d" % (number, command.encode(), len(body)) + (b" " + body if body else b"") + b"\n"


def answered(link: ssl.SSLSocket) -> str:
    """The next answer; nothing when the session is over."""
    data = b""
    while not data.endswith(b"\n"):
        more = link.recv(4096)
        if not more:
            return ""
        data += more
    return data.decode(errors="replace")


def file_of(text: str, folder: str) -> str:
    """A path as it is; PEM in a file of its own, since the library reads nothing else."""
    if not text.startswith("-----"):
        return text
    with tempfile.NamedTemporaryFile("w", dir=folder, delete=False, encoding="ascii") as kept:
        kept.write(text)
    return kept.name


def offer(payload: dict[str, Any], folder: str) -> tuple[str, str]:
    """What the collector does with one event."""
    context = ssl.create_default_context(cafile=payload["ca"])
    context.load_cert_chain(*(file_of(payload[name], folder) for name in ("certificate", "key")))
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    event = f"<13>1 {now} {socket.gethostname().split('.')[0]} recette - - - {payload['message']}"
    try:
        raw = socket.create_connection((payload["address"], payload["port"]), payload["limit_s"])
        link = context.wrap_socket(raw, server_hostname=payload["name"])
    except OSError as error:
        # TLS 1.3: the collector judges the certificate after the client believes the handshake over.
        return ("refused" if isinstance(error, ssl.SSLError) else "unreachable"), str(error)
    with link:
        try:
            link.sendall(frame(1, "open", OFFER))
            said = answered(link)
            if " 200 " not in said:
                return "refused", said or "session ended"
            link.sendall(frame(2, "syslog", event))
            said = answered(link)
        except TimeoutError as error:
            return "unreachable", str(error)
        except OSError as error:
            return "refused", str(error)
    return ("accepted" if " 200 " in said else "refused"), said


def main() -> None:
    """Read the payload, offer, print."""
    payload = json.loads(sys.stdin.buffer.readline())
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o700)
        outcome, detail = offer(payload, folder)
    json.dump({"outcome": outcome, "detail": detail.strip()[:200]}, sys.stdout)


if __name__ == "__main__":
    main()
