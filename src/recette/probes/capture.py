"""Packets that passed an interface of a host, streamed to a local file while a block runs."""

from __future__ import annotations

import re
import shlex
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen

from scapy.layers import inet, inet6  # noqa: F401 - scapy decodes the layers that were imported
from scapy.packet import Packet
from scapy.utils import rdpcap

from recette.errors import Inconclusive
from recette.shell import Remote, finish

READY_LIMIT_S = 10.0
SNAPLEN = 256
"""Bytes kept of each packet: every header, and enough of the content to recognise a probe."""
BUFFER_KIB = 32768
"""In immediate mode each packet takes the place of a whole `snaplen` in the kernel's buffer: 500 of the longest."""
# tcpdump does not look at its stdin: a shell does, and ends it politely, so that it writes its totals.
SCRIPT = """exec 3<&0
tcpdump -i {interface} -s {snaplen} -B {buffer} --immediate-mode -U -n -w - {expression} & pid=$!
{{ read _ <&3; kill $pid; }} >/dev/null 2>&1 &
wait $pid"""


class Capture:
    """One running or finished capture."""

    def __init__(self, process: Popen[bytes], path: Path, name: str) -> None:
        self.path = path
        self._process = process
        self.name = name
        self._said: list[str] = []
        self._listening = threading.Event()
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()

    def packets(self) -> list[Packet]:
        """The packets captured, in the order of the wire; complete once the block has ended."""
        return list(rdpcap(str(self.path)))

    @property
    def dropped(self) -> int:
        """Packets that the kernel could not hand over: with one of them, an absence proves nothing."""
        found = re.search(r"(\d+) packets? dropped by kernel", "\n".join(self._said))
        if not found:
            raise Inconclusive(f"{self.name} : la capture n'a pas rendu son bilan")
        return int(found[1])

    def wait_ready(self) -> None:
        self._listening.wait(READY_LIMIT_S)
        if not any("listening on" in line for line in self._said):
            self.stop()
            raise Inconclusive(f"{self.name} : capture impossible ({' '.join(self._said) or 'sans message'})")

    def stop(self) -> None:
        finish(self._process, READY_LIMIT_S, self._reader)

    def _listen(self) -> None:
        for raw in self._process.stderr or ():
            self._said.append(raw.decode(errors="replace").strip())
            if "listening on" in self._said[-1]:
                self._listening.set()
        self._listening.set()


@contextmanager
def capture(  # noqa: PLR0913 - where, and what of it
    remote: Remote, host: str, interface: str, path: Path, expression: str = "", *, snaplen: int = SNAPLEN
) -> Iterator[Capture]:
    """Captures into `path` what matches a pcap expression on an interface, from before the block to its end.

    `snaplen`: bytes kept of each packet. `Inconclusive` if the capture cannot start.
    """
    script = SCRIPT.format(
        interface=shlex.quote(interface), snaplen=snaplen, buffer=BUFFER_KIB, expression=shlex.quote(expression)
    )
    with path.open("wb") as file:
        running = Capture(remote.popen(host, script, stdout=file), path, f"{host}, interface {interface}")
    running.wait_ready()
    try:
        yield running
    finally:
        running.stop()
