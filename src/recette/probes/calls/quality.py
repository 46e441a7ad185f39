"""How good a voice stream is: losses, jitter, and the listener's opinion that ITU-T's E-model foresees.

MOS by ITU-T G.107 (06/2015) with every parameter at its default but those of the network: R = 93.2 - Idd - Ie,eff.

- Idd, the delay: 0 up to 100 ms one way; beyond, with X = log2(Ta/100),
  25·((1+X⁶)^(1/6) - 3·(1+(X/3)⁶)^(1/6) + 2). No echo: the ends are not telephones with a hybrid.
- Ie,eff = Ie + (95-Ie)·Ppl/(Ppl/BurstR + Bpl), Ppl in percent.
- MOS = 1 + 0.035·R + R·(R-60)·(100-R)·7·10⁻⁶ (annex B), from 1 to 4.5.

Ie and Bpl of G.711 with packet loss concealment: 0 and 25.1 (ITU-T G.113 appendix I). It has no narrow-band value for
Opus: the same Ie as G.711 and the Bpl without concealment, 4.3, which overstates what a loss does.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from recette.errors import Inconclusive
from recette.probes.calls.media import Packet, Stream

FACTORS = {"PCMA": (0.0, 25.1), "PCMU": (0.0, 25.1), "OPUS": (0.0, 4.3)}
DEFAULT_R = 93.2
FREE_DELAY_MS = 100.0
BEST = 4.5
WRAP = 1 << 16
PLAYOUT_JITTERS = 2
"""A jitter buffer holds twice the mean deviation (RFC 3550) at least, beside the packet's own length."""


@dataclass(frozen=True, slots=True)
class Quality:
    """One stream of voice. `jitter_ms` by RFC 3550 (6.4.1), at its highest; `missing` counted from sequence numbers."""

    codec: str
    expected: int
    missing: int
    duplicates: int
    reordered: int
    jitter_ms: float
    longest_step_ms: float
    delay_ms: float

    @property
    def loss(self) -> float:
        """Lost packets, as a share of those expected."""
        return self.missing / self.expected if self.expected else 1.0

    @property
    def mos(self) -> float:
        return mos(rating(self.codec, self.loss, self.delay_ms))


def rating(codec: str, loss: float, delay_ms: float, burst: float = 1.0) -> float:
    """R of the E-model; `loss` as a share, `burst` is BurstR, 1 for losses that are independent of each other."""
    equipment, robustness = FACTORS.get(codec.upper(), FACTORS["OPUS"])
    percent = 100 * loss
    effective = equipment + (95 - equipment) * percent / (percent / burst + robustness)
    return DEFAULT_R - delay_impairment(delay_ms) - effective


def delay_impairment(delay_ms: float) -> float:
    """Idd: `delay_ms` from mouth to ear, one way."""
    if delay_ms <= FREE_DELAY_MS:
        return 0.0
    x = math.log2(delay_ms / FREE_DELAY_MS)
    return 25.0 * float((1 + x**6) ** (1 / 6) - 3 * (1 + (x / 3) ** 6) ** (1 / 6) + 2)


def mos(r: float) -> float:
    """Mean opinion score of a rating."""
    if r <= 0:
        return 1.0
    if r >= 100:  # noqa: PLR2004 - the top of the scale
        return BEST
    return max(1.0, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6)


def quality(
    stream: Stream, *, network_delay_ms: float = 0.0, since_s: float = -math.inf, until_s: float = math.inf
) -> Quality:
    """Judge the packets of a stream; `network_delay_ms` is how long one takes from end to end.

    `since_s` and `until_s` (CLOCK_MONOTONIC of the host) leave the rest out: a call on hold sends nothing while its
    numbers run on, and Asterisk skips three numbers at each key pressed. Packets that no key opens are a stranger's,
    and reach no ear. The delay judged is the network's, the length of a packet and a jitter buffer of twice the
    jitter.
    """

    def counted(among: Iterable[Packet]) -> tuple[Packet, ...]:
        return tuple(one for one in among if one.payload is not None and since_s <= one.at_s <= until_s)

    packets = counted(stream.voice)
    extended = _extended(counted(stream.packets))
    distinct = sorted(set(extended))
    expected = distinct[-1] - distinct[0] + 1 if distinct else 0
    jitter_ms = 1000 * jitter(packets, stream.rate)
    length_ms = _length_ms(packets, stream.rate)
    gaps = [later.at_s - sooner.at_s for sooner, later in pairwise(packets)]
    return Quality(
        codec=stream.name,
        expected=expected,
        missing=expected - len(distinct),
        duplicates=len(extended) - len(distinct),
        reordered=sum(later < sooner for sooner, later in pairwise(extended)),
        jitter_ms=jitter_ms,
        longest_step_ms=1000 * max(gaps, default=0.0),
        delay_ms=network_delay_ms + length_ms + PLAYOUT_JITTERS * jitter_ms,
    )


def network_ms(sent: Stream, received: Stream) -> float:
    """How long the network and whoever relays take, by the keys pressed: from the wire of one end to the other's.

    Inconclusive if no key passed. Both hosts must share a clock, as those of a twin do.
    """
    pairs = zip(sent.pressed, received.pressed, strict=False)
    steps = [arrived - left for (one, left), (other, arrived) in pairs if one == other]
    if not steps:
        raise Inconclusive("Délai de la voix : aucune touche n'est passée d'un bout à l'autre")
    return 1000 * median(steps)


def jitter(packets: Sequence[Packet], rate: int) -> float:
    """The highest interarrival jitter of a run, in seconds: J += (|D| - J)/16 for each packet (RFC 3550, 6.4.1).

    A mark begins a new talk spurt, whose clock may have jumped.
    """
    highest = current = 0.0
    for sooner, later in pairwise(packets):
        if later.marker:
            continue
        ticks = (later.timestamp - sooner.timestamp + (1 << 31)) % (1 << 32) - (1 << 31)
        current += (abs(later.at_s - sooner.at_s - ticks / rate) - current) / 16
        highest = max(highest, current)
    return highest


def _extended(packets: Sequence[Packet]) -> list[int]:
    """Sequence numbers without their wrap-around, in the order of arrival."""
    found: list[int] = []
    for packet in packets:
        last = found[-1] if found else packet.sequence
        found.append(last + (packet.sequence - last + WRAP // 2) % WRAP - WRAP // 2)
    return found


def _length_ms(packets: Sequence[Packet], rate: int) -> float:
    """How much sound one packet carries, by the commonest step of the clock."""
    ticks = [later.timestamp - sooner.timestamp for sooner, later in pairwise(packets)]
    return 1000 * max(set(ticks), key=ticks.count) / rate if ticks else 0.0
