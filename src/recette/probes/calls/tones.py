"""Who is heard, and when: the tone of one end looked for in what the other received, 20 ms at a time.

A window's share is the part of its energy that lies at the tone's frequency, by the bin that Goertzel's recurrence
computes: with N samples x, 2·|Σ x(n)·exp(-2iπnf/rate)|² / (N·Σ x(n)²), 1 for a pure tone. A tone is heard in a window
whose share and level both pass: silence, noise and somebody else's tone do not.
"""

from __future__ import annotations

import io
import wave
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from recette.measure.conversation import Track
from recette.probes.calls.media import Stream
from recette.probes.calls.sound import RATE, Samples, decoder

WINDOW_S = 0.02
WINDOW = round(RATE * WINDOW_S)
SHARE = 0.5
"""Half of the energy: a tone 50 Hz away, one bin of 20 ms, leaves less."""
LEVEL = 100.0
"""Root mean square, of 32,767: -50 dB of the loudest."""
GAP_S = 0.06
"""Two windows: less is what a jitter buffer smooths, and no silence that anybody hears."""


@dataclass(frozen=True, slots=True)
class Window:
    """20 ms of sound that came at `at_s`, and whether the tone is in it."""

    at_s: float
    heard: bool


@dataclass(frozen=True, slots=True)
class Gap:
    """A silence between two windows in which the tone was heard; it begins when the first of them ends."""

    start_s: float
    end_s: float

    @property
    def ms(self) -> float:
        return 1000 * (self.end_s - self.start_s)


@dataclass(frozen=True, slots=True)
class Hearing:
    """One tone as one end heard it, on a time line (seconds of CLOCK_MONOTONIC of its host)."""

    hz: int
    windows: tuple[Window, ...]

    @property
    def heard(self) -> tuple[Window, ...]:
        return tuple(window for window in self.windows if window.heard)

    @property
    def heard_s(self) -> float:
        """How much of the tone was heard, in seconds."""
        return WINDOW_S * len(self.heard)

    def gaps(
        self, longer_s: float = GAP_S, *, since_s: float | None = None, until_s: float | None = None
    ) -> tuple[Gap, ...]:
        """Silences between heard windows that last longer; with `since_s` and `until_s`, the silences at both ends too.

        The whole of [since_s, until_s] is one gap if the tone was not heard in it.
        """
        heard = [
            w.at_s
            for w in self.heard
            if (since_s is None or w.at_s >= since_s) and (until_s is None or w.at_s <= until_s)
        ]
        ends = [at + WINDOW_S for at in heard]
        starts = list(heard)
        if since_s is not None:
            ends.insert(0, since_s)
        elif starts:
            starts.pop(0)
        if until_s is not None:
            starts.append(until_s)
        elif ends:
            ends.pop()
        return tuple(Gap(end, start) for end, start in zip(ends, starts, strict=True) if start - end > longer_s)

    def longest_ms(self, *, since_s: float | None = None, until_s: float | None = None) -> float:
        """The longest silence, in milliseconds; 0 if none lasts longer than two windows."""
        return max((gap.ms for gap in self.gaps(since_s=since_s, until_s=until_s)), default=0.0)

    def track(self, label: str, *, since_s: float | None = None, until_s: float | None = None) -> Track:
        """The same, for the picture of a conversation; `label` in French."""
        gaps = [(gap.start_s, gap.end_s) for gap in self.gaps(since_s=since_s, until_s=until_s)]
        return Track(label, [window.at_s for window in self.heard], gaps, WINDOW_S)


def share(samples: Samples, hz: float, rate: int = RATE) -> float:
    """The part of the energy of some samples that lies at a frequency, from 0 to 1; 0 for silence."""
    sound = samples.astype(np.float64)
    energy = float(np.dot(sound, sound))
    if not energy:
        return 0.0
    turning = np.exp(-2j * np.pi * hz / rate * np.arange(len(sound)))
    return float(2 * abs(np.dot(sound, turning)) ** 2 / (len(sound) * energy))


def level(samples: Samples) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(samples.astype(np.float64) ** 2))) if len(samples) else 0.0


def listen(sounds: Iterable[tuple[float, Samples]], hz: int) -> Hearing:
    """Look for a tone in sounds, each with the instant at which it came."""
    windows = []
    for at_s, samples in sounds:
        for start in range(0, len(samples) - WINDOW + 1, WINDOW):
            part = samples[start : start + WINDOW]
            heard = level(part) >= LEVEL and share(part, hz) >= SHARE
            windows.append(Window(at_s + start / RATE, heard))
    return Hearing(hz, tuple(windows))


def hearing(streams: Sequence[Stream], hz: int, *, since_s: float = 0.0) -> Hearing:
    """A tone in everything that a telephone received, one stream after the other, from an instant on."""
    heard = [window for stream in streams for window in listen(sounds(stream), hz).windows if window.at_s >= since_s]
    return Hearing(hz, tuple(sorted(heard, key=lambda window: window.at_s)))


def sounds(stream: Stream) -> Iterable[tuple[float, Samples]]:
    """The decoded sound of a stream's packets, each at its arrival; duplicates and what no key opens are silent."""
    voice = stream.voice
    if not voice:
        return
    decode = decoder(stream.name)
    done: set[tuple[int, int]] = set()
    for packet in voice:
        if packet.payload is not None and (packet.sequence, packet.timestamp) not in done:
            done.add((packet.sequence, packet.timestamp))
            yield packet.at_s, decode(packet.payload)


def recording(streams: Sequence[Stream]) -> bytes:
    """A WAV file of what a telephone received, each sound at its own time from the first one on, silence between."""
    heard = sorted((piece for stream in streams for piece in sounds(stream)), key=lambda piece: piece[0])
    begun = heard[0][0] if heard else 0.0
    pieces: list[Samples] = []
    length = 0
    for at_s, samples in heard:
        silence = round((at_s - begun) * RATE) - length
        if silence > GAP_S * RATE:
            pieces.append(np.zeros(silence, dtype=np.int16))
            length += silence
        pieces.append(samples)
        length += len(samples)
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(RATE)
        written.writeframes(b"".join(piece.astype("<i2").tobytes() for piece in pieces))
    return file.getvalue()
