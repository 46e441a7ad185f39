"""Posts numbered messages at a steady rate, and says what became of each as soon as it is known.

Payload: {"addresses", "port", "tls": "none"|"implicit", "name", "ca", "helo", "writers": [[user, password, address],
...], "recipients": [...], "prefix", "domain", "count", "rate", "workers", "lines", "call_s", "patience_s"}. A writer
without user posts without logging on.

A message that no server took (connection refused, reply 4xx or 5xx, session lost before its last line) is posted again
under the same identifier, at the next address, for `patience_s`. One whose session is lost after its last line is
"uncertain": the server may have it, so it is never posted again.

Prints [number, message id, recipient, fate, due_s, settled_s, address, tries, reply] by the monotonic clock, fate being
"accepted", "uncertain" or "refused". Ends when all are settled, or when stdin is closed.
"""

from __future__ import annotations

import contextlib
import json
import queue
import smtplib
import ssl
import sys
import threading
import time
from typing import Any

PER_SESSION = 20
PAUSE_S = 0.2


class Uncertain(Exception):  # noqa: N818 - not known to be an error
    """The session was lost after the last line of the message."""


class Named(smtplib.SMTP):
    """A connection encrypted from the start if asked, whose certificate is checked against a name, not an address."""

    def __init__(self, wish: dict[str, Any]) -> None:
        self.wish = wish
        super().__init__(local_hostname=wish["helo"], timeout=wish["call_s"])

    def _get_socket(self, host: str, port: int, timeout: float) -> Any:
        plain = super()._get_socket(host, port, timeout)  # type: ignore[misc] # the hook that SMTP_SSL uses
        if self.wish["tls"] != "implicit":
            return plain
        context = ssl.create_default_context(cafile=self.wish["ca"])
        return context.wrap_socket(plain, server_hostname=self.wish["name"])


class Worker(threading.Thread):
    """One mail program: keeps a session open for some messages, and turns to the next address when one fails."""

    def __init__(self, wish: dict[str, Any], work: queue.Queue[tuple[int, float] | None], rank: int) -> None:
        super().__init__(daemon=True)
        self.wish, self.work = wish, work
        self.writer = wish["writers"][rank % len(wish["writers"])]
        self.link: smtplib.SMTP | None = None
        self.turn = rank
        self.used = 0

    def run(self) -> None:
        while (item := self.work.get()) is not None:
            self.post(*item)
        self.drop()

    def post(self, number: int, due_s: float) -> None:
        recipient = self.wish["recipients"][number % len(self.wish["recipients"])]
        identifier = f"<{self.wish['prefix']}{number:05d}@{self.wish['domain']}>"
        fate, reply, tries = "refused", "", 0
        deadline = time.monotonic() + self.wish["patience_s"]
        while fate == "refused" and time.monotonic() < deadline:
            tries += 1
            try:
                fate, reply = "accepted", self.once(number, identifier, recipient)
            except Uncertain as lost:
                fate, reply = "uncertain", str(lost)
            except (OSError, smtplib.SMTPException) as error:
                reply = f"{type(error).__name__}: {error}"
            if fate != "accepted":
                self.drop()
                self.turn += 1
            if fate == "refused":
                time.sleep(PAUSE_S)
        tell([number, identifier, recipient, fate, due_s, time.monotonic(), self.address, tries, reply])

    @property
    def address(self) -> str:
        return str(self.wish["addresses"][self.turn % len(self.wish["addresses"])])

    def once(self, number: int, identifier: str, recipient: str) -> str:
        link = self.link or self.open()
        for command in (f"MAIL FROM:<{self.writer[2]}>", f"RCPT TO:<{recipient}>"):
            code, text = link.docmd(command)
            if code not in (250, 251):
                raise smtplib.SMTPResponseException(code, text)
        code, text = link.docmd("DATA")
        if code != 354:  # noqa: PLR2004 - go ahead
            raise smtplib.SMTPResponseException(code, text)
        message = self.message(number, identifier, recipient)
        link.send(message[:-5])
        try:
            link.send(message[-5:])
            code, text = link.getreply()
        except (OSError, smtplib.SMTPException) as error:
            raise Uncertain(f"{type(error).__name__}: {error}") from error
        if code != 250:  # noqa: PLR2004 - the server has it
            raise smtplib.SMTPResponseException(code, text)
        self.used += 1
        if self.used >= PER_SESSION:
            self.drop()
        return f"{code} {text.decode('utf-8', 'replace')}"

    def message(self, number: int, identifier: str, recipient: str) -> bytes:
        lines = [
            f"From: <{self.writer[2]}>",
            f"To: <{recipient}>",
            f"Subject: {self.wish['prefix']}{number:05d}",
            f"Message-ID: {identifier}",
            f"Date: {time.strftime('%a, %d %b %Y %H:%M:%S +0000', time.gmtime())}",
            "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=us-ascii",
            "",
            *(f"Ligne {n} du message {number}." for n in range(self.wish["lines"])),
            ".",
            "",
        ]
        return "\r\n".join(lines).encode("ascii")

    def open(self) -> smtplib.SMTP:
        link = Named(self.wish)
        try:
            code, text = link.connect(self.address, self.wish["port"])
            if code != 220:  # noqa: PLR2004 - at your service
                raise smtplib.SMTPConnectError(code, text)
            link.ehlo()
            if self.writer[0]:
                link.login(self.writer[0], self.writer[1])
        except (OSError, smtplib.SMTPException):
            link.close()
            raise
        self.link, self.used = link, 0
        return link

    def drop(self) -> None:
        if self.link is not None:
            with contextlib.suppress(OSError, smtplib.SMTPException):  # the server may be gone
                self.link.quit()
            self.link.close()
            self.link = None


LOCK = threading.Lock()


def tell(row: list[Any]) -> None:
    with LOCK:
        sys.stdout.write(json.dumps(row) + "\n")
        sys.stdout.flush()


def watch_stdin(stop: threading.Event) -> None:
    sys.stdin.buffer.read()
    stop.set()


def main() -> None:
    wish = json.loads(sys.stdin.buffer.readline())
    stop = threading.Event()
    threading.Thread(target=watch_stdin, args=[stop], daemon=True).start()
    work: queue.Queue[tuple[int, float] | None] = queue.Queue()
    workers = [Worker(wish, work, rank) for rank in range(wish["workers"])]
    for worker in workers:
        worker.start()
    start = time.monotonic()
    for number in range(wish["count"]):
        due_s = start + number / wish["rate"]
        if stop.wait(max(0.0, due_s - time.monotonic())):
            break
        work.put((number, due_s))
    for _ in workers:
        work.put(None)
    for worker in workers:
        worker.join()


if __name__ == "__main__":
    main()
