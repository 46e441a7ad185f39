"""The machine protocol of QEMU: one connection, one question after the other."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator
from typing import IO, Any

FOLDER = "/run/hyperviseur"
LIMIT_S = 5.0


class QmpError(Exception):
    """QEMU does not answer, or refuses."""


class Monitor:
    """An open connection."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._line()
        self.ask("qmp_capabilities")

    def ask(self, order: str, **arguments: Any) -> Any:
        """The answer to an order; events that come meanwhile are passed over."""
        try:
            self._stream.write(json.dumps({"execute": order, "arguments": arguments}) + "\n")
            self._stream.flush()
        except OSError as error:
            raise QmpError(f"{order}: {error}") from error
        while True:
            answer = self._line()
            if "error" in answer:
                raise QmpError(f"{order}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]

    def _line(self) -> dict[str, Any]:
        try:
            line = self._stream.readline()
        except OSError as error:
            raise QmpError(str(error)) from error
        if not line:
            raise QmpError("connection closed")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextlib.contextmanager
def monitor(vmid: int) -> Iterator[Monitor]:
    """The monitor of a guest of this node. Raises QmpError if there is none."""
    with socket.socket(socket.AF_UNIX) as channel:
        channel.settimeout(LIMIT_S)
        try:
            channel.connect(f"{FOLDER}/{vmid}.qmp")
        except OSError as error:
            raise QmpError(f"guest {vmid}: {error}") from error
        with channel.makefile("rw", encoding="utf-8") as stream:
            yield Monitor(stream)


def state(vmid: int) -> str | None:
    """What QEMU says of a guest (running, paused, inmigrate, io-error…); None if it does not run here."""
    try:
        with monitor(vmid) as asked:
            return str(asked.ask("query-status")["status"])
    except QmpError:
        return None
