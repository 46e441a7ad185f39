"""Writes on a guest that it acknowledges, one after the other, and what is found on its disk afterwards."""

from __future__ import annotations

import json
import subprocess
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from recette.errors import Inconclusive
from recette.probes.agents import source
from recette.shell import Remote, finish, whole_lines

PERIOD_S, LIMIT_S = 0.2, 2.0
END_S = 5.0
READ = "curl --silent --show-error --fail --max-time 15 http://{address}/cgi-bin/lire"


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A line that is on the disk, the guest says. Instants are of the writer's own clock."""

    number: int
    asked_s: float
    at_s: float


class Writer:
    """Writes from a host of the site, from `start` to `stop`."""

    def __init__(self, remote: Remote, host: str, address: str, mark: str) -> None:
        """`mark` begins each line: letters and digits, of this writer alone."""
        self._remote, self._host, self._address, self.mark = remote, host, address, mark
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self.acknowledged: list[Acknowledged] = []

    def start(self) -> None:
        wish = {"host": self._address, "mark": self.mark, "period_s": PERIOD_S, "limit_s": LIMIT_S}
        self._process = self._remote.popen_python(self._host, source("hypervisor/writer"), wish)
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()

    def stop(self) -> tuple[Acknowledged, ...]:
        """Every acknowledgement; can be repeated. Inconclusive if there was none at all."""
        said = self.end()
        if not self.acknowledged:
            raise Inconclusive(f"Aucune écriture acquittée par {self._address} ({said or 'arrêt déjà demandé'})")
        return tuple(self.acknowledged)

    def end(self) -> str:
        """Stop writing, whatever was acknowledged; what the agent said last, if it said anything."""
        if self._process is None:
            return ""
        process, self._process = self._process, None
        return finish(process, END_S, self._reader)

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        for line in whole_lines(process):
            self.acknowledged.append(Acknowledged(*json.loads(line)))


def longest_gap(told: Sequence[Acknowledged]) -> float:
    """The longest time for which nothing was acknowledged, in seconds: the upper bound of an outage."""
    return max((after.at_s - before.at_s for before, after in pairwise(told)), default=0.0)


@dataclass(frozen=True, slots=True)
class Journal:
    """What stands on the disk of a guest: numbers of one writer, each with the boot of the guest that wrote it."""

    lines: tuple[tuple[int, str], ...]

    def lost(self, told: Sequence[Acknowledged]) -> tuple[int, ...]:
        """Numbers that were acknowledged and are not there."""
        present = {number for number, _ in self.lines}
        return tuple(each.number for each in told if each.number not in present)

    def interleaved(self) -> tuple[str, ...]:
        """Boots of the guest that wrote again after another one had: two of its copies ran at once."""
        order = [boot for index, (_, boot) in enumerate(self.lines) if not index or self.lines[index - 1][1] != boot]
        return tuple(boot for boot, count in Counter(order).items() if count > 1)

    def boots(self) -> int:
        return len({boot for _, boot in self.lines})


def journal(remote: Remote, host: str, address: str, mark: str) -> Journal:
    """The lines of a writer, read by a host of the site. Inconclusive if the guest does not answer."""
    told = remote.run(host, READ.format(address=address))
    if told.rc != 0:
        raise Inconclusive(f"Le journal de {address} ne se lit pas : {told.stderr.strip()}")
    return parse(told.stdout, mark)


def parse(text: str, mark: str) -> Journal:
    """The lines of one writer; the others, and one that was cut short, are left out."""
    found = [line.split() for line in text.splitlines() if line.startswith(f"{mark}-")]
    return Journal(tuple((int(line[0].rpartition("-")[2]), line[1]) for line in found if len(line) == 2))  # noqa: PLR2004 - number and boot
