"""Many calls at once: sipp on one host, and what it counted."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from recette.errors import Inconclusive
from recette.probes.agents import source
from recette.shell import Remote, finish, first_line

READY_LIMIT_S = 15.0
MARGIN_S = 30.0
RTP_PORTS = (10000, 10099)


@dataclass(frozen=True, slots=True)
class Load:
    """Calls from one address to one number. The agent refuses more than 100/s, 200 at once, 10,000 calls or 300 s.

    With `rtp`, each call says a tone of 440 Hz in A-law (50 packets/s), which whoever answers may send back.
    """

    host: str
    address: str
    target: str
    number: str
    caller: str = "0612345678"
    port: int = 5066
    target_port: int = 5060
    rate: int = 1
    simultaneous: int = 10
    calls: int = 10
    hold_s: float = 5.0
    rtp: bool = True
    ports: tuple[int, int] = RTP_PORTS
    life_s: float = 120.0

    def payload(self, side: Literal["call", "answer"]) -> dict[str, Any]:
        return {
            "side": side,
            "address": self.address,
            "port": self.port,
            "target": self.target,
            "target_port": self.target_port,
            "number": self.number,
            "caller": self.caller,
            "rate": self.rate,
            "simultaneous": self.simultaneous,
            "calls": self.calls,
            "hold_s": self.hold_s,
            "rtp": self.rtp,
            "ports": list(self.ports),
            "life_s": self.life_s,
        }


@dataclass(frozen=True, slots=True)
class Loaded:
    """What sipp counted from the first call to the last. `peak`: calls at once; `setup_ms`: mean, to the answer."""

    created: int
    successful: int
    failed: int
    peak: int
    rate: float
    setup_ms: float
    retransmissions: int
    errors: str

    @property
    def failures(self) -> float:
        """Failed calls, as a share of those created."""
        return self.failed / self.created if self.created else 1.0


def load(remote: Remote, wish: Load) -> Loaded:
    """Make the calls and wait for the last. Inconclusive if sipp cannot work."""
    process = remote.popen_python(wish.host, source("calls/load"), wish.payload("call"))
    first = first_line(process, READY_LIMIT_S)
    last = first_line(process, wish.life_s + MARGIN_S) if first else b""
    reason = finish(process)
    if not last:
        raise Inconclusive(f"{wish.host} : la charge d'appels s'est arrêtée ({reason})")
    told = json.loads(last)
    return parse(told["statistics"], told["errors"], wish.host)


@contextmanager
def answering(remote: Remote, host: str, address: str, port: int = 5066, *, life_s: float = 120.0) -> Iterator[None]:
    """Somebody at `address` who answers every call and sends its sound back, until the block ends."""
    wish = Load(host, address, address, "", port=port, life_s=life_s)
    process = remote.popen_python(host, source("calls/load"), wish.payload("answer"))
    try:
        if not first_line(process, READY_LIMIT_S):
            raise Inconclusive(f"{host} : personne pour répondre ({finish(process)})")
        yield
    finally:
        finish(process, READY_LIMIT_S)


def parse(statistics: str, errors: str = "", host: str = "sipp") -> Loaded:
    """Read sipp's statistics file (`-trace_stat`): (C) columns are cumulative, so the last line has them all."""
    rows = list(csv.DictReader(io.StringIO(statistics), delimiter=";"))
    if not rows:
        complaint = (errors.strip().splitlines() or ["sans message"])[0]
        raise Inconclusive(f"{host} : sipp n'a rien compté ({complaint})")
    last = rows[-1]
    return Loaded(
        created=int(last["TotalCallCreated"]),
        successful=int(last["SuccessfulCall(C)"]),
        failed=int(last["FailedCall(C)"]),
        peak=max(int(row["CurrentCall"]) for row in rows),
        rate=float(last["CallRate(C)"]),
        setup_ms=1000 * seconds(last["ResponseTime1(C)"]),
        retransmissions=int(last["Retransmissions(C)"]),
        errors=errors,
    )


def seconds(told: str) -> float:
    """« 00:00:01:250000 », hours to microseconds, as sipp writes a time."""
    hours, minutes, whole, micro = (int(part) for part in told.split(":"))
    return 3600 * hours + 60 * minutes + whole + micro / 1e6
