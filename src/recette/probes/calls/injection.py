"""A third party who speaks into a call: what he sends, for somebody's ears to judge whether it was heard."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recette.probes.agents import source
from recette.probes.calls.media import Stream
from recette.probes.calls.sound import A_LAW, RATE
from recette.shell import Remote

LIMIT_S = 90.0
WINDOW_S = 0.02
AMPLITUDE = 8000
PCMA = 8


@dataclass(frozen=True, slots=True)
class Injection:
    """Voice from an address, true or pretended, to the ports where a call's voice comes in: a tone, in A-law.

    `like`: a stream of the call whose numbers are gone on with, as somebody who overhears it would; else any. At most
    6,000 packets and 60 s.
    """

    address: str
    port: int
    targets: Sequence[tuple[str, int]]
    hz: int = 1000
    count: int = 150
    gap_s: float = WINDOW_S
    like: Stream | None = None


def inject(remote: Remote, host: str, what: Injection) -> int:
    """Send it from a host; how many packets left. Inconclusive if the host cannot be asked."""
    last = what.like.packets[-1] if what.like and what.like.packets else None
    payload = {
        "source": what.address,
        "source_port": what.port,
        "targets": [list(target) for target in what.targets],
        "payload": base64.b64encode(tone(what.hz)).decode(),
        "kind": last.kind if last else PCMA,
        "count": what.count,
        "gap_s": what.gap_s,
        "ssrc": what.like.source if what.like else secrets.randbits(32),
        "sequence": last.sequence + 1 if last else secrets.randbits(16),
        "timestamp": last.timestamp + round(RATE * WINDOW_S) if last else secrets.randbits(32),
    }
    told = remote.python(host, source("calls/inject"), payload, timeout_s=LIMIT_S)
    return int(told["sent"])


def tone(hz: int) -> bytes:
    """20 ms of a tone in A-law; multiples of 50 Hz join without a click."""
    wave = AMPLITUDE * np.sin(2 * np.pi * hz / RATE * np.arange(round(RATE * WINDOW_S)))
    nearest = np.abs(A_LAW.astype(np.int32)[None, :] - wave[:, None]).argmin(axis=1)
    return bytes(nearest.tolist())
