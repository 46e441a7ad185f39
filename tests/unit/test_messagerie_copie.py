"""The program that delivers mail on both servers: whom it waits for, what it refuses to do twice."""

from __future__ import annotations

import importlib
import socket
import socketserver
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from recette.waiting import wait_until

FOLDER = Path(__file__).parents[2] / "roles" / "messagerie" / "files"


@pytest.fixture(scope="module")
def program() -> Iterator[Any]:
    """The modules of the program, by their names."""
    sys.path.insert(0, str(FOLDER))
    names = ("copies", "deliveries", "dovecot", "journal", "keeper", "lmtp", "tunnel")
    yield type("Program", (), {name: importlib.import_module(f"messagerie_copie.{name}") for name in names})
    sys.path.remove(str(FOLDER))


class Server:
    """Stands for the other server."""

    host, destination = "mail2", "tcp:127.0.0.1:24246"

    def __init__(self, *, answers: bool = True) -> None:
        self.present, self.hung_up, self._answers = True, False, answers

    def answers(self) -> bool:
        return self._answers

    def hang_up(self) -> None:
        self.hung_up = True


class Doveadm:
    """Stands for Dovecot: counts commands, holds synchronisations until told, finds what it is told to find."""

    def __init__(self, failure: Exception | None = None, found: bytes = b"") -> None:
        self.commands: list[tuple[str, ...]] = []
        self.go, self.failure, self.found = threading.Event(), failure, found
        self.go.set()

    def run(self, user: str, *command: str, **_options: Any) -> bytes:
        self.commands.append((user, command[0]))
        if command[0] == "search":
            return self.found
        assert self.go.wait(5)
        if self.failure:
            raise self.failure
        return b"state"


def test_deliveries_that_wait_share_a_synchronisation_begun_after_them(program: Any) -> None:
    doveadm = Doveadm()
    copies = program.copies.Copies(doveadm, Server())
    doveadm.go.clear()
    done: list[bool] = []
    threads = [threading.Thread(target=lambda: done.append(copies.commit("jmartin"))) for _ in range(20)]
    for thread in threads:
        thread.start()
    wait_until(lambda: copies.asked["jmartin"] == len(threads), 5, "les vingt demandes")
    doveadm.go.set()
    for thread in threads:
        thread.join(5)
    assert done == [True] * 20
    assert 1 < len(doveadm.commands) <= 3
    assert not copies.behind


def test_a_server_found_dead_lets_deliveries_go_on_alone_and_is_remembered(program: Any) -> None:
    failure = program.journal.Failed("sync jmartin: -TEMPFAIL")
    doveadm = Doveadm(failure)
    server = Server(answers=False)
    copies = program.copies.Copies(doveadm, server)
    assert copies.commit("jmartin") is False
    assert server.hung_up
    assert list(copies.behind) == ["jmartin"]
    assert copies.commit("jmartin") is False
    assert len(doveadm.commands) == 1  # nobody asks a dead server again


def test_a_mailbox_that_cannot_be_synchronised_is_given_up_after_some_tries(
    program: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program.copies, "RETRY_S", 0.01)
    doveadm = Doveadm(program.journal.Failed("sync jmartin: -NOUSER"))
    copies = program.copies.Copies(doveadm, Server())
    assert copies.commit("jmartin") is False
    assert len(doveadm.commands) == program.copies.FAILURES
    assert copies.late(0) == ["jmartin"]


def test_how_late_the_other_server_is_can_be_read(
    program: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A mailbox without owner waits for nobody; what a synchronisation has covered differs no more."""
    clock = [100.0]
    monkeypatch.setattr(program.copies.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(program.copies, "RETRY_S", 0.01)
    doveadm = Doveadm(program.journal.Failed("sync parti: -NOUSER"))
    server = Server()
    copies = program.copies.Copies(doveadm, server)
    settings = {"homes": str(tmp_path), "lateness": str(tmp_path / "secondes"), "referee": True}
    keeper = program.keeper.Keeper(copies, doveadm, server, settings)

    def told() -> str:
        keeper.tell()
        return (tmp_path / "secondes").read_text(encoding="ascii")

    assert copies.commit("parti") is False
    server.present = False
    assert copies.commit("jmartin") is False
    clock[0] += 42
    assert told() == "42\n"
    server.present, doveadm.failure = True, None
    assert copies.commit("jmartin") is True
    assert told() == "0\n"


class Logins:
    """Stands for the directory."""

    def of(self, address: str) -> str | None:
        return {"jean.martin@molecule.example": "jmartin"}.get(address)


@pytest.mark.parametrize(
    ("found", "recipient", "answer", "handed"),
    [
        (b"", "jean.martin@molecule.example", 250, 1),
        (b"guid\t1", "jean.martin@molecule.example", 250, 0),
        (b"", "personne@molecule.example", 550, 0),
    ],
    ids=["new", "already there", "unknown"],
)
def test_a_message_is_handed_over_once(  # noqa: PLR0913, PLR0917 - the case, and what it needs
    program: Any, monkeypatch: pytest.MonkeyPatch, found: bytes, recipient: str, answer: int, handed: int
) -> None:
    over: list[str] = []

    def hand_over(_sender: str, recipient: str, _message: bytes) -> str:
        over.append(recipient)
        return "2.0.0"

    monkeypatch.setattr(program.deliveries.Deliveries, "_hand_over", staticmethod(hand_over))
    copies = program.copies.Copies(Doveadm(), Server())
    deliveries = program.deliveries.Deliveries(copies, Doveadm(found=found), Logins())
    code, _ = deliveries.deliver("a@b.example", recipient, b"Message-ID: <1@b.example>\r\n\r\nbonjour\r\n")
    assert (code, len(over)) == (answer, handed)


@pytest.mark.parametrize(
    ("message", "identifier"),
    [
        (b"Subject: x\r\nMessage-ID: <1@b>\r\n\r\nMessage-ID: <2@b>\r\n", "<1@b>"),
        (b"message-id:\r\n <1@b>\r\n\r\n", "<1@b>"),
        (b"Subject: x\r\n\r\nMessage-ID: <2@b>\r\n", None),
        (b"Message-ID: \r\n\r\n", None),
    ],
    ids=["header", "folded", "body only", "empty"],
)
def test_the_identifier_is_that_of_the_header(program: Any, message: bytes, identifier: str | None) -> None:
    assert program.deliveries.message_id(message) == identifier


class Deliveries:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.given: list[tuple[str, str, bytes]] = []

    def deliver(self, sender: str, recipient: str, message: bytes) -> tuple[int, str]:
        self.given.append((sender, recipient, message))
        return (250, "ok") if recipient.startswith("a") else (552, "5.2.2 full")


def test_postfix_gets_one_answer_for_each_recipient(program: Any, tmp_path: Path) -> None:
    opened = socket.socket(socket.AF_UNIX)
    opened.bind(str(tmp_path / "lmtp"))
    opened.listen()
    deliveries = Deliveries()
    listener = program.lmtp.Listener(opened, deliveries)
    thread = threading.Thread(target=listener.serve_forever, daemon=True)
    thread.start()
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(tmp_path / "lmtp"))
        client.sendall(
            b"LHLO x\r\nMAIL FROM:<s@b> BODY=8BITMIME\r\nRCPT TO:<a@b>\r\nRCPT TO:<z@b>\r\nDATA\r\n"
            b"one\r\n..two\r\n.\r\nQUIT\r\n"
        )
        with client.makefile("rb") as stream:
            codes = [line[:3] for line in stream if line[3:4] == b" "]
    listener.shutdown()
    listener.server_close()
    assert codes == [b"220", b"250", b"250", b"250", b"250", b"354", b"250", b"552", b"221"]
    assert sorted(deliveries.given) == [("s@b", "a@b", b"one\r\n.two\r\n"), ("s@b", "z@b", b"one\r\n.two\r\n")]


class Echo(socketserver.StreamRequestHandler):
    """Stands for the Dovecot behind the tunnel."""

    def handle(self) -> None:
        self.wfile.write(self.rfile.readline())


@pytest.fixture
def ends(program: Any) -> Iterator[Any]:
    """Three ports in a row, with an echo behind the last one."""
    for public in range(21000, 32000, 7):
        ends = program.tunnel.Ends(public)
        try:
            server = socketserver.ThreadingTCPServer(("127.0.0.1", ends.dovecot), Echo)
        except OSError:
            continue
        with server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield ends
            server.shutdown()
        return


def _identity(program: Any, folder: Path, name: str) -> Any:
    """A self-signed certificate: its own authority."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"]
    names = [
        "-subj",
        f"/CN={name}",
        "-addext",
        f"subjectAltName=DNS:{name}",
        "-addext",
        "keyUsage=digitalSignature,keyCertSign",
    ]
    subprocess.run([*made, *names, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    return program.tunnel.Identity(certificate, key, certificate)


def _say(port: int) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as opened:
        opened.sendall(b"bonjour\n")
        return opened.recv(100)


def test_the_tunnel_carries_what_the_named_server_says(program: Any, ends: Any, tmp_path: Path) -> None:
    tunnel = program.tunnel.Tunnel("localhost", ends, _identity(program, tmp_path, "localhost"))
    with tunnel.open():
        assert _say(ends.outward) == b"bonjour\n"


@pytest.mark.parametrize(
    ("expected", "shown"), [("localhost", False), ("mail2", True)], ids=["no certificate", "another name"]
)
def test_the_tunnel_refuses_who_is_not_the_other_server(
    program: Any, ends: Any, tmp_path: Path, expected: str, *, shown: bool
) -> None:
    identity = _identity(program, tmp_path, "localhost")
    context = ssl.create_default_context(cafile=identity.authority)
    if shown:
        context.load_cert_chain(identity.certificate, identity.key)
    with (
        program.tunnel.Tunnel(expected, ends, identity).open(),
        socket.create_connection(("127.0.0.1", ends.public), timeout=5) as opened,
        context.wrap_socket(opened, server_hostname="localhost") as secured,
    ):
        secured.sendall(b"bonjour\n")
        try:
            answer = secured.recv(100)
        except (ssl.SSLError, ConnectionResetError):
            answer = b""
    assert answer == b""
