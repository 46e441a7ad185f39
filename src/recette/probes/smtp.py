"""Messages handed over to a mail server from a host of the site or from outside, and every answer to them."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from subprocess import Popen

from recette.errors import Inconclusive
from recette.probes.agents import source
from recette.shell import Remote, finish, whole_lines
from recette.waiting import NotYet, wait_until

NS = 1e9
CONNECT_LIMIT_S = 5.0
REPLY_LIMIT_S = 30.0


class Tls(StrEnum):
    NONE = "none"
    STARTTLS = "starttls"
    IMPLICIT = "implicit"


class Stage(StrEnum):
    """Steps of a dialogue, in their order."""

    CONNECT = "connect"
    HELLO = "hello"
    TLS = "tls"
    LOGIN = "login"
    SENDER = "sender"
    RECIPIENT = "recipient"
    DATA = "data"
    MESSAGE = "message"


class Fate(StrEnum):
    ACCEPTED = "accepted"
    REFUSED = "refused"
    DEFERRED = "deferred"
    LOST = "lost"
    """The server vanished before the message was whole: it cannot have taken it."""
    UNKNOWN = "unknown"
    """The server vanished after the message: it may have taken it."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where to connect and how. `addresses` are tried in turn, as a mail client does.

    `name` is what the certificate must bear, signed by `authority` (a file of the client; the system store if empty);
    without a name no certificate is checked. `only` is the one TLS version offered, as `ssl.TLSVersion` names it.
    """

    addresses: tuple[str, ...]
    port: int = 25
    hello: str = "recette.invalid"
    tls: Tls = Tls.NONE
    name: str = ""
    authority: str = ""
    only: str = ""
    login: str = ""
    password: str = ""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message (raw, with its headers) and where it is to go; the dialogue ends after `last`.

    Addresses are sent as they are, whatever their syntax; an empty sender is that of a bounce.
    """

    id: str
    sender: str
    recipients: tuple[str, ...]
    message: bytes = b""
    last: Stage = Stage.MESSAGE


@dataclass(frozen=True, slots=True)
class Reply:
    """How the dialogue about an envelope ended: the last stage reached and the answer there (code 0: none came).

    `refused` are the recipients refused, with the code and the text. Instants in seconds of CLOCK_MONOTONIC there.
    """

    id: str
    stage: Stage
    code: int
    text: str
    refused: Mapping[str, tuple[int, str]]
    tls: tuple[str, str] | None
    address: str
    begun_s: float
    ended_s: float

    @property
    def duration_s(self) -> float:
        return self.ended_s - self.begun_s

    @property
    def fate(self) -> Fate:
        """What became of the message, or of the last stage asked for."""
        if not self.code:
            return Fate.UNKNOWN if self.stage is Stage.MESSAGE else Fate.LOST
        if self.code < 400:  # noqa: PLR2004 - the first digit of an SMTP code says it all (RFC 5321, 4.2.1)
            return Fate.ACCEPTED
        return Fate.DEFERRED if self.code < 500 else Fate.REFUSED  # noqa: PLR2004 - same

    def __str__(self) -> str:
        return f"{self.stage} : {self.code or 'sans réponse'} {self.text}"


class Sending:
    """A sending under way: replies are read as they come."""

    def __init__(self, process: Popen[bytes], host: str, expected: int) -> None:
        self.host = host
        self.expected = expected
        self._process = process
        self._replies: list[Reply] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def replies(self) -> tuple[Reply, ...]:
        return tuple(self._replies)

    def wait(self, limit_s: float, count: int | None = None) -> tuple[Reply, ...]:
        """The replies once `count` of them came (all by default); `Inconclusive` after `limit_s` seconds."""
        wanted = self.expected if count is None else count

        def told() -> bool | NotYet:
            done = len(self._replies)
            return done >= wanted or not self._reader.is_alive() or NotYet(f"{done} dialogues sur {wanted}")

        wait_until(told, limit_s, f"{self.host} : fin des dialogues SMTP")
        if len(self._replies) < wanted:
            raise Inconclusive(f"{self.host} : la sonde SMTP s'est arrêtée ({self.stop()})")
        return self.replies

    def stop(self) -> str:
        """Ends it; what is under way is given up. Returns the last line of its error output."""
        return finish(self._process, reader=self._reader)

    def _read(self) -> None:
        for line in whole_lines(self._process):
            self._replies.append(parse(line))


@contextmanager
def sending(  # noqa: PLR0913 - the options of a sending, each with the value that fits most
    remote: Remote,
    host: str,
    server: Server,
    envelopes: Iterable[Envelope],
    *,
    at_once: int = 1,
    per_connection: int = 1,
    pace: float = 0.0,
    connect_s: float = CONNECT_LIMIT_S,
    reply_s: float = REPLY_LIMIT_S,
) -> Iterator[Sending]:
    """Hands envelopes over from `host`, in the background; ends with the block.

    `at_once` sessions side by side, each for `per_connection` envelopes; `pace` envelopes a second, 0 for no bound.
    """
    listed = [
        [one.id, one.sender, list(one.recipients), base64.b64encode(one.message).decode("ascii"), one.last]
        for one in envelopes
    ]
    payload = {
        "server": asdict(server),
        "envelopes": listed,
        "at_once": min(at_once, len(listed)),
        "per_connection": per_connection,
        "pace": pace,
        "connect_s": connect_s,
        "reply_s": reply_s,
    }
    under_way = Sending(remote.popen_python(host, source("smtp_client"), payload), host, len(listed))
    try:
        yield under_way
    finally:
        under_way.stop()


def send(  # noqa: PLR0913 - same
    remote: Remote,
    host: str,
    server: Server,
    envelopes: Iterable[Envelope],
    *,
    at_once: int = 1,
    limit_s: float = 60.0,
) -> dict[str, Reply]:
    """Hands envelopes over and waits for every answer; replies by identifier."""
    with sending(remote, host, server, envelopes, at_once=at_once) as under_way:
        return {reply.id: reply for reply in under_way.wait(limit_s)}


def parse(line: bytes) -> Reply:
    """A line of the agent."""
    name, stage, code, text, refused, tls, address, begun, ended = json.loads(line)
    return Reply(
        id=name,
        stage=Stage(stage),
        code=code,
        text=text,
        refused={recipient: (answer[0], answer[1]) for recipient, answer in refused.items()},
        tls=(tls[0], tls[1]) if tls else None,
        address=address,
        begun_s=begun / NS,
        ended_s=ended / NS,
    )
