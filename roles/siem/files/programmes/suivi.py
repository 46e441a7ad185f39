"""A file of lines that another program writes, read once and in its order, across restarts of the reader."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

LARGEST = 1 << 20
"""Bytes read at once."""


class Follower:
    """`memory` is where the place reached is kept: what was not acknowledged is read again after a restart."""

    def __init__(self, path: Path, memory: Path) -> None:
        self._path, self._memory = path, memory
        kept = json.loads(memory.read_text(encoding="ascii")) if memory.exists() else {"offset": 0}
        self.offset: int = kept["offset"]

    def lines(self) -> Iterator[tuple[int, str]]:
        """Each whole line written since, and where it ends. A file that was made again is read from its start."""
        if not self._path.exists():
            return
        with self._path.open("rb") as stream:
            if os.fstat(stream.fileno()).st_size < self.offset:
                self.offset = 0
            place = self.offset
            stream.seek(place)
            data = stream.read(LARGEST)
        *whole, _rest = data.split(b"\n")
        for line in whole:
            place += len(line) + 1
            yield place, line.decode(errors="replace")

    def acknowledge(self, place: int) -> None:
        """Everything up to there is done with."""
        self.offset = place
        draft = self._memory.with_suffix(".draft")
        draft.write_text(json.dumps({"offset": place}), encoding="ascii")
        draft.replace(self._memory)
