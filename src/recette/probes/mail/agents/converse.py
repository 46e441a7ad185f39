"""Holds SMTP dialogues, a few side by side, and prints what was said, as JSON.

Payload: {"dialogues": [{"addresses": [...], "port", "tls": "none"|"starttls"|"implicit", "name", "ca", "helo",
"login": [user, password] | null, "commands": [line, ...], "data": base64 | null, "limit_s"}]}. `commands` are sent as
they are, each whatever became of the one before; the message is sent only if each of them was accepted.

Answer, for each: {"address", "said": [[command, code, text], ...], "error", "tls", "begun_s", "ended_s"}, instants
by the monotonic clock. `error` tells what broke the dialogue; `address` the one that answered, or null.
"""

from __future__ import annotations

import base64
import json
import smtplib
import ssl
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

ACCEPTED = range(200, 300)
SIDE_BY_SIDE = 4


class Dialogue:
    """One connection; every reply is kept."""

    def __init__(self, wish: dict[str, Any]) -> None:
        self.wish = wish
        self.said: list[tuple[str, int, str]] = []
        self.error: str | None = None
        self.address: str | None = None
        self.tls: str | None = None

    def hold(self) -> dict[str, Any]:
        begun_s = time.monotonic()
        try:
            with self.connect() as link:
                if self.open(link):
                    self.talk(link)
        except (OSError, smtplib.SMTPException) as error:
            self.error = f"{type(error).__name__}: {error}"
        return {
            "address": self.address,
            "said": self.said,
            "error": self.error,
            "tls": self.tls,
            "begun_s": begun_s,
            "ended_s": time.monotonic(),
        }

    def connect(self) -> smtplib.SMTP:
        """To the first address that answers, as a mail program does. Raises OSError if none does."""
        failure: OSError = OSError("no address to call")
        for address in self.wish["addresses"]:
            try:
                link = self.greeted(address)
            except OSError as error:
                failure = error
                continue
            self.address = address
            return link
        raise failure

    def greeted(self, address: str) -> smtplib.SMTP:
        wish = self.wish
        link = Named(wish, timeout=wish["limit_s"])
        code, text = link.connect(address, wish["port"])
        self.keep("connexion", code, text)
        if wish["tls"] == "implicit" and isinstance(link.sock, ssl.SSLSocket):
            self.tls = link.sock.version()
        return link

    def open(self, link: smtplib.SMTP) -> bool:
        """Greet, encrypt and log on as asked; False if the server refused one of these."""
        if not self.say(link, f"EHLO {self.wish['helo']}"):
            return False
        if self.wish["tls"] == "starttls" and link.sock:
            if not self.say(link, "STARTTLS"):
                return False
            secured = context(self.wish).wrap_socket(link.sock, server_hostname=self.wish["name"])
            link.sock, link.file = secured, None
            self.tls = secured.version()
            self.say(link, f"EHLO {self.wish['helo']}")
        if self.wish["login"] is None:
            return True
        user, password = self.wish["login"]
        return self.say(link, "AUTH PLAIN", base64.b64encode(f"\0{user}\0{password}".encode()).decode())

    def talk(self, link: smtplib.SMTP) -> None:
        accepted = [self.say(link, command) for command in self.wish["commands"]]
        if self.wish["data"] is not None and all(accepted):
            code, text = link.data(base64.b64decode(self.wish["data"]))
            self.keep("DATA", code, text)
        link.quit()

    def say(self, link: smtplib.SMTP, command: str, secret: str = "") -> bool:
        code, text = link.docmd(command, secret)
        self.keep(command, code, text)
        return code in ACCEPTED

    def keep(self, command: str, code: int, text: bytes) -> None:
        self.said.append((command, code, text.decode("utf-8", "replace")))


class Named(smtplib.SMTP):
    """A connection encrypted from the start if asked, whose certificate is checked against a name, not an address."""

    def __init__(self, wish: dict[str, Any], timeout: float) -> None:
        self.wish = wish
        super().__init__(local_hostname=wish["helo"], timeout=timeout)

    def _get_socket(self, host: str, port: int, timeout: float) -> Any:
        plain = super()._get_socket(host, port, timeout)  # type: ignore[misc] # the hook that SMTP_SSL uses
        if self.wish["tls"] != "implicit":
            return plain
        return context(self.wish).wrap_socket(plain, server_hostname=self.wish["name"])


def context(wish: dict[str, Any]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=wish["ca"])


def main() -> None:
    dialogues = [Dialogue(wish) for wish in json.loads(sys.stdin.buffer.readline())["dialogues"]]
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        sys.stdout.write(json.dumps(list(pool.map(Dialogue.hold, dialogues))))


if __name__ == "__main__":
    main()
