"""The mail agents, each against a server of a few lines."""

from __future__ import annotations

import json
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from recette.probes.agents import source

DOOR = {"addresses": ["127.0.0.1"], "name": "localhost", "tls": "none", "ca": "", "helo": "essai"}


class Server(socketserver.ThreadingTCPServer):
    """Speaks enough of SMTP. `taken` are the messages that it acknowledged; `rude` hangs up after so many of them."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, rude: int | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Session)
        self.taken: list[bytes] = []
        self.rude = rude

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class Session(socketserver.StreamRequestHandler):
    server: Server

    def handle(self) -> None:
        self.say("220 essai")
        while line := self.rfile.readline():
            verb = line.split()[0].upper()
            if verb == b"DATA":
                self.say("354 va")
                message = b"".join(iter(self.rfile.readline, b".\r\n"))
                if self.server.rude is not None and len(self.server.taken) >= self.server.rude:
                    self.server.rude = None
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                self.server.taken.append(message)
            self.say("502 non" if verb == b"VRFY" else "221 adieu" if verb == b"QUIT" else "250 oui")
            if verb == b"QUIT":
                return

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@contextmanager
def serving(rude: int | None = None) -> Iterator[Server]:
    with Server(rude) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def run(name: str, payload: Any) -> str:
    """Run an agent as a host would, and return what it prints."""
    command = [sys.executable, "-ISc", source(f"mail/{name}")]
    agent = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert agent.stdin is not None
    assert agent.stdout is not None
    with agent:
        agent.stdin.write(json.dumps(payload) + "\n")
        agent.stdin.flush()
        return agent.stdout.read()


def test_a_dialogue_keeps_every_reply_and_sends_the_message() -> None:
    with serving() as server:
        call = {
            **DOOR,
            "addresses": ["127.0.0.2", "127.0.0.1"],
            "port": server.port,
            "login": None,
            "commands": ["MAIL FROM:<a@b>", "RCPT TO:<c@d>"],
            "data": "Ym9uam91cg0KLmZpbg0K",
            "limit_s": 5,
        }
        (told,) = json.loads(run("converse", {"dialogues": [call]}))
    assert [code for _, code, _ in told["said"]] == [220, 250, 250, 250, 250]
    assert told["address"] == "127.0.0.1"
    assert server.taken == [b"bonjour\r\n..fin\r\n"]


def test_the_message_is_kept_back_when_a_command_is_refused() -> None:
    with serving() as server:
        call = {
            **DOOR, "port": server.port, "login": None, "commands": ["VRFY a@b"], "data": "Yg==", "limit_s": 5
        }  # fmt: skip
        (told,) = json.loads(run("converse", {"dialogues": [call]}))
    assert told["said"][-1] == ["VRFY a@b", 502, "non"]
    assert server.taken == []


def test_a_server_that_is_not_there_is_told() -> None:
    call = {**DOOR, "port": 1, "login": None, "commands": [], "data": None, "limit_s": 5}
    (told,) = json.loads(run("converse", {"dialogues": [call]}))
    assert told["error"].startswith("ConnectionRefusedError")
    assert (told["address"], told["said"]) == (None, [])


def posted(server: Server, count: int) -> list[list[Any]]:
    payload = {
        **DOOR,
        "port": server.port,
        "writers": [["", "", "a@b"]],
        "recipients": ["c@d", "e@f"],
        "prefix": "essai-",
        "domain": "essai.invalid",
        "count": count,
        "rate": 200,
        "workers": 2,
        "lines": 3,
        "call_s": 5,
        "patience_s": 5,
    }
    return sorted(json.loads(line) for line in run("post", payload).splitlines())


def test_every_message_is_settled_under_its_own_identifier() -> None:
    with serving() as server:
        rows = posted(server, 30)
    assert [row[1] for row in rows] == [f"<essai-{n:05d}@essai.invalid>" for n in range(30)]
    assert {row[3] for row in rows} == {"accepted"}
    assert len(server.taken) == 30
    assert {row[2] for row in rows} == {"c@d", "e@f"}


def test_a_message_whose_answer_was_lost_is_uncertain_and_never_posted_again() -> None:
    with serving(rude=3) as server:
        rows = posted(server, 10)
    uncertain = [row for row in rows if row[3] == "uncertain"]
    assert len(uncertain) == 1
    assert uncertain[0][7] == 1
    assert not any(uncertain[0][1].encode() in message for message in server.taken)
    assert len(server.taken) == 9
