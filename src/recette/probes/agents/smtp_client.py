"""Speaks SMTP as a client or as another relay: hands messages over, or stops on the way, and tells every answer.

Payload: {"server": {"addresses": […], "port", "hello", "tls": "none" | "starttls" | "implicit", "name", "authority",
"only": TLS version or "", "login", "password"}, "envelopes": [[id, sender, [recipients], message in base64, last
stage], …], "at_once", "per_connection", "pace" (envelopes a second, 0 for no bound), "connect_s", "reply_s"}.

Addresses are tried in turn, as a mail client does. `name` is checked in the certificate against `authority` (a file,
or "" for the system store); without it nothing is checked. Addresses of the envelope are sent as they are, whatever
their syntax. Prints one JSON line for each envelope, as soon as its fate is known: [id, stage, code, text, refused
recipients {address: [code, text]}, [TLS version, cipher] or null, address, begun, ended], instants in nanoseconds of
CLOCK_MONOTONIC.

The stage is the last one that was reached: connect, tls, hello, login, sender, recipient, data, message. The code is
the answer there, 0 when none came: the text is then the error. Stops when stdin closes.
"""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import os
import queue
import re
import smtplib
import socket
import ssl
import sys
import threading
import time
from typing import Any

MESSAGE_END = b".\r\n"
SERVICE_CLOSING = 421
CLOSE_S = 1.0  # a server that does not answer QUIT is left
POSITIVE = range(200, 400)
LOST = (OSError, smtplib.SMTPException, EOFError)


class Stopped(Exception):  # noqa: N818 - the dialogue ended, which is not an error
    """The stage answered by a refusal, or by nothing (code 0)."""

    def __init__(self, stage: str, code: int, text: str) -> None:
        super().__init__(text)
        self.stage, self.code, self.text = stage, code, text


class Session:
    """One connection, ready for envelopes."""

    def __init__(self, server: dict[str, Any], connect_s: float, reply_s: float) -> None:
        self.tls: list[str] | None = None
        self.used = 0
        self.smtp, self.address = _connect(server, connect_s)
        self._sock.settimeout(reply_s)
        if server["tls"] == "starttls":
            self._ask("hello", "EHLO", server["hello"])
            self._ask("tls", "STARTTLS", "")
            self._secure(server)
        if isinstance(self.smtp.sock, ssl.SSLSocket):
            self.tls = [str(self.smtp.sock.version()), (self.smtp.sock.cipher() or ("",))[0]]
        try:
            code, text = self.smtp.ehlo(server["hello"])
        except LOST as error:
            raise Stopped("hello", 0, _told(error)) from error
        _judge("hello", code, text)
        if server["login"]:
            self._login(server["login"], server["password"])

    @property
    def _sock(self) -> socket.socket:
        if self.smtp.sock is None:
            raise OSError("connexion fermée")
        return self.smtp.sock

    def _ask(self, stage: str, command: str, argument: str) -> tuple[int, str]:
        """One command and its answer. Raises Stopped unless the answer is positive."""
        try:
            code, text = self.smtp.docmd(command, argument)
        except LOST as error:
            raise Stopped(stage, 0, _told(error)) from error
        return _judge(stage, code, text)

    def _secure(self, server: dict[str, Any]) -> None:
        try:
            self.smtp.sock = _context(server).wrap_socket(self._sock, server_hostname=server["name"] or None)
        except (OSError, ValueError) as error:
            raise Stopped("tls", 0, _told(error)) from error
        self.smtp.file = None

    def _login(self, login: str, password: str) -> None:
        """PLAIN, in one command; the server must offer it."""
        if "auth" not in self.smtp.esmtp_features:
            raise Stopped("login", 0, "AUTH n'est pas proposé")
        token = base64.b64encode(f"\0{login}\0{password}".encode()).decode()
        self._ask("login", "AUTH", f"PLAIN {token}")

    def deliver(self, envelope: list[Any], refused: dict[str, list[Any]]) -> tuple[str, int, str]:
        """Go to the last stage of the envelope; returns it with its answer. Raises Stopped."""
        _, sender, recipients, message, last = envelope
        self.used += 1
        answer = self._ask("sender", "MAIL", f"FROM:<{sender}>")
        if last == "sender":
            return "sender", *answer
        for recipient in recipients:
            try:
                answer = self._ask("recipient", "RCPT", f"TO:<{recipient}>")
            except Stopped as stop:
                refused[recipient] = [stop.code, stop.text]
                if not stop.code or len(refused) == len(recipients):
                    raise
        if last == "recipient":
            return "recipient", *answer
        answer = self._ask("data", "DATA", "")
        if last == "data":  # an unfinished message can only be given up with the connection
            self.close()
            return "data", *answer
        try:
            self.smtp.send(_on_the_wire(base64.b64decode(message)))
            code, text = self.smtp.getreply()
        except LOST as error:
            raise Stopped("message", 0, _told(error)) from error
        return "message", *_judge("message", code, text)

    def reset(self) -> bool:
        """Make the session ready for the next envelope; False if it is lost."""
        try:
            return self.smtp.docmd("RSET")[0] in POSITIVE
        except LOST:
            return False

    def close(self) -> None:
        with contextlib.suppress(*LOST):
            self._sock.settimeout(CLOSE_S)
            self.smtp.quit()
        self.smtp.close()


def _connect(server: dict[str, Any], connect_s: float) -> tuple[smtplib.SMTP, str]:
    """The greeting of the first address that gives one. Raises Stopped with the last refusal."""
    stop = Stopped("connect", 0, "aucune adresse")
    for address in server["addresses"]:
        smtp: smtplib.SMTP = smtplib.SMTP(timeout=connect_s, local_hostname=server["hello"])
        if server["tls"] == "implicit":
            smtp = smtplib.SMTP_SSL(timeout=connect_s, local_hostname=server["hello"], context=_context(server))
            smtp._host = server["name"]  # type: ignore[attr-defined] # noqa: SLF001 - the name that it verifies
        try:
            code, text = smtp.connect(address, server["port"])
            _judge("connect", code, text)
        except ssl.SSLError as error:
            stop = Stopped("tls", 0, _told(error))
        except LOST as error:
            stop = Stopped("connect", 0, _told(error))
        except Stopped as refusal:
            stop = refusal
        else:
            return smtp, address
        smtp.close()
    raise stop


def _context(server: dict[str, Any]) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=server["authority"] or None)
    if not server["name"]:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if server["only"]:
        # Old versions are tried on purpose: the local policy must not be the one that refuses them.
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = ssl.TLSVersion[server["only"]]
    return context


def _judge(stage: str, code: int, text: bytes) -> tuple[int, str]:
    said = text.decode(errors="replace")
    if code not in POSITIVE:
        raise Stopped(stage, max(code, 0), said)
    return code, said


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _on_the_wire(message: bytes) -> bytes:
    """The message with the ends of line of SMTP and its leading dots doubled, then the end of the message."""
    lines = re.sub(rb"(?m)^\.", b"..", re.sub(rb"\r?\n", b"\r\n", message))
    return lines + (b"" if lines.endswith(b"\r\n") else b"\r\n") + MESSAGE_END


class Sender:
    """Several sessions side by side that share the envelopes."""

    def __init__(self, payload: dict[str, Any]) -> None:
        self.payload = payload
        self.waiting: queue.SimpleQueue[tuple[int, list[Any]]] = queue.SimpleQueue()
        for numbered in enumerate(payload["envelopes"]):
            self.waiting.put(numbered)
        self.start = time.monotonic()
        self.printing = threading.Lock()
        self.pause = threading.Event()

    def run(self) -> None:
        workers = [threading.Thread(target=self._work, daemon=True) for _ in range(self.payload["at_once"])]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    def _work(self) -> None:
        session: Session | None = None
        for _ in itertools.count():
            try:
                number, envelope = self.waiting.get_nowait()
            except queue.Empty:
                break
            if self.payload["pace"]:
                self.pause.wait(self.start + number / self.payload["pace"] - time.monotonic())
            session = self._one(session, envelope)
        if session:
            session.close()

    def _one(self, session: Session | None, envelope: list[Any]) -> Session | None:
        """Tell the fate of an envelope; returns the session if it may serve again."""
        begun, refused, usable = time.monotonic_ns(), {}, True  # type: int, dict[str, list[Any]], bool
        try:
            if session is None:
                session = Session(self.payload["server"], self.payload["connect_s"], self.payload["reply_s"])
            stage, code, text = session.deliver(envelope, refused)
            usable = stage != "data"
        except Stopped as stop:
            stage, code, text = stop.stage, stop.code, stop.text
            usable = code not in (0, SERVICE_CLOSING)
        ended = time.monotonic_ns()
        tls, address = (session.tls, session.address) if session else (None, "")
        line = json.dumps([envelope[0], stage, code, text, refused, tls, address, begun, ended])
        with self.printing:
            sys.stdout.write(line + "\n")
            sys.stdout.flush()
        if session is None:
            return None
        if usable and session.used < self.payload["per_connection"] and (stage == "message" or session.reset()):
            return session
        session.close()
        return None


def _end_with_stdin() -> None:
    while os.read(0, 65536):
        pass
    os._exit(0)


def main() -> None:
    payload = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    Sender(payload).run()


if __name__ == "__main__":
    main()
