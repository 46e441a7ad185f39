"""Refusals that the firewall of this host has written, followed as they come."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO

DROP = re.compile(rb'"oob\.prefix": "N(\d):([^"]*):drop "')
PROTOCOLS = {b"1": "icmp", b"6": "tcp", b"17": "udp", b"58": "icmp6", b"112": "vrrp"}


class Refusals:
    """Follows a JSON log from its end and its rotations. At most `most` lines a second are told, the rest counted."""

    def __init__(self, path: Path, most: int) -> None:
        self._path, self._most = path, most
        self._stream: IO[bytes] | None = None
        self._second, self._told, self._left_out = 0, 0, 0
        self._rest = b""
        self._open(at_end=True)

    def read(self, now_s: float) -> Iterator[str]:
        """What was written since the last time."""
        if int(now_s) != self._second:
            if self._left_out:
                yield f"drops left_out={self._left_out}"
            self._second, self._told, self._left_out = int(now_s), 0, 0
        for raw in self._lines():
            found = DROP.search(raw)
            if not found:
                continue
            if self._told >= self._most:
                self._left_out += 1
                continue
            self._told += 1
            yield described(raw, found[1].decode(), found[2].decode(errors="replace"))

    def close(self) -> None:
        """Follow no longer."""
        if self._stream:
            self._stream.close()
            self._stream = None

    def _lines(self) -> Iterator[bytes]:
        while True:
            if self._stream is None and not self._open(at_end=False):
                return
            assert self._stream
            data = self._stream.read(1 << 20)
            if data:
                *whole, self._rest = (self._rest + data).split(b"\n")
                yield from whole
            elif self._rotated():
                self.close()
                self._rest = b""
            else:
                return

    def _open(self, *, at_end: bool) -> bool:
        try:
            self._stream = self._path.open("rb", buffering=0)
        except FileNotFoundError:
            return False
        if at_end:
            self._stream.seek(0, 2)
        return True

    def _rotated(self) -> bool:
        assert self._stream
        own = Path(f"/proc/self/fd/{self._stream.fileno()}").stat()
        try:
            now = self._path.stat()
        except FileNotFoundError:
            return False
        return (own.st_dev, own.st_ino) != (now.st_dev, now.st_ino) or now.st_size < self._stream.tell()


def described(raw: bytes, level: str, reason: str) -> str:
    """One refusal, in the words of the collector."""
    protocol = _field(raw, b"ip.protocol").encode()
    source, target = _field(raw, b"src_ip"), _field(raw, b"dest_ip")
    port = _field(raw, b"dest_port")
    return (
        f"drop level={level} reason={reason} in={_field(raw, b'oob.in')} source={source} target={target}"
        f" protocol={PROTOCOLS.get(protocol, protocol.decode() or '-')} port={port}"
    )


def _field(raw: bytes, name: bytes) -> str:
    found = re.search(rb'"' + re.escape(name) + rb'": "?([^",}]*)', raw)
    return found[1].decode(errors="replace") if found and found[1] else "-"
