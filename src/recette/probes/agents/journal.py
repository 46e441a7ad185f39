"""Reads what the firewall's log gained since a mark, and keeps six fields of each line.

Payload: {"path", "since": [inode, size] or null, "sentinels": [address, …], "limit_s"}. Without "since", prints
[[inode, size] or null, lost]. With it, prints [how, lines, lost] where a line is
"prefix|source|destination|protocol|sport|dport", `lost` counts the messages that the kernel could not hand to the
writer since it started, and `how` tells why the log is known to be complete:

- "sentinel": a datagram that this host just sent, to an address that no rule permits, is in the log after all the rest
  (the kernel's queue and the writer keep the order);
- "quiet": the log did not change during more than the second for which the kernel may hold packets back;
- "growing": neither, within the limit: the log is not complete.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import time
from itertools import islice
from pathlib import Path
from typing import Any

QUIET_S = 1.5  # the kernel hands packets over after 1 s at most (NFLOG flush timer), then the writer writes
STEP_S = 0.02
CHUNK = 1 << 22
PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 50: "esp", 58: "icmp", 112: "vrrp"}
DISCARD = 9
WRITER = "ulogd"


class Log:
    """The log file from a mark on, parsed as it grows: a hundred megabytes are never held at once."""

    def __init__(self, path: Path, since: list[int] | None) -> None:
        self.path = path
        self.inode, self.offset = since or (0, 0)
        self.rest = b""
        self.lines: dict[str, None] = {}

    def grow(self) -> bool:
        """Reads what came since the last call, even through a rotation (renamed or truncated); False if nothing did."""
        present, before = mark(self.path), (self.inode, self.offset)
        if present is None:
            return False
        if present[0] != self.inode:
            rotated = self.path.with_name(self.path.name + ".1")
            if self.inode and (mark(rotated) or [0])[0] == self.inode:
                self._read(rotated)
            self.inode, self.offset, self.rest = present[0], 0, b""
        elif present[1] < self.offset:
            self.offset, self.rest = 0, b""
        self._read(self.path)
        return (self.inode, self.offset) != before

    def _read(self, path: Path) -> None:
        with path.open("rb") as file:
            file.seek(self.offset)
            while fresh := file.read(CHUNK):
                self.offset += len(fresh)
                *raw, self.rest = (self.rest + fresh).split(b"\n")
                self.lines.update(dict.fromkeys(filter(None, map(six_fields, raw))))

    def wait_complete(self, sentinel: str, limit_s: float) -> str:
        """Reads on until nothing more can come; see the module's docstring for the answer."""
        start = changed = time.monotonic()
        searched = 0
        while time.monotonic() - start < limit_s:
            if self.grow():
                changed = time.monotonic()
                if sentinel and any(line.endswith(sentinel) for line in islice(self.lines, searched, None)):
                    return "sentinel"
                searched = len(self.lines)
            elif time.monotonic() - changed >= QUIET_S:
                return "quiet"
            time.sleep(STEP_S)
        return "growing"


def mark(path: Path) -> list[int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return [found.st_ino, found.st_size]


def lost_messages() -> int:
    """Messages of the kernel that the writer was too slow to take: each one may have held many lines."""
    sockets = set()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            if (process / "comm").read_text().strip() == WRITER:
                sockets |= {str(descriptor.readlink()) for descriptor in (process / "fd").iterdir()}
    rows = [line.split() for line in Path("/proc/net/netlink").read_text().splitlines()[1:]]
    return sum(int(drops) for *_, drops, inode in rows if f"socket:[{inode}]" in sockets)


def send_sentinel(addresses: list[str]) -> str:
    """Sends a datagram to the first address that has a route; returns how its line in the log must end."""
    for address in addresses:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind(("", 0))
            port = sock.getsockname()[1]
            try:
                sock.sendto(b"recette sentinel", (address, DISCARD))
            except PermissionError:
                pass  # the firewall dropped it on the way out, as hoped for
            except OSError:
                continue
            return f"|{address}|udp|{port}|{DISCARD}"
    return ""


def six_fields(raw: bytes) -> str:
    """What a line of the log says of a packet; "" for what the firewall did not write."""
    try:
        entry: dict[str, Any] = json.loads(raw)
        protocol = entry["ip.protocol"]
        head = (entry["oob.prefix"].strip(), entry["src_ip"], entry["dest_ip"], PROTOCOLS.get(protocol, protocol))
    except (ValueError, KeyError, TypeError):
        return ""
    identifier = entry.get("icmp.echoid", entry.get("icmpv6.echoid", 0))
    return "|".join(map(str, (*head, entry.get("src_port", identifier), entry.get("dest_port", 0))))


def main() -> None:
    payload = json.loads(sys.stdin.buffer.readline())
    path = Path(payload["path"])
    if "since" not in payload:
        sys.stdout.write(json.dumps([mark(path), lost_messages()]))
        return
    log = Log(path, payload["since"])
    how = log.wait_complete(send_sentinel(payload["sentinels"]), payload["limit_s"])
    sys.stdout.write(json.dumps([how, list(log.lines), lost_messages()]))
    sys.stdout.flush()
    os._exit(0)  # a hundred thousand lines need no tidy end


if __name__ == "__main__":
    main()
