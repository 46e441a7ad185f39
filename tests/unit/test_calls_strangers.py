"""Load, strangers and rubbish: what is sent, what is read of the answers, and the bounds."""

from __future__ import annotations

import hashlib
import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recette.errors import Inconclusive, RecetteError
from recette.probes.agents import source
from recette.probes.calls.agents import inject, load, sip
from recette.probes.calls.injection import tone
from recette.probes.calls.load import parse
from recette.probes.calls.phone import Line
from recette.probes.calls.sound import A_LAW
from recette.probes.calls.stranger import METHODS, Door, Request, ask, guess, oracle
from recette.probes.calls.tones import share
from recette.probes.calls.torture import malformed
from recette.shell import Remote

HERE = "127.0.0.1"
KNOWN = {"2100": "right"}
COLUMNS = (
    "TotalCallCreated;SuccessfulCall(C);FailedCall(C);CurrentCall;CallRate(C);ResponseTime1(C);Retransmissions(C)\n"
)


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()  # noqa: S324 - the digest of SIP


class Local(Remote):
    def command(self, host: str, script: str) -> list[str]:
        del host
        return ["/bin/sh", "-c", script]


REMOTE = Local(Path("unused"))


class Exchange(threading.Thread):
    """Challenges everybody; `careless`, it tells those who exist from those who do not."""

    def __init__(self, *, careless: bool = False) -> None:
        super().__init__(daemon=True)
        self.door = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.door.bind((HERE, 0))
        self.careless = careless
        self.heard: list[str] = []

    def run(self) -> None:
        while True:
            try:
                data, asker = self.door.recvfrom(65535)
            except OSError:
                return
            text = data.decode(errors="replace")
            self.heard.append(text)
            if not text.startswith(("ACK", "OPTIONS sip:mute")):
                self.door.sendto(self.answer(text).encode(), asker)

    def answer(self, text: str) -> str:
        who = re.search(r"^To: <sip:(\w+)@", text, re.MULTILINE)
        kept = "\r\n".join(line for line in text.split("\r\n") if re.match(r"(Via|From|To|Call-ID|CSeq):", line))
        if self.careless and who and who[1] not in KNOWN:
            return f"SIP/2.0 404 Not Found\r\n{kept}\r\nContent-Length: 0\r\n\r\n"
        if proof := re.search(r'response="(\w+)".*?nc=(\w+), cnonce="(\w+)"', text):
            method, uri = text.split(" ", 2)[:2]
            known = md5(f"2100:essai:{KNOWN['2100']}")
            asked = md5(f"{method}:{uri}")
            right = f"{known}:n:{proof[2]}:{proof[3]}:auth:{asked}"
            if md5(right) == proof[1]:
                return f"SIP/2.0 200 OK\r\n{kept}\r\nContent-Length: 0\r\n\r\n"
        challenge = 'WWW-Authenticate: Digest realm="essai", nonce="n", algorithm=MD5, qop="auth"'
        return f"SIP/2.0 401 Unauthorized\r\n{kept}\r\n{challenge}\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture(params=[False])
def exchange(request: pytest.FixtureRequest) -> Iterator[Exchange]:
    made = Exchange(careless=request.param)
    with closing(made.door):
        made.start()
        yield made


def door(exchange: Exchange) -> Door:
    return Door(HERE, HERE, exchange.door.getsockname()[1], "udp")


def test_a_right_password_passes_and_a_wrong_one_does_not(exchange: Exchange) -> None:
    answers = guess(REMOTE, "here", door(exchange), "2100", ["wrong", "right"], wait_s=1)
    assert [answer.code for answer in answers] == [401, 200]
    assert [message.code for message in answers[1].messages] == [401, 200]


def test_answers_that_tell_nothing_are_equal(exchange: Exchange) -> None:
    for method in METHODS:
        known, unknown = oracle(REMOTE, "here", door(exchange), method, (["2100"], ["2999", "abc"]))
        assert known == unknown
        assert len(known) == 1


@pytest.mark.parametrize("exchange", [True], indirect=True)
def test_an_exchange_that_tells_is_seen(exchange: Exchange) -> None:
    for method in METHODS:
        known, unknown = oracle(REMOTE, "here", door(exchange), method, (["2100"], ["2999"]))
        assert known != unknown


def test_an_exchange_that_says_nothing_proves_nothing() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
        mute.bind((HERE, 0))
        nobody = Door(HERE, HERE, mute.getsockname()[1], "udp")
        told = ask(REMOTE, "here", nobody, [Request("OPTIONS", "2100")], wait_s=0.1)
        assert (told[0].code, str(told[0])) == (None, "sans réponse")


def test_a_refused_invitation_is_acknowledged(exchange: Exchange) -> None:
    ask(REMOTE, "here", door(exchange), [Request("INVITE", "2100")], wait_s=1)
    ask(REMOTE, "here", door(exchange), [Request("OPTIONS", "mute")], wait_s=0.2)  # the ACK has come by then
    assert [text.split(" ")[0] for text in exchange.heard] == ["INVITE", "ACK", "OPTIONS"]


def test_a_batch_too_long_is_refused(exchange: Exchange) -> None:
    with pytest.raises(Inconclusive, match="400 messages"):
        ask(REMOTE, "here", door(exchange), [b"x"] * 401)


def test_every_malformed_message_leaves_as_it_is(exchange: Exchange) -> None:
    rubbish = malformed()
    assert len(rubbish) == 42
    told = ask(REMOTE, "here", door(exchange), [text for text in rubbish.values() if text.strip()], wait_s=0.05)
    assert not [answer.error for answer in told if answer.error]
    assert any("Content-Length: -999" in text for text in exchange.heard)


def test_messages_of_a_stream_are_told_apart() -> None:
    first, second = b"SIP/2.0 100 T\r\nContent-Length: 2\r\n\r\nab", b"SIP/2.0 200 OK\r\n\r\n"
    assert sip.whole(first[:-1], datagram=False) is None
    assert sip.whole(first + second, datagram=False) == (first, second)


def test_sipps_count_is_its_last_line() -> None:
    seen = parse(COLUMNS + "10;8;0;2;4.5;00:00:00:020000;0\n30;29;1;0;4.2;00:00:01:250000;3\n")
    assert (seen.created, seen.successful, seen.failed, seen.peak) == (30, 29, 1, 2)
    assert (seen.setup_ms, seen.retransmissions) == (1250, 3)
    assert seen.failures == pytest.approx(1 / 30)


def test_sipp_that_counted_nothing_decides_nothing() -> None:
    with pytest.raises(Inconclusive, match="no such"):
        parse("", "sipp: no such thing\n")


@pytest.mark.parametrize("excess", [{"rate": 101}, {"simultaneous": 201}, {"calls": 10_001}, {"life_s": 301}])
def test_a_load_beyond_the_bounds_is_refused(excess: dict[str, Any]) -> None:
    with pytest.raises(SystemExit, match=next(iter(excess))):
        load.bounded({"rate": 1, "simultaneous": 1, "calls": 1, "life_s": 1, **excess})


def test_the_tones_of_the_load_and_of_the_intruder_are_tones() -> None:
    for codes, hz in ((load.tone(), load.TONE_HZ), (tone(1000) * 10, 1000)):
        assert share(A_LAW[np.frombuffer(codes, np.uint8)], hz) > 0.99


def test_an_injected_packet_is_whole() -> None:
    wish = {"source": "192.0.2.1", "source_port": 4, "kind": 8, "ssrc": 7, "sequence": 65535, "timestamp": 0}
    packet = inject.datagram(wish, ("192.0.2.2", 10000), 1, bytes(160))
    assert inject.checksum(packet[:20]) == 0
    assert (int.from_bytes(packet[2:4], "big"), len(packet)) == (200, 200)
    assert int.from_bytes(packet[30:32], "big") == 0  # the sequence number, after its wrap


def test_an_injection_beyond_the_bounds_sends_nothing() -> None:
    wish = {"source": HERE, "targets": [[HERE, 9]], "count": 6001, "gap_s": 0, "payload": ""}
    done = subprocess.run(
        [sys.executable, "-c", source("calls/inject")],
        input=json.dumps(wish) + "\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode
    assert "6000" in done.stderr


@pytest.mark.parametrize(("extension", "password"), [("2100;x", "ok"), ("2100", "a b"), ("2100", "a;auth_user=1")])
def test_a_name_or_password_that_would_be_read_as_a_setting_is_refused(extension: str, password: str) -> None:
    with pytest.raises(RecetteError, match="cannot stand"):
        Line("host", HERE, "lo", extension, password).payload()
