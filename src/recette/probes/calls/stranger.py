"""Somebody who is not known to an exchange, or pretends to be: what he asks, and what he is answered."""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from recette.errors import Inconclusive
from recette.probes.agents import source
from recette.probes.calls.messages import Message
from recette.shell import Remote

ANCHOR = "/etc/ssl/certs/ca-certificates.crt"
Method = Literal["OPTIONS", "REGISTER", "INVITE"]
METHODS: tuple[Method, ...] = ("OPTIONS", "REGISTER", "INVITE")
"""By which an exchange may tell who exists."""
WAIT_S = 3.0
BATCH_LIMIT_S = 300.0
OFFER = (
    "v=0\r\no=- 1 1 IN IP4 {0}\r\ns=-\r\nc=IN IP4 {0}\r\nt=0 0\r\n"
    "m=audio 10090 RTP/{1} 8\r\n{2}a=rtpmap:8 PCMA/8000\r\n"
)
CRYPTO = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{}\r\n"
VARIABLE = (
    (re.compile(r"nonce=\"[^\"]*\"|opaque=\"[^\"]*\"|branch=[^;\s]+|tag=[^;\s]+|received=[^;\s]+|rport=\d+"), ""),
    (re.compile(r"^(Call-ID|Date|CSeq|Expires|Contact): .*$", re.MULTILINE), r"\1"),
    (re.compile(r"\d+\.\d+\.\d+\.\d+(:\d+)?"), ""),
)
"""What changes from an answer to the next, whoever is asked about."""


@dataclass(frozen=True, slots=True)
class Door:
    """Where an exchange is asked, from which address of the host that asks, and the name that it must bear (TLS)."""

    address: str
    target: str
    port: int = 5061
    transport: Literal["udp", "tcp", "tls"] = "tls"
    name: str = ""
    anchor: str = ANCHOR


@dataclass(frozen=True, slots=True)
class Request:
    """A well-formed request. `secret`: user and password with which a challenge is answered, once."""

    method: Literal["OPTIONS", "REGISTER", "INVITE", "SUBSCRIBE", "MESSAGE", "REFER"]
    to: str
    caller: str = "anonymous"
    domain: str = ""
    secret: tuple[str, str] | None = field(default=None, repr=False)
    encrypted: bool = True
    headers: tuple[str, ...] = ()

    def text(self, door: Door) -> bytes:
        domain = self.domain or door.name or door.target
        to = f"sip:{domain}" if self.method == "REGISTER" else f"sip:{self.to}@{domain}"
        body = ""
        if self.method == "INVITE":
            key = base64.b64encode(secrets.token_bytes(30)).decode()
            kind, crypto = ("SAVP", CRYPTO.format(key)) if self.encrypted else ("AVP", "")
            body = OFFER.format(door.address, kind, crypto)
        caller = self.to if self.method == "REGISTER" else self.caller
        lines = [
            f"{self.method} {to} SIP/2.0",
            "Via: VIA;branch=BRANCH;rport",
            "Max-Forwards: 70",
            f"From: <sip:{caller}@{domain}>;tag={secrets.token_hex(6)}",
            f"To: <sip:{self.to}@{domain}>",
            f"Call-ID: {secrets.token_hex(10)}",
            f"CSeq: 1 {self.method}",
            f"Contact: <sip:{caller}@SOURCE;transport={door.transport}>",
            *(["Expires: 60"] if self.method == "REGISTER" else []),
            *self.headers,
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


@dataclass(frozen=True, slots=True)
class Answer:
    """What an exchange answered to one message: everything, in its order. `error` if nothing could be sent or read."""

    messages: tuple[Message, ...]
    texts: tuple[str, ...]
    delays_s: tuple[float, ...]
    error: str

    @property
    def code(self) -> int | None:
        """Of the last answer; None if none came."""
        return self.messages[-1].code if self.messages else None

    @property
    def signature(self) -> str:
        """The answers without what changes at each: equal for two people that nobody can tell apart."""
        return "\n".join(self.texts)

    def __str__(self) -> str:
        return f"{self.code} {self.messages[-1].reason}" if self.messages else self.error or "sans réponse"


def ask(  # noqa: PLR0913 - who asks whom, what, and how fast
    remote: Remote,
    host: str,
    door: Door,
    requests: Sequence[Request | bytes],
    *,
    wait_s: float = WAIT_S,
    gap_s: float = 0.0,
) -> tuple[Answer, ...]:
    """Send requests one after the other over one connection, at most 400; raw bytes leave as they are.

    Inconclusive if the host cannot be asked.
    """
    payload = {
        "address": door.address,
        "target": door.target,
        "port": door.port,
        "transport": door.transport,
        "name": door.name,
        "ca": door.anchor,
        "wait_s": wait_s,
        "gap_s": gap_s,
        "messages": [_message(request, door) for request in requests],
    }
    told = remote.python(host, source("calls/sip"), payload, timeout_s=BATCH_LIMIT_S)
    hidden = [request.to if isinstance(request, Request) else "" for request in requests]
    return tuple(_answer(one, name) for one, name in zip(told, hidden, strict=True))


def guess(  # noqa: PLR0913 - who tries what on whom
    remote: Remote,
    host: str,
    door: Door,
    extension: str,
    passwords: Iterable[str],
    *,
    wait_s: float = WAIT_S,
    gap_s: float = 0.0,
) -> tuple[Answer, ...]:
    """Try passwords on somebody's registration."""
    tries = [Request("REGISTER", extension, secret=(extension, password)) for password in passwords]
    return ask(remote, host, door, tries, wait_s=wait_s, gap_s=gap_s)


def oracle(
    remote: Remote, host: str, door: Door, method: Method, names: tuple[Sequence[str], Sequence[str]]
) -> tuple[frozenset[str], frozenset[str]]:
    """The distinct answers about people who exist, then about people who do not (`names`, in that order).

    Equal if nobody can tell them apart. Inconclusive if the exchange answers nothing at all.
    """
    known, unknown = names
    people = [(who, (who, "wrong") if method == "REGISTER" else None) for who in (*known, *unknown)]
    told = ask(remote, host, door, [Request(method, who, caller=who, secret=secret) for who, secret in people])
    if not any(answer.messages for answer in told):
        raise Inconclusive(f"{host} : {method} sans aucune réponse de {door.target} ({told[0]})")
    answers = [answer.signature or "sans réponse" for answer in told]
    return frozenset(answers[: len(known)]), frozenset(answers[len(known) :])


def _message(request: Request | bytes, door: Door) -> dict[str, Any]:
    text, secret = (request, None) if isinstance(request, bytes) else (request.text(door), request.secret)
    return {"text": base64.b64encode(text).decode(), "secret": secret}


def _answer(told: Mapping[str, Any], hidden: str) -> Answer:
    raw = [text for _, text in told["answers"]]
    return Answer(
        messages=tuple(Message.parse(text, sent=False, at_s=after) for after, text in told["answers"]),
        texts=tuple(_without_variables(text, hidden) for text in raw),
        delays_s=tuple(after for after, _ in told["answers"]),
        error=told["error"],
    )


def _without_variables(text: str, name: str) -> str:
    text = text.replace("\r\n", "\n")
    for pattern, instead in VARIABLE:
        text = pattern.sub(instead, text)
    return re.sub(rf"\b{re.escape(name)}\b", "QUI", text) if name else text
