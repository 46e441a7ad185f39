"""The SMTP client against a scripted server on the loopback: each stage, each fate."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from recette.errors import Inconclusive
from recette.probes.smtp import Envelope, Fate, Reply, Server, Stage, Tls, send, sending
from recette.shell import Remote

HERE = "127.0.0.1"
MESSAGE = "Subject: été\n\n.point\nfin".encode()
ANSWERS = {
    b"EHLO": b"250-mx\r\n250 AUTH PLAIN",
    b"AUTH": b"235 bonjour",
    b"MAIL": b"250 ok",
    b"RCPT": b"250 ok",
    b"DATA": b"354 vas-y",
    b".": b"250 pris",
    b"RSET": b"250 ok",
    b"QUIT": b"221 adieu",
}


class Local(Remote):
    def command(self, host: str, script: str) -> list[str]:
        del host
        return ["/bin/sh", "-c", script]


class Scripted:
    """Answers by the first word of a command, in the order given when there are several; b"" hangs up."""

    def __init__(self, greeting: bytes, answers: dict[bytes, list[bytes]]) -> None:
        self.greeting, self.answers = greeting, answers
        self.heard: list[bytes] = []
        self.socket = socket.create_server((HERE, 0))
        self.port: int = self.socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            # A client that refuses what it is told may reset the connection.
            with suppress(ConnectionResetError), connection, connection.makefile("rb") as lines:
                connection.sendall(self.greeting + b"\r\n")
                self._talk(connection, lines)

    def _talk(self, connection: socket.socket, lines: Iterator[bytes]) -> None:
        message = False
        for line in lines:
            self.heard.append(line)
            word = line.rstrip().split(b" ")[0].upper()
            if message and word != b".":
                continue
            several = self.answers.get(word)
            answer = several.pop(0) if several else ANSWERS.get(word, b"500 ?")
            message = word == b"DATA" and answer.startswith(b"354")
            if not answer:
                return
            connection.sendall(answer + b"\r\n")


@contextmanager
def scripted(answers: dict[str, list[bytes]] | None = None, greeting: bytes = b"220 mx") -> Iterator[Scripted]:
    server = Scripted(greeting, {word.encode(): listed for word, listed in (answers or {}).items()})
    try:
        yield server
    finally:
        server.socket.shutdown(socket.SHUT_RDWR)  # else the accept under way would still take one
        server.socket.close()


@pytest.fixture
def remote() -> Local:
    return Local(Path("unused"))


def at(server: Scripted, *before: str) -> Server:
    return Server((*before, HERE), server.port)


def one(remote: Remote, server: Server, *recipients: str, last: Stage = Stage.MESSAGE) -> Reply:
    envelope = Envelope("a", "alice@partenaire.example", recipients or ("bob@cenexis.example",), MESSAGE, last)
    return send(remote, "here", server, [envelope])["a"]


def test_a_message_is_sent_whole(remote: Local) -> None:
    with scripted() as server:
        reply = one(remote, at(server))
    assert (reply.stage, reply.code, reply.text, reply.fate) == (Stage.MESSAGE, 250, "pris", Fate.ACCEPTED)
    assert (reply.address, reply.tls, reply.refused) == (HERE, None, {})
    assert 0 < reply.duration_s < 5
    assert b"".join(server.heard).endswith("Subject: été\r\n\r\n..point\r\nfin\r\n.\r\nquit\r\n".encode())


@pytest.mark.parametrize(
    ("answers", "stage", "code", "fate"),
    [
        ({"EHLO": [b"502 non", b"502 non"]}, Stage.HELLO, 502, Fate.REFUSED),
        ({"MAIL": [b"553 usurpation"]}, Stage.SENDER, 553, Fate.REFUSED),
        ({"RCPT": [b"451 plus tard"]}, Stage.RECIPIENT, 451, Fate.DEFERRED),
        ({"RCPT": [b""]}, Stage.RECIPIENT, 0, Fate.LOST),
        ({"DATA": [b"554 rien"]}, Stage.DATA, 554, Fate.REFUSED),
        ({".": [b"554 GTUBE"]}, Stage.MESSAGE, 554, Fate.REFUSED),
        ({".": [b""]}, Stage.MESSAGE, 0, Fate.UNKNOWN),
    ],
)
def test_each_stage_tells_its_answer(
    remote: Local, answers: dict[str, list[bytes]], stage: Stage, code: int, fate: Fate
) -> None:
    with scripted(answers) as server:
        reply = one(remote, at(server))
    assert (reply.stage, reply.code, reply.fate) == (stage, code, fate)


def test_a_server_that_does_not_greet_or_does_not_answer_has_taken_nothing(remote: Local) -> None:
    with scripted(greeting=b"554 pas vous") as server:
        assert one(remote, at(server)).stage is Stage.CONNECT
    closed = one(remote, at(server))
    assert (closed.stage, closed.code, closed.fate) == (Stage.CONNECT, 0, Fate.LOST)


def test_the_next_address_is_tried(remote: Local) -> None:
    with scripted() as server:
        assert one(remote, at(server, "127.0.0.2")).address == HERE


def test_a_recipient_refused_does_not_hold_the_others(remote: Local) -> None:
    with scripted({"RCPT": [b"550 inconnu", b"250 ok"]}) as server:
        reply = one(remote, at(server), "x@cenexis.example", '"a@b"@cenexis.example')
    assert reply.refused == {"x@cenexis.example": (550, "inconnu")}
    assert reply.fate is Fate.ACCEPTED
    assert b'RCPT TO:<"a@b"@cenexis.example>\r\n' in server.heard


def test_a_dialogue_stops_where_it_is_told_to(remote: Local) -> None:
    with scripted() as server:
        reply = one(remote, at(server), last=Stage.RECIPIENT)
    assert (reply.stage, reply.code) == (Stage.RECIPIENT, 250)
    assert not any(line.startswith(b"DATA") for line in server.heard)


def test_a_login_is_asked_of_a_server_that_offers_it(remote: Local) -> None:
    with scripted({"AUTH": [b"535 non"]}) as server:
        assert one(remote, replace(at(server), login="alice")).stage is Stage.LOGIN
    with scripted({"EHLO": [b"250 mx"]}) as server:
        assert one(remote, replace(at(server), login="alice")).fate is Fate.LOST


def test_a_server_that_does_not_hold_its_promise_of_tls_is_left(remote: Local) -> None:
    with scripted({"EHLO": [b"250-mx\r\n250 STARTTLS"], "STARTTLS": [b"220 vas-y"]}) as server:
        reply = one(remote, replace(at(server), tls=Tls.STARTTLS, name="mx.cenexis.example"))
    assert (reply.stage, reply.code) == (Stage.TLS, 0)


def test_a_session_serves_several_envelopes(remote: Local) -> None:
    envelopes = [Envelope(str(number), "", ("bob@cenexis.example",), MESSAGE) for number in range(6)]
    with (
        scripted({"MAIL": [b"250 ok", b"452 plein"]}) as server,
        sending(remote, "here", at(server), envelopes, per_connection=3) as under_way,
    ):
        replies = under_way.wait(10)
    assert [reply.id for reply in replies] == [each.id for each in envelopes]
    assert [reply.fate for reply in replies].count(Fate.ACCEPTED) == 5
    assert sum(line.lower().startswith(b"ehlo") for line in server.heard) == 2
    assert b"MAIL FROM:<>\r\n" in server.heard


def test_an_agent_that_dies_is_inconclusive() -> None:
    class Dead(Remote):
        def command(self, host: str, script: str) -> list[str]:
            del host, script
            return ["/bin/sh", "-c", "cat >/dev/null & echo perdu >&2"]

    envelope = Envelope("a", "", ("bob@cenexis.example",))
    with pytest.raises(Inconclusive, match="mx-1 : la sonde SMTP s'est arrêtée"):
        send(Dead(Path("unused")), "mx-1", Server((HERE,)), [envelope])
