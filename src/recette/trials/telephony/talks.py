"""A call between two ends, and what each of them heard."""

from __future__ import annotations

import json
import math
import re
import shlex
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import ParamSpec

from recette.errors import Inconclusive
from recette.measure.conversation import Conversation, Track
from recette.platform import Platform
from recette.probes.calls import Call, Gap, Hearing, Line, Media, Phone, Quality, Unseen, hearing, phone, quality
from recette.probes.calls.media import STATIC, Keys, media
from recette.probes.capture import capture
from recette.site import Host
from recette.trials.telephony.parties import OPUS, Subscriber, carrier
from recette.waiting import wait_until

P = ParamSpec("P")
Enough = Callable[[float], bool]
"""Whether a conversation that has lasted so long (s) may end."""

RING_LIMIT_S = 30.0
"""Guard against waiting for ever; what the contract allows is in the features."""
WRITTEN_LIMIT_S = 5.0
VOICE = (10000, 10999)
"""UDP ports of the carrier's voice."""
BOUND = "ss --no-header --udp --listening --numeric 'sport >= {low} and sport <= {high}' | awk '{{print $4}}'"
LOOK_S = 0.1
HELD_S = 3.0
HOLDER_HZ = 1930
"""The voice of whoever puts a call on hold: higher than the music that is played meanwhile, which has a 440 Hz note."""
BEGIN_S, END_S = 0.5, 0.3
"""Left out at both ends of a call: the first packets, and what is under way when somebody hangs up."""
CALLING = re.compile(r"call: from=(?P<number>\S*) name=(?P<name>.*) to=(?P<to>\S+)$")
ENDED = re.compile(r"call: to=\S+ ended=(\S+)")
CLOCKS = "import json, time; print(json.dumps([time.time() - time.monotonic(), time.monotonic()]))"


@dataclass(frozen=True, slots=True)
class Ear:
    """What one end heard of the other's tone between two instants of its own monotonic clock."""

    who: str
    hearing: Hearing
    quality: Quality
    since_s: float
    until_s: float

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """Silences of more than two windows, those at both ends included."""
        return self.hearing.gaps(since_s=self.since_s, until_s=self.until_s)

    @property
    def longest_ms(self) -> float:
        return max((gap.ms for gap in self.gaps), default=0.0)


@dataclass(frozen=True, slots=True)
class Talk:
    """A call that is over: how long the caller waited, and what both ends heard."""

    ringing_s: float
    answered_s: float
    """From the dialling until the other end answered."""
    shown: str
    """The caller's number, as the one who was called saw it."""
    name: str
    encryption: tuple[str, ...]
    """Suite of the voice at each telephone of the site; empty where it was in clear."""
    ears: tuple[Ear, ...]
    failure: str = ""
    """Why there was no conversation, if there was none: what a telephone waited for in vain."""
    eavesdropped: tuple[Overheard, ...] = ()
    """What somebody who captures the voice at each telephone hears of it, without the keys of the call."""

    @property
    def lasted_s(self) -> float:
        """How long both could hear each other."""
        return min((each.until_s - each.since_s for each in self.ears), default=0.0)

    @classmethod
    def failed(cls, why: Unseen) -> Talk:
        """A call that led to no conversation."""
        return cls(math.inf, math.inf, "", "", (), (), failure=str(why))


@dataclass(frozen=True, slots=True)
class Overheard:
    """The packets of a call read as if they were in clear."""

    who: str
    packets: int
    hearing: Hearing


@dataclass(frozen=True, slots=True)
class Held:
    """A call put aside and taken again: what the one who waited heard meanwhile, and what both heard afterwards."""

    during: Ear
    after: tuple[Ear, Ear]


@dataclass(frozen=True, slots=True)
class Window:
    """When somebody's call was established and when it ended, by his own clock."""

    since_s: float
    until_s: float

    @classmethod
    def of(cls, call: Call) -> Window:
        """Raises Inconclusive if the call never was."""
        if call.established_s is None or call.ended_s is None:
            raise Inconclusive(f"Appel de {call.number} : pas de communication à écouter")
        return cls(call.established_s + BEGIN_S, call.ended_s - END_S)


def overheard(taken: Phone, tone_hz: int) -> Overheard:
    """Listen to what was captured at a telephone, without its keys."""
    if taken.capture is None:
        raise Inconclusive(f"{taken.name} : rien n'a été capturé")
    found = media(taken.capture.path, taken.line.address, taken.rtp, Keys((), (), STATIC), taken.epoch_s)
    packets = sum(len(each.packets) for each in found.received)
    return Overheard(taken.name, packets, hearing(found.received, tone_hz))


def timeline(talk: Talk, events: tuple[tuple[float, str], ...] = ()) -> Conversation:
    """The picture of who heard whom."""
    return Conversation([track(each) for each in talk.ears], events, "Voix entendue de part et d'autre")


def track(each: Ear) -> Track:
    """One end's line of the picture."""
    heard = [window.at_s for window in each.hearing.heard if each.since_s <= window.at_s <= each.until_s]
    return Track(f"entendu par {each.who}", heard, [(gap.start_s, gap.end_s) for gap in each.gaps])


def ear(who: str, found: Media, tone_hz: int, window: Window, *, silent: bool = False) -> Ear:
    """Judge what one end received. Raises Unseen if it received no voice at all, where it should not be `silent`."""
    streams = [each for each in found.received if any(window.since_s <= p.at_s <= window.until_s for p in each.voice)]
    if silent and not streams:
        streams = list(found.received)
    if not streams:
        raise Unseen(f"{who} : aucun paquet de voix reçu pendant l'appel")
    longest = max(streams, key=lambda each: len(each.voice))
    judged = quality(longest, since_s=window.since_s, until_s=window.until_s)
    windows = hearing(streams, tone_hz, since_s=window.since_s).windows
    kept = Hearing(tone_hz, tuple(each for each in windows if each.at_s <= window.until_s))
    return Ear(who, kept, judged, window.since_s, window.until_s)


def tried(act: Callable[P, Talk]) -> Callable[P, Talk]:
    """Make a call: what is awaited in vain makes a talk that failed, not one that could not be judged."""

    @wraps(act)
    def attempt(*args: P.args, **kwargs: P.kwargs) -> Talk:
        try:
            return act(*args, **kwargs)
        except Unseen as error:
            return Talk.failed(error)

    return attempt


@contextmanager
def both(platform: Platform, caller: Line, called: Line) -> Iterator[tuple[Phone, Phone]]:
    """Two telephones in hand."""
    with phone(platform.remote, caller) as one, phone(platform.remote, called) as other:
        yield one, other


@tried
def inside(platform: Platform, caller: Line, called: Line, seconds: float) -> Talk:
    """An employee calls another one by his extension, and they talk for so long."""
    with both(platform, caller, called) as (one, other):
        call = one.dial(called.extension)
        ringing = other.incoming(RING_LIMIT_S)
        shown, name = other.caller(ringing)
        other.answer()
        one.wait_established(call, RING_LIMIT_S)
        other.wait_established(ringing, RING_LIMIT_S)
        time.sleep(seconds)
        one.hang_up()
        one.wait_ended(call, RING_LIMIT_S)
        other.wait_ended(ringing, RING_LIMIT_S)
        ears = (
            ear(one.name, one.media(), called.tone_hz, Window.of(call)),
            ear(other.name, other.media(), caller.tone_hz, Window.of(ringing)),
        )
        # What an Opus packet holds is told by the signalling alone, which is encrypted too.
        without_keys = (
            () if OPUS in caller.codecs else (overheard(one, called.tone_hz), overheard(other, caller.tone_hz))
        )
    waited_s = (ringing.ringing_s or call.begun_s) - call.begun_s
    answered_s = (call.established_s or call.begun_s) - call.begun_s
    return Talk(
        waited_s, answered_s, shown, name, (call.encryption, ringing.encryption), ears, eavesdropped=without_keys
    )


def held(platform: Platform, caller: Line, called: Line) -> Held:
    """A call put on hold for a while, then taken again."""
    caller = replace(caller, tone_hz=HOLDER_HZ)
    with both(platform, caller, called) as (one, other):
        call = one.dial(called.extension)
        ringing = other.incoming(RING_LIMIT_S)
        other.answer()
        one.wait_established(call, RING_LIMIT_S)
        other.wait_established(ringing, RING_LIMIT_S)
        time.sleep(HELD_S)
        one.hold()
        aside = time.monotonic() + BEGIN_S
        time.sleep(HELD_S)
        waiting = Window(aside, time.monotonic() - END_S)
        one.resume()
        again = time.monotonic() + BEGIN_S
        time.sleep(HELD_S)
        resumed = Window(again, time.monotonic() - END_S)
        one.hang_up()
        found, theirs = other.media(), one.media()
        return Held(
            ear(other.name, found, caller.tone_hz, waiting, silent=True),
            (ear(other.name, found, caller.tone_hz, resumed), ear(one.name, theirs, called.tone_hz, resumed)),
        )


@dataclass(frozen=True, slots=True)
class Carrier:
    """The exchange of the carrier, with an ear at its interface."""

    platform: Platform
    host: Host
    path: Path
    epoch_s: float
    began_s: float
    """Seconds of the epoch."""
    others: frozenset[int]
    """Ports of the voice of calls that went on before: they are somebody else's."""

    def media(self, ports: tuple[int, int] = VOICE) -> Media:
        """What it received and sent so far, unencrypted as carriers do: on all ports, or between two of them."""
        nothing = Keys((), (), STATIC)
        return media(self.path, str(self.host.address), ports, nothing, self.epoch_s, left_out=self.others)

    def opened(self) -> tuple[int, int]:
        """The first and the last port that calls have opened since. Raises Unseen if there is none."""
        ports = _voice_ports(self.platform, self.host) - self.others
        if not ports:
            raise Unseen(f"{self.host.name} : aucun port ouvert pour la voix de cet appel")
        return min(ports), max(ports)

    def called(self, number: str) -> re.Match[str] | None:
        """The call that the site made to a number, as the carrier wrote it down; None if there was none."""
        script = f"journalctl -u asterisk.service --since @{int(self.began_s)} -o cat --grep 'call: from='"
        told = [CALLING.search(line) for line in self.platform.remote.run(self.host.name, script).stdout.splitlines()]
        return next((found for found in reversed(told) if found and found["to"] == number), None)

    def wait_called(self, number: str) -> re.Match[str]:
        """The same. Raises Unseen if the carrier never had the call: somebody else answered the telephone."""
        deadline = time.monotonic() + WRITTEN_LIMIT_S

        def written() -> list[re.Match[str] | None]:
            found = self.called(number)
            return [found] if found or time.monotonic() > deadline else []

        (told,) = wait_until(written, 2 * WRITTEN_LIMIT_S, f"{self.host.name}, l'appel du {number}")
        if told is None:
            raise Unseen(f"{self.host.name} : aucun appel du {number}, un autre que lui a répondu")
        return told

    def ended(self, number: str) -> str:
        """How the call to a number of the site ended (ANSWER, NOANSWER, BUSY…); empty as long as it goes on."""
        script = f"journalctl -u asterisk.service --since @{int(self.began_s)} -o cat --grep 'call: to={number} ended='"
        told = ENDED.findall(self.platform.remote.run(self.host.name, script).stdout)
        return str(told[-1]) if told else ""

    def call(self, number: str, tone_hz: int, seconds: int, *, digits: str = "", ringing_s: int = 40) -> None:
        """Have somebody outside call the site; the call goes on by itself."""
        options = f"--seconds {seconds} --tone {tone_hz} --ringing {ringing_s}"
        options += f" --digits {shlex.quote(digits)}" if digits else ""
        done = self.platform.remote.run(self.host.name, f"operateur-appel {options} {number}")
        if done.rc != 0:
            raise Inconclusive(f"{self.host.name} : appel impossible ({done.stderr.strip()})")


@contextmanager
def listening_carrier(platform: Platform) -> Iterator[Carrier]:
    """Listen to the voice that reaches the carrier until the block ends."""
    host = carrier(platform.site)
    epoch_s, now_s = json.loads(platform.remote.run(host.name, f"python3 -c {shlex.quote(CLOCKS)}").stdout)
    with ExitStack() as stack:
        path = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="recette-appel-")), "operateur.pcap")
        expression = f"udp portrange {VOICE[0]}-{VOICE[1]}"
        stack.enter_context(capture(platform.remote, host.name, host.zones[0], path, expression))
        yield Carrier(platform, host, path, epoch_s, epoch_s + now_s, _voice_ports(platform, host))


def _voice_ports(platform: Platform, host: Host) -> frozenset[int]:
    """Ports that a carrier has open for voice."""
    told = platform.remote.run(host.name, BOUND.format(low=VOICE[0], high=VOICE[1]))
    if told.rc != 0:
        raise Inconclusive(f"{host.name} : ports de la voix illisibles ({told.stderr.strip()})")
    return frozenset(int(line.rpartition(":")[2]) for line in told.stdout.split())


def lasting(seconds: float) -> Enough:
    """A conversation of so long."""
    return lambda lasted_s: lasted_s >= seconds


@tried
def outward(platform: Platform, caller: Line, dialled: str, subscriber: Subscriber, enough: Enough) -> Talk:
    """An employee calls somebody outside, who answers with a tone; they talk until it is enough, or are cut off."""
    with listening_carrier(platform) as there, phone(platform.remote, caller) as one:
        call = one.dial(dialled)
        one.wait_established(call, RING_LIMIT_S)
        ports = there.opened()
        began_s = time.monotonic()
        while call.ended_s is None and not enough(time.monotonic() - began_s):
            time.sleep(LOOK_S)
        if call.ended_s is None:
            one.hang_up()
        one.wait_ended(call, RING_LIMIT_S)
        window = Window.of(call)
        told = there.wait_called(subscriber.number)
        ears = (
            ear(one.name, one.media(), subscriber.tone_hz, window),
            ear(subscriber.number, there.media(ports), caller.tone_hz, window),
        )
    answered = call.established_s or call.begun_s
    waited_s = (call.ringing_s or answered) - call.begun_s
    return Talk(waited_s, answered - call.begun_s, told["number"], told["name"], (call.encryption,), ears)


@tried
def inward(platform: Platform, called: Line, number: str, subscriber: Subscriber, seconds: int) -> Talk:
    """Somebody outside calls an employee by his direct number."""
    with listening_carrier(platform) as there, phone(platform.remote, called) as one:
        asked_s = time.monotonic()
        there.call(number, subscriber.tone_hz, seconds + 5)
        ringing = one.incoming(RING_LIMIT_S)
        waited_s = time.monotonic() - asked_s
        shown, name = one.caller(ringing)
        one.answer()
        one.wait_established(ringing, RING_LIMIT_S)
        time.sleep(seconds)
        one.hang_up()
        one.wait_ended(ringing, RING_LIMIT_S)
        window = Window.of(ringing)
        ears = (
            ear(one.name, one.media(), subscriber.tone_hz, window),
            ear(subscriber.number, there.media(), called.tone_hz, window),
        )
    answered_s = (ringing.established_s or asked_s) - asked_s
    return Talk(waited_s, answered_s, shown, name, (ringing.encryption,), ears)
