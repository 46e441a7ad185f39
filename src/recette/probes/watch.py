"""A user's view of a service while something else happens to the site: a stream of numbered probes, kept whole."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from enum import StrEnum
from subprocess import Popen

from recette.errors import Inconclusive
from recette.measure.outage import GRACE_S, Outage, Sample, outages
from recette.probes.agents import source as agent
from recette.probes.listeners import LIFE_S, listening
from recette.shell import Remote, finish, whole_lines

NS = 1e9
STOP_LIMIT_S = 10.0


class Mode(StrEnum):
    """What one probe is: see the `stream` agent."""

    CONNECT = "connect"
    UDP = "udp"
    SESSION = "session"
    DOWNLOAD = "download"

    @property
    def protocol(self) -> str:
        return "udp" if self is Mode.UDP else "tcp"


@dataclass(frozen=True, slots=True)
class Broken:
    """A session or a download that did not survive: when (CLOCK_MONOTONIC of the source, seconds), and why."""

    at_s: float
    why: str


class Watch:
    """The probes of one stream, as they come; complete once `stop` has returned."""

    def __init__(self, process: Popen[bytes], name: str) -> None:
        self.name = name
        self.broken: Broken | None = None
        self._samples: list[Sample] = []
        self._news = threading.Condition()
        self._ended = False
        self._process = process
        self._reader = threading.Thread(target=self._read, name=f"watch {name}", daemon=True)
        self._reader.start()

    @property
    def samples(self) -> tuple[Sample, ...]:
        """The probes whose fate is known, in the order of sending."""
        with self._news:
            return tuple(sorted(self._samples, key=lambda sample: sample.sent_s))

    def outages(self, grace_s: float = GRACE_S) -> tuple[Outage, ...]:
        """Every outage seen; `Inconclusive` when no probe was ever answered, for then nothing was watched."""
        samples = self.samples
        if not any(sample.received_s is not None for sample in samples):
            raise Inconclusive(f"{self.name} : aucune des {len(samples)} sondes n'a reçu de réponse")
        return outages(samples, grace_s)

    def wait_answered(self, count: int, limit_s: float, *, since_s: float = 0.0) -> None:
        """Waits until `count` probes sent after the instant `since_s` are answered; else `Inconclusive`."""

        def answered() -> int:
            return sum(sample.received_s is not None and sample.sent_s >= since_s for sample in self._samples)

        deadline = time.monotonic() + limit_s
        with self._news:
            while (got := answered()) < count:
                left = deadline - time.monotonic()
                if left <= 0 or self._ended or self.broken:
                    raise Inconclusive(f"{self.name} : {got} réponses en {limit_s:g} s, il en fallait {count}")
                self._news.wait(left)

    def stop(self) -> None:
        """Sends no more, waits for what is under way (1 s at most), and ends. May be called twice."""
        finish(self._process, STOP_LIMIT_S, self._reader)

    def _read(self) -> None:
        for line in whole_lines(self._process):
            number, sent, received, detail = json.loads(line)
            with self._news:
                if number is None:
                    self.broken = Broken(sent / NS, detail)
                else:
                    answered = None if received is None else received / NS
                    self._samples.append(Sample(number, sent / NS, answered, detail))
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()


@contextmanager
def watch(  # noqa: PLR0913 - the options of a stream, each with the value that fits most
    remote: Remote,
    source: str,
    address: str,
    port: int,
    mode: Mode = Mode.CONNECT,
    *,
    targets: Sequence[str] = (),
    guests: Sequence[str] = (),
    interval_ms: float = 20,
    patience_s: float = 30,
    rate: int = 200_000,
    service: bool = False,
) -> Iterator[Watch]:
    """Streams probes from `source` to a port until the block ends.

    `targets`: the hosts on which to listen meanwhile, several for a virtual address; `guests`: the addresses under
    which they may see the source, to be led past a real service. `service`: nobody listens there but the service, and
    a TCP handshake is its answer. `rate`: bytes per second of a download, up to 800,000. `patience_s`: how long an
    answer is waited for, hence how late one may be and still be kept.
    """
    ports = {target: {(mode.protocol, port)} for target in targets}
    payload = {
        "mode": mode.value,
        "address": address,
        "port": port,
        "interval_ms": interval_ms,
        "life_s": LIFE_S,
        "patience_s": patience_s,
        "rate": rate,
        "service": service,
    }
    with listening(remote, ports, guests=guests) if ports else nullcontext():
        stream = Watch(remote.popen_python(source, agent("stream"), payload), f"{source} -> {address} {mode} {port}")
        try:
            yield stream
        finally:
            stream.stop()
