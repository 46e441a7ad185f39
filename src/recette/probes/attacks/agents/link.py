"""Raw access to a host's links: where a packet leaves, what passes by."""

from __future__ import annotations

import base64
import ctypes
import json
import select
import socket
import struct
import subprocess
import time
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from recette.probes.attacks.agents import limits

ETH_P_ALL = 3
SO_ATTACH_FILTER = 26
SO_RCVBUFFORCE = 33
SO_TIMESTAMPNS = 35
SOL_PACKET = 263
PACKET_STATISTICS = 6
PACKET_OUTGOING = 4
RECEIVE_BUFFER = 8 << 20
SNAP = 2048
NEIGHBOUR_WAIT_S = 3.0
RESOLVED = "resolved"
"""In the place of a link address: the one that the neighbour itself gives."""

# Classic BPF: load half-word, load word, and, compare, return (linux/bpf_common.h).
LDH, LD, AND, JEQ, JGE, JGT, RET = 0x28, 0x20, 0x54, 0x15, 0x35, 0x25, 0x06
IPV4, ARP, IPV6 = 0x0800, 0x0806, 0x86DD
IPV4_ID, IPV6_LABEL, LABEL_MASK = 18, 14, 0xFFFFF
DIRECTION = 0xFFFFF004
"""Where classic BPF reads the direction of a frame (SKF_AD_OFF + SKF_AD_PKTTYPE)."""

Instruction = tuple[int, int, int, int]


class Frame(NamedTuple):
    """A captured frame; `time` is the kernel's, in seconds since the epoch."""

    time: float
    dev: str
    out: bool
    data: bytes

    @property
    def way(self) -> str:
        """Device and direction: `dmz in`, `dmz out`."""
        return f"{self.dev} {'out' if self.out else 'in'}"

    def packed(self) -> list[Any]:
        return [self.time, self.dev, self.out, base64.b64encode(self.data).decode()]


def marked(first: int, last: int, *, arp: bool) -> list[Instruction]:
    """BPF program: IPv4 identification or IPv6 flow label within first–last, and ARP if it is asked for."""
    return [
        (LDH, 0, 0, 12),
        (JEQ, 4, 0, IPV4),
        (JEQ, 5, 0, IPV6),
        (JEQ, 0, 1, ARP),
        (RET, 0, 0, SNAP if arp else 0),
        (RET, 0, 0, 0),
        (LDH, 0, 0, IPV4_ID),
        (JGE, 3, 5, first),
        (LD, 0, 0, IPV6_LABEL),
        (AND, 0, 0, LABEL_MASK),
        (JGE, 0, 2, first),
        (JGT, 1, 0, last),
        (RET, 0, 0, SNAP),
        (RET, 0, 0, 0),
    ]


def marked_or_inbound(first: int, last: int) -> list[Instruction]:
    """BPF program of the attacker: what it sends under its marks, and all that reaches it."""
    return [
        (LD, 0, 0, DIRECTION),
        (JEQ, 1, 0, PACKET_OUTGOING),
        (RET, 0, 0, SNAP),
        *marked(first, last, arp=True),
    ]


class Tap:
    """Capture on every link of the host, in both directions, from its creation on."""

    def __init__(self, program: list[Instruction], keep: int = limits.MAX_FRAMES) -> None:
        self._keep = min(keep, limits.MAX_FRAMES)
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        code = b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
        buffer = ctypes.create_string_buffer(code, len(code))
        filtering = struct.pack("HL", len(program), ctypes.addressof(buffer))
        self._socket.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, filtering)
        self._socket.settimeout(0)
        self._forget()

    def _forget(self) -> None:
        """Drop what slipped in before the filter was in place."""
        self.seen: dict[str, int] = {}
        self.kept: list[Frame] = []
        self.drain()
        self.seen, self.kept = {}, []

    def fileno(self) -> int:
        return self._socket.fileno()

    def drain(self) -> None:
        """Read what has arrived so far, without waiting."""
        while True:
            try:
                data, ancillary, _, address = self._socket.recvmsg(SNAP, 64)
            except BlockingIOError:
                return
            if _behind_a_bridge(address[0]):
                continue  # what the host itself sends and receives passes the bridge too: it would count twice
            frame = Frame(_stamp(ancillary), address[0], address[2] == PACKET_OUTGOING, data)
            self.seen[frame.way] = self.seen.get(frame.way, 0) + 1
            if len(self.kept) < self._keep:
                self.kept.append(frame)

    def drain_for(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            select.select([self], [], [], left)
            self.drain()

    def lost(self) -> int:
        """Frames that the kernel could not hand over since the last call."""
        _, dropped = struct.unpack("II", self._socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
        return int(dropped)


@cache
def _behind_a_bridge(dev: str) -> bool:
    return Path("/sys/class/net", dev, "brport").exists()


def _stamp(ancillary: list[tuple[int, int, bytes]]) -> float:
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
            seconds, nanoseconds = struct.unpack("qq", data)
            return float(seconds) + float(nanoseconds) * 1e-9
    return time.time()


def ip(*words: str) -> Any:
    """Answer of `ip -j …`, decoded; an empty list when it says nothing or fails."""
    done = subprocess.run(["ip", "-j", *words], capture_output=True, text=True, check=False)
    return json.loads(done.stdout) if done.returncode == 0 and done.stdout.strip() else []


class Exit(NamedTuple):
    """How a packet leaves this host: its device, the source it would bear, and both ends of the link."""

    dev: str
    source: str
    mac: str
    peer_mac: str


@cache
def way_out(destination: str, dev: str | None = None, via: str | None = None) -> Exit:
    """Route and resolve a destination, or the neighbour `via` when it is given. Raises OSError if neither answers."""
    hop = via or destination
    if hop in limits.LINK_SCOPE:
        if dev is None:
            raise OSError(f"{hop} is a multicast of the link: name its device")
        return Exit(dev, _own(dev, hop), _mac(dev), multicast_mac(hop))
    routes = ip("route", "get", hop, *(["oif", dev] if dev else []))
    if not routes or "dev" not in routes[0]:
        raise OSError(f"no route to {hop}")
    route = routes[0]
    return Exit(
        route["dev"], route.get("prefsrc", ""), _mac(route["dev"]), resolve(route.get("gateway", hop), route["dev"])
    )


def resolve(neighbour: str, dev: str) -> str:
    """Link address of a neighbour, asking for it as the first packet to it would."""
    deadline = time.monotonic() + NEIGHBOUR_WAIT_S
    while time.monotonic() < deadline:
        touch(neighbour, dev)
        for entry in ip("neigh", "show", "to", neighbour, "dev", dev):
            if "lladdr" in entry and "FAILED" not in entry.get("state", ()):
                return str(entry["lladdr"])
        time.sleep(0.02)
    raise OSError(f"neighbour {neighbour} does not answer on {dev}")


def touch(neighbour: str, dev: str) -> None:
    """Make the kernel use a neighbour's entry as a packet to it would: it resolves it, or checks an old answer."""
    if any("PERMANENT" in entry.get("state", ()) for entry in ip("neigh", "show", "to", neighbour, "dev", dev)):
        return  # nothing to check, and the request would make the entry forgettable
    subprocess.run(["ip", "neigh", "replace", neighbour, "dev", dev, "use"], capture_output=True, check=False)


def multicast_mac(address: str) -> str:
    """Link address of the multicast groups that attacks use."""
    return "01:00:5e:00:00:12" if "." in address else "33:33:00:00:00:01"


def _mac(dev: str) -> str:
    return Path(f"/sys/class/net/{dev}/address").read_text(encoding="ascii").strip()


def _own(dev: str, group: str) -> str:
    """Own address on a device: link-local for IPv6, as router advertisements must bear."""
    family, scope = ("inet", "global") if "." in group else ("inet6", "link")
    for link in ip("-4" if family == "inet" else "-6", "addr", "show", "dev", dev):
        for address in link.get("addr_info", ()):
            if address.get("scope") == scope:
                return str(address["local"])
    raise OSError(f"{dev} has no {family} address of scope {scope}")
