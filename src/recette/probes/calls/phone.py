"""A telephone in somebody's hands: registered, dialling, answering; what it shows and what it hears."""

from __future__ import annotations

import json
import re
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import Any, TypeVar

from recette.errors import Inconclusive, RecetteError
from recette.probes.agents import source
from recette.probes.calls.media import Keys, Media, media
from recette.probes.calls.messages import Message
from recette.probes.capture import Capture, capture
from recette.shell import Remote, finish, first_line, whole_lines
from recette.waiting import NotYet, wait_until

T = TypeVar("T")


class Unseen(Inconclusive):
    """The telephone answers, and what was awaited of the exchange did not happen."""


LIFE_S = 1800.0
READY_LIMIT_S = 20.0
REPLY_LIMIT_S = 10.0
STOP_LIMIT_S = 8.0
SETTINGS = "/etc/telephone"
"""Written by role `telephone`."""
SNAPLEN = 2048
"""Whole packets: what a call carries is deciphered and listened to."""
CHALLENGES = (401, 407)
ANSWERED = 200
PLAIN = re.compile(r"[A-Za-z0-9_.+/=-]+")
"""What a telephone's settings can hold without being read as something else."""


@dataclass(frozen=True, slots=True)
class Line:
    """A telephone to take in hand. `address` is its own; `tone_hz` what its owner says all along a call.

    `codecs`: those to offer, in that order, of those that the host's settings know ("opus/48000/2", "PCMA/8000/1",
    "PCMU/8000/1"); all of them, in the order of the settings, if empty.
    """

    host: str
    address: str
    interface: str
    extension: str
    password: str = field(repr=False)
    tone_hz: int = 440
    codecs: tuple[str, ...] = ()
    register: bool = True
    settings: str = SETTINGS

    def payload(self) -> dict[str, Any]:
        if not PLAIN.fullmatch(self.extension) or not PLAIN.fullmatch(self.password or "-"):
            raise RecetteError(f"telephone {self.extension}: its name or password cannot stand in baresip's settings")
        return {
            "extension": self.extension,
            "password": self.password,
            "codecs": ",".join(self.codecs),
            "tone_hz": self.tone_hz,
            "address": self.address,
            "register": self.register,
            "settings": self.settings,
            "life_s": LIFE_S,
        }


@dataclass(slots=True)
class Call:
    """One call as a telephone has it. Instants in seconds of the host's CLOCK_MONOTONIC; None if it never came."""

    identifier: str
    outgoing: bool
    number: str
    """Of the other end, as the telephone shows it."""
    name: str
    begun_s: float
    ringing_s: float | None = None
    established_s: float | None = None
    ended_s: float | None = None
    reason: str = ""
    encryption: str = ""
    """Suite of the voice, empty if it travels in clear."""


class Phone:
    """A telephone in use. Its methods raise Inconclusive when it does not answer at all.

    Orders bear on the call in hand, the latest that was begun, answered or resumed.
    """

    def __init__(self, process: Popen[bytes], line: Line, hello: dict[str, Any]) -> None:
        self.line = line
        self.rtp: tuple[int, int] = (hello["rtp"][0], hello["rtp"][1])
        self.epoch_s: float = hello["epoch_s"]
        """CLOCK_REALTIME minus CLOCK_MONOTONIC of the host."""
        self.messages: list[Message] = []
        self.said: list[str] = []
        self.gone: int | None = None
        self.capture: Capture | None = None
        self._calls: dict[str, Call] = {}
        self._registrations: list[tuple[float, bool, str]] = []
        self._replies: dict[int, tuple[bool, str, float]] = {}
        self._number = 0
        self._news = threading.Condition()
        self._ended = False
        self._process = process
        self._reader = threading.Thread(target=self._read, name=f"telephone {line.extension}", daemon=True)
        self._reader.start()

    @property
    def name(self) -> str:
        return f"{self.line.host}, poste {self.line.extension}"

    @property
    def calls(self) -> tuple[Call, ...]:
        """Every call since the telephone was taken in hand, in their order."""
        with self._news:
            return tuple(self._calls.values())

    @property
    def registrations(self) -> tuple[tuple[float, bool, str], ...]:
        """When the exchange accepted (True) or refused to know the telephone, and what it said."""
        with self._news:
            return tuple(self._registrations)

    def wait_registered(self, limit_s: float, *, since_s: float = 0.0) -> float:
        """Wait until the exchange knows it, by a registration after `since_s`; the instant of its answer."""

        def accepted() -> float | None:
            return next((at for at, ok, _ in self._registrations if ok and at >= since_s), None)

        return self._wait(accepted, limit_s, "inscrit auprès de l'autocommutateur")

    def wait_refused(self, limit_s: float) -> str:
        """Wait until the exchange refuses to know it; what it said."""

        def refused() -> str | None:
            return next((why for _, ok, why in self._registrations if not ok), None)

        return self._wait(refused, limit_s, "refusé par l'autocommutateur")

    def dial(self, number: str) -> Call:
        """Call a number; the call, which may not have got anywhere yet."""
        ok, said, asked_s = self._order("dial", number)
        identifier = said.rpartition(" ")[2].strip()
        if not ok or not identifier:
            raise Inconclusive(f"{self.name} : appel de {number} impossible ({said.strip()})")
        with self._news:
            call = self._calls.setdefault(
                identifier, Call(identifier, outgoing=True, number=number, name="", begun_s=asked_s)
            )
            call.begun_s = min(call.begun_s, asked_s)
        return call

    def incoming(self, limit_s: float, *, since_s: float = 0.0) -> Call:
        """Wait for a call from somebody else that rings."""

        def rings() -> Call | None:
            ringing = (c for c in self._calls.values() if not c.outgoing and c.ringing_s and c.ringing_s >= since_s)
            return next((call for call in ringing if call.ended_s is None), None)

        return self._wait(rings, limit_s, "sonne")

    def answer(self) -> None:
        self._expect("accept")

    def hang_up(self) -> None:
        """End the call in hand, or refuse the one that rings, as somebody busy does."""
        ok, _, _ = self._order("hangup")
        if not ok:  # a call that has not rung yet is not in baresip's hand
            self._expect("hangupall", "dir=all")

    def hold(self) -> None:
        """Put the call aside, and wait until the exchange agrees."""
        self._renegotiate("hold")

    def resume(self) -> None:
        """Take a held call again, and wait until the exchange agrees."""
        self._renegotiate("resume")

    def transfer(self, number: str) -> None:
        """Hand the call over to somebody else, without talking to him before."""
        self._expect("transfer", number)

    def press(self, digits: str) -> None:
        """Press keys during a call, a fifth of a second each."""
        for digit in digits:
            self._expect("sndcode", digit)
            time.sleep(0.2)  # how long a finger stays on a key

    def wait_ringing(self, call: Call, limit_s: float) -> float:
        """Wait until the other end rings; when it did."""
        return self._wait(lambda: call.ringing_s, limit_s, f"entend sonner {call.number}")

    def wait_established(self, call: Call, limit_s: float) -> float:
        """Wait until the call is; when it was."""

        def established() -> float | None:
            if call.ended_s is not None and call.established_s is None:
                why = f"{self.code(call) or ''} {call.reason}".strip()
                raise Unseen(f"{self.name} : appel de {call.number} non abouti ({why})")
            return call.established_s

        return self._wait(established, limit_s, f"en communication avec {call.number}")

    def wait_ended(self, call: Call, limit_s: float) -> float:
        """Wait until the call is over; when it was."""
        return self._wait(lambda: call.ended_s, limit_s, f"communication avec {call.number} terminée")

    def wait_digits(self, count: int, limit_s: float) -> str:
        """Wait until the other ends have pressed so many keys since the telephone was taken in hand; all of them.

        Read on the network: baresip 1.1.0 tells the first key only of an end that says nothing meanwhile.
        """

        def pressed() -> str | NotYet:
            digits = self.media().digits
            return digits if len(digits) >= count else NotYet(f"« {digits} » reçu")

        return str(wait_until(pressed, limit_s, f"{self.name} : {count} touches de l'autre bout"))

    def code(self, call: Call) -> int | None:
        """The last answer to the call's invitation, challenges left aside: 200, 403, 486…; None if none came."""
        answers = [m for m in self.messages_of(call) if m.code and m.method == "INVITE"]
        final = [m.code for m in answers if m.code is not None and m.code >= ANSWERED and m.code not in CHALLENGES]
        return final[0] if final else None

    def messages_of(self, call: Call) -> tuple[Message, ...]:
        """The SIP messages of a call, as the telephone sent and received them."""
        with self._news:
            return tuple(message for message in self.messages if message.call_id == call.identifier)

    def caller(self, call: Call) -> tuple[str, str]:
        """Number and name of the caller, as the exchange asserts them (P-Asserted-Identity), else as shown."""
        for message in self.messages_of(call):
            if message.method == "INVITE" and not message.code and not message.sent:
                return message.identity("P-Asserted-Identity") or message.identity("From") or (call.number, call.name)
        return call.number, call.name

    def media(self) -> Media:
        """What its network interface has carried of its calls so far, deciphered by its own keys."""
        if self.capture is None:
            raise Inconclusive(f"{self.name} : rien n'a été capturé")
        with self._news:
            keys = Keys.of(self.messages)
        return media(self.capture.path, self.line.address, self.rtp, keys, self.epoch_s)

    def stop(self) -> None:
        """Hang up everything and put the telephone away. May be called twice."""
        finish(self._process, STOP_LIMIT_S, self._reader)

    def _renegotiate(self, command: str) -> None:
        """Its own reply is not looked at: baresip 1.1.0 calls a `resume` that it carries out an invalid argument."""
        with self._news:
            before = len(self.messages)
        self._order(command)

        def answered() -> Message | None:
            answers = (m for m in self.messages[before:] if m.method == "INVITE" and not m.sent and m.code)
            return next((m for m in answers if m.code and m.code >= ANSWERED and m.code not in CHALLENGES), None)

        answer = self._wait(answered, REPLY_LIMIT_S, f"accord sur « {command} »")
        if answer.code != ANSWERED:
            raise Inconclusive(f"{self.name} : « {command} » refusé ({answer.code} {answer.reason})")

    def _expect(self, command: str, params: str = "") -> None:
        ok, said, _ = self._order(command, params)
        if not ok:
            raise Inconclusive(f"{self.name} : « {command} {params} » impossible ({said.strip()})")

    def _order(self, command: str, params: str = "") -> tuple[bool, str, float]:
        self._number += 1
        number = self._number
        wish = json.dumps({"number": number, "command": command, "params": params}).encode() + b"\n"
        if self._process.stdin is None:
            raise AssertionError("popen opens stdin")
        try:
            self._process.stdin.write(wish)
            self._process.stdin.flush()
        except BrokenPipeError:
            raise Inconclusive(f"{self.name} : téléphone arrêté") from None
        return self._wait(lambda: self._replies.get(number), REPLY_LIMIT_S, f"répond à « {command} »")

    def _wait(self, seen: Callable[[], T | None], limit_s: float, what: str) -> T:
        deadline = time.monotonic() + limit_s
        with self._news:
            while (found := seen()) is None:
                left = deadline - time.monotonic()
                if self._ended:
                    last = self.said[-1] if self.said else "sans message"
                    raise Inconclusive(f"{self.name} : téléphone arrêté ({last})")
                if left <= 0:
                    raise Unseen(f"{self.name} : « {what} » attendu en vain {limit_s:g} s")
                self._news.wait(left)
            return found

    def _read(self) -> None:
        for raw in whole_lines(self._process):
            told = json.loads(raw)
            with self._news:
                self._note(told, told["at"])
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()

    def _note(self, told: dict[str, Any], at: float) -> None:
        if "reply" in told:
            self._replies[told["reply"]] = (told["ok"], told["data"], told["asked_s"])
        elif "sip" in told:
            self._message(Message.parse(told["sip"], sent=told["sent"], at_s=at))
        elif "said" in told:
            self.said.append(told["said"])
            if found := re.match(r"reg: .*\): (Register: .*)", told["said"]):
                self._registrations.append((at, False, found[1]))
        elif "gone" in told:
            self.gone = told["gone"]
        elif "event" in told:
            self._event(told["event"], at)

    def _message(self, message: Message) -> None:
        self.messages.append(message)
        if message.method != "REGISTER" or message.code is None or message.code < ANSWERED:
            return
        challenged = message.header("WWW-Authenticate")
        number = message.header("CSeq")
        request = next((m for m in reversed(self.messages) if m.code is None and m.header("CSeq") == number), None)
        if challenged and ("stale=true" in challenged or not (request and request.header("Authorization"))):
            return
        self._registrations.append((message.at_s, message.code == ANSWERED, f"{message.code} {message.reason}"))

    def _event(self, event: dict[str, Any], at: float) -> None:
        kind, detail = event.get("type", ""), event.get("param", "")
        identifier = event.get("id")
        if not identifier:
            return
        call = self._calls.get(identifier)
        if call is None:
            found = re.search(r"sips?:([^@;>]+)", event.get("peeruri", ""))
            outgoing = event.get("direction") == "outgoing"
            call = Call(identifier, outgoing, found[1] if found else "", event.get("peerdisplayname", ""), at)
            self._calls[identifier] = call
        if kind in ("CALL_INCOMING", "CALL_RINGING", "CALL_PROGRESS"):
            call.ringing_s = call.ringing_s or at
        elif kind == "CALL_ESTABLISHED":
            call.established_s = call.established_s or at
        elif kind == "CALL_CLOSED":
            call.ended_s, call.reason = at, detail
        elif kind == "CALL_MENC":
            call.encryption = detail.rpartition(",")[2]


@contextmanager
def phone(remote: Remote, line: Line, *, limit_s: float = READY_LIMIT_S) -> Iterator[Phone]:
    """Take a telephone in hand until the block ends; registered by then if its line says so.

    Eight at once on one host. Inconclusive if it does not start, or is not known to the exchange within `limit_s`.
    """
    with tempfile.TemporaryDirectory(prefix="recette-appel-") as folder, started(remote, line) as taken:
        low, high = taken.rtp
        expression = f"udp portrange {low}-{high} and host {line.address}"
        path = Path(folder, "voix.pcap")
        with capture(remote, line.host, line.interface, path, expression, snaplen=SNAPLEN) as heard:
            taken.capture = heard
            if line.register:
                taken.wait_registered(limit_s)
            yield taken


@contextmanager
def started(remote: Remote, line: Line) -> Iterator[Phone]:
    """The same, neither waiting for the exchange nor listening to the network."""
    process = remote.popen_python(line.host, source("calls/phone"), line.payload())
    hello = first_line(process, READY_LIMIT_S)
    if not hello:
        raise Inconclusive(f"{line.host} : téléphone {line.extension} impossible à démarrer ({finish(process)})")
    taken = Phone(process, line, json.loads(hello)["hello"])
    try:
        yield taken
    finally:
        taken.stop()
