"""SIP messages sent as they are, however wrong, and whatever is answered.

Payload: {"address", "target", "port", "transport": "udp", "tcp" or "tls", "name", "ca", "wait_s", "gap_s", "messages"}.
A message is {"text": base64, "secret": [user, password] or null}; VIA, BRANCH and SOURCE in it stand for where it
leaves from. With a secret, a challenge is answered once. Prints for each message, in their order, {"answers":
[[seconds since it was sent, text]...], "error": why nothing came, or ""}.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import select
import socket
import ssl
import sys
import time
from typing import Any

MAX_MESSAGES, MAX_WAIT_S, MAX_S = 400, 10.0, 240.0
LARGEST = 65_535
CHALLENGE = re.compile(r"^(WWW|Proxy)-Authenticate:\s*Digest (.*)$", re.MULTILINE | re.IGNORECASE)
FINAL = re.compile(r"^SIP/2\.0 [2-6]")


class Line:
    """One way to the server: a socket of its own, opened again when the server closes it."""

    def __init__(self, wish: dict[str, Any]) -> None:
        self.wish = wish
        self.transport = wish["transport"]
        self.socket: socket.socket | None = None

    def open(self) -> socket.socket:
        if self.socket:
            return self.socket
        wish, peer = self.wish, (self.wish["target"], self.wish["port"])
        if self.transport == "udp":
            made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            made.bind((wish["address"], 0))
            made.connect(peer)
        else:
            made = socket.create_connection(peer, wish["wait_s"], (wish["address"], 0))
            if self.transport == "tls":
                context = ssl.create_default_context(cafile=wish["ca"])
                made = context.wrap_socket(made, server_hostname=wish["name"])
        self.socket = made
        return made

    def close(self) -> None:
        if self.socket:
            self.socket.close()
            self.socket = None

    def exchange(self, text: bytes) -> tuple[list[tuple[float, str]], str]:
        """Send, and wait for a final answer or for the time allowed."""
        try:
            door = self.open()
            began = time.monotonic()
            door.sendall(text)
            return self._answers(door, began), ""
        except OSError as error:
            self.close()
            return [], f"{type(error).__name__}: {error}"

    def _answers(self, door: socket.socket, began: float) -> list[tuple[float, str]]:
        answers: list[tuple[float, str]] = []
        rest = b""
        while (left := began + self.wish["wait_s"] - time.monotonic()) > 0:
            pending = isinstance(door, ssl.SSLSocket) and door.pending()
            if not pending and not select.select([door], [], [], left)[0]:
                break
            data = door.recv(LARGEST)
            if not data:
                self.close()
                break
            rest += data
            while (found := whole(rest, datagram=self.transport == "udp")) is not None:
                message, rest = found
                answers.append((time.monotonic() - began, message.decode(errors="replace")))
            if any(FINAL.match(answer) for _, answer in answers):
                break
        return answers


def whole(data: bytes, *, datagram: bool) -> tuple[bytes, bytes] | None:
    """The first complete message of a stream, and what follows it."""
    data = data.lstrip(b"\r\n")
    if datagram:
        return (data, b"") if data else None
    head, end, body = data.partition(b"\r\n\r\n")
    if not end:
        return None
    told = re.search(rb"^(?:Content-Length|l)\s*:\s*(\d+)", head, re.MULTILINE | re.IGNORECASE)
    size = int(told[1]) if told else 0
    return (head + end + body[:size], body[size:]) if len(body) >= size else None


def placed(text: bytes, line: Line) -> bytes:
    """A message as it leaves from here."""
    here, port = line.open().getsockname()[:2]
    via = f"SIP/2.0/{line.transport.upper()} {here}:{port}".encode()
    branch = f"z9hG4bK{secrets.token_hex(8)}".encode()
    return text.replace(b"VIA", via).replace(b"BRANCH", branch).replace(b"SOURCE", f"{here}:{port}".encode())


def answered(text: bytes, challenge: str, secret: list[str]) -> bytes | None:
    """The same request with what the challenge asks for (RFC 3261, 22; RFC 8760)."""
    found = CHALLENGE.search(challenge)
    if not found:
        return None
    asked = {
        name.lower(): quoted or bare for name, quoted, bare in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', found[2])
    }
    name = asked.get("algorithm", "MD5").upper()
    algorithm = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}.get(name)
    if algorithm is None:
        return None

    def digest(*parts: str) -> str:
        return algorithm(":".join(parts).encode()).hexdigest()

    method, uri = text.decode(errors="replace").split(" ", 2)[:2]
    own, once = secrets.token_hex(8), "00000001"
    known = digest(secret[0], asked["realm"], secret[1])
    nonce, quality = asked["nonce"], "auth" if "auth" in asked.get("qop", "") else ""
    parts = (known, nonce, once, own, quality) if quality else (known, nonce)
    response = digest(*parts, digest(method, uri))
    extra = f', qop=auth, nc={once}, cnonce="{own}"' if quality else ""
    opaque = f', opaque="{asked["opaque"]}"' if "opaque" in asked else ""
    header = "Authorization" if found[1].lower() == "www" else "Proxy-Authorization"
    proof = (
        f'{header}: Digest username="{secret[0]}", realm="{asked["realm"]}", nonce="{nonce}", uri="{uri}", '
        f'response="{response}", algorithm={name}{extra}{opaque}\r\n'
    )
    again = re.sub(rb"CSeq: (\d+)", lambda m: b"CSeq: %d" % (int(m[1]) + 1), text, count=1)
    return again.replace(b"\r\nContent-Length", b"\r\n" + proof.encode() + b"Content-Length", 1)


def acknowledged(text: bytes, answer: str) -> bytes | None:
    """The ACK that ends a refused invitation, so that the server does not say it again."""
    if not text.startswith(b"INVITE ") or not re.match(r"SIP/2\.0 [3-6]", answer):
        return None
    head = text.partition(b"\r\n\r\n")[0]
    told = re.search(r"^To:.*$", answer, re.MULTILINE | re.IGNORECASE)
    kept = [line for line in head.split(b"\r\n")[1:] if line.split(b":")[0] in {b"Via", b"From", b"Call-ID", b"CSeq"}]
    lines = [b"ACK " + head.split(b" ", 2)[1] + b" SIP/2.0", *(line.replace(b" INVITE", b" ACK") for line in kept)]
    return b"\r\n".join([*lines, told[0].strip().encode() if told else b"", b"Content-Length: 0", b"", b""])


def one(line: Line, message: dict[str, Any]) -> dict[str, Any]:
    try:
        text = placed(base64.b64decode(message["text"]), line)
    except OSError as error:
        line.close()
        return {"answers": [], "error": f"{type(error).__name__}: {error}"}
    answers, fault = line.exchange(text)
    if answers and message["secret"]:
        again = answered(text, answers[-1][1], message["secret"])
        if again:
            finish(line, text, answers)
            text = placed(re.sub(rb"z9hG4bK[0-9a-f]+", b"BRANCH", again, count=1), line)
            more, fault = line.exchange(text)
            answers += more
    finish(line, text, answers)
    return {"answers": answers, "error": fault}


def finish(line: Line, text: bytes, answers: list[tuple[float, str]]) -> None:
    last = acknowledged(text, answers[-1][1]) if answers else None
    if last and line.socket:
        line.socket.sendall(last)


def main() -> None:
    wish = json.loads(sys.stdin.buffer.readline())
    if len(wish["messages"]) > MAX_MESSAGES or wish["wait_s"] > MAX_WAIT_S:
        raise SystemExit(f"at most {MAX_MESSAGES} messages, {MAX_WAIT_S:g} s each")
    line, told, end = Line(wish), [], time.monotonic() + MAX_S
    for message in wish["messages"]:
        if time.monotonic() > end:
            told.append({"answers": [], "error": "out of time"})
            continue
        told.append(one(line, message))
        time.sleep(wish["gap_s"])
    line.close()
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
