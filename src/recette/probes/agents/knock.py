"""Knocks at many ports and tells, for each, what came back: the source end of the flow matrix.

Payload: {"cells": [[id, address, "tcp" | "udp" | "icmp", port, expected], …], "nonce": text, "first_port": n,
"pace": knocks per second, "at_once": sockets}, where expected is "refused", "answer" (a `listen` agent is there) or
"service" (a real one is). Prints a JSON list of [id, outcome, detail, source address, source port, rtt in seconds]:

- "answered": the detail is the name of the host that answered, "" when a real service did not give it;
- "closed": a reset, or an ICMP port unreachable (the detail then says from whom);
- "unreachable": any other error; the detail is the error, then the router that sent it or "local";
- "silent": nothing came back in time; the detail is "EPERM" when the local packet filter kept the knock.

Every knock has its own source port, so that a firewall's log line can be given back to it.
"""

from __future__ import annotations

import errno
import heapq
import itertools
import json
import os
import resource
import select
import socket
import struct
import sys
import time
from collections.abc import Iterator
from typing import Any

REFUSED_WAIT_S = 0.9  # closed before the SYN that the kernel sends again after 1 s
ANSWER_WAIT_S = 3.0  # long enough for the SYN sent again after 1 s, and for one more
BANNER_WAIT_S = 0.3  # a real service is not made to speak: the handshake is the answer
RESEND_S = (0.5, 1.5)  # UDP and ICMP have nobody else to send them again
START_QUANTUM_S = 0.02  # a few knocks at each waking: thirty sources share a core
PORTS = range(20000, 61000)
RST_ON_CLOSE = struct.pack("ii", 1, 0)  # leaves neither TIME_WAIT here nor a session in the firewalls
IP_RECVERR, IPV6_RECVERR, ORIGIN_LOCAL = 11, 25, 1
ERRORS = {errno.ECONNREFUSED: "closed", errno.EPERM: "silent"}
REFUSED, SERVICE = "refused", "service"


class Knock:
    """One cell under way."""

    __slots__ = ("address", "done", "expected", "family", "heard", "id", "open", "port", "protocol", "sock", "source")
    sock: socket.socket
    source: tuple[str, int]

    def __init__(self, cell: list[Any]) -> None:
        self.id, self.address, self.protocol, self.port, self.expected = cell
        self.family = socket.AF_INET6 if ":" in self.address else socket.AF_INET
        self.source = ("", 0)
        self.open = self.done = False
        self.heard = b""


class Knocker:
    """Bounded in pace (a firewall must log every knock) and in sockets; everything waits in one epoll."""

    def __init__(self, payload: dict[str, Any]) -> None:
        self.todo: Iterator[list[Any]] = iter(payload["cells"])
        self.left = len(payload["cells"])
        self.nonce: str = payload["nonce"]
        self.pace: float = payload["pace"]
        self.at_once: int = payload["at_once"]
        self.port = payload["first_port"] - 1
        self.epoll = select.epoll()
        self.waiting: dict[int, tuple[Knock, float]] = {}
        self.alarms: list[tuple[float, int, Knock, bool]] = []
        self.ticket = itertools.count()  # knocks of one instant have no order of their own
        self.results: list[list[Any]] = []

    def run(self) -> list[list[Any]]:
        started, start = 0, time.monotonic()
        while self.left or self.waiting:
            now = time.monotonic()
            due = min(int((now - start) * self.pace) + 1 - started, self.left, self.at_once - len(self.waiting))
            for _ in range(due):
                self._start(Knock(next(self.todo)))
            started, self.left = started + max(due, 0), self.left - max(due, 0)
            # The instant is taken before the events: an answer that is already here is never timed out.
            now = time.monotonic()
            for fd, event in self.epoll.poll(self._pause(now)):
                if fd in self.waiting:
                    self._event(self.waiting[fd][0], event)
            while self.alarms and self.alarms[0][0] <= now:
                _, _, knock, last = heapq.heappop(self.alarms)
                if not knock.done:
                    self._alarm(knock, last=last)
        return self.results

    def _pause(self, now: float) -> float:
        alarm = max(0.0, self.alarms[0][0] - now) if self.alarms else START_QUANTUM_S
        return min(alarm, START_QUANTUM_S) if self.left and len(self.waiting) < self.at_once else alarm

    def _start(self, knock: Knock) -> None:
        now = time.monotonic()
        try:
            knock.sock = self._socket(knock)
        except OSError as error:
            self.results.append([knock.id, *_failure(error.errno or errno.EIO, "local"), "", 0, None])
            return
        self.waiting[knock.sock.fileno()] = (knock, now)
        code = knock.sock.connect_ex((knock.address, 0 if knock.protocol == "icmp" else knock.port))
        if code not in (0, errno.EINPROGRESS):
            self._finish(knock, *_failure(code, "local"))
            return
        # An ICMP echo has an identifier in the place of a source port.
        knock.source = (knock.sock.getsockname()[0], self.port)
        self.epoll.register(knock.sock.fileno(), select.EPOLLIN | (select.EPOLLOUT if knock.protocol == "tcp" else 0))
        self._ring(now + (REFUSED_WAIT_S if knock.expected == REFUSED else ANSWER_WAIT_S), knock, last=True)
        if knock.protocol != "tcp":
            for delay in RESEND_S if knock.expected != REFUSED else ():
                self._ring(now + delay, knock, last=False)
            self._send(knock)

    def _ring(self, at: float, knock: Knock, *, last: bool) -> None:
        heapq.heappush(self.alarms, (at, next(self.ticket), knock, last))

    def _socket(self, knock: Knock) -> socket.socket:
        six = knock.family == socket.AF_INET6
        self.port = self._next_port()
        if knock.protocol == "icmp":
            icmp = socket.IPPROTO_ICMPV6 if six else socket.IPPROTO_ICMP
            return socket.socket(knock.family, socket.SOCK_RAW | socket.SOCK_NONBLOCK, icmp)
        kind = socket.SOCK_STREAM if knock.protocol == "tcp" else socket.SOCK_DGRAM
        sock = socket.socket(knock.family, kind | socket.SOCK_NONBLOCK)
        sock.setsockopt(*((socket.IPPROTO_IPV6, IPV6_RECVERR) if six else (socket.IPPROTO_IP, IP_RECVERR)), 1)
        for _ in PORTS:
            try:
                sock.bind(("", self.port))
            except OSError:
                self.port = self._next_port()  # somebody of this host holds that one
            else:
                break
        return sock

    def _next_port(self) -> int:
        return self.port + 1 if self.port + 1 in PORTS else PORTS.start

    def _send(self, knock: Knock) -> None:
        message = f"recette {self.nonce} {knock.id}".encode()
        if knock.protocol == "icmp":
            kind = 128 if knock.family == socket.AF_INET6 else 8
            message = _echo_request(kind, knock.source[1], message)
        try:
            knock.sock.send(message)
        except BlockingIOError:
            pass  # the second sending will do
        except OSError as error:
            self._failed(knock, error.errno or errno.EIO)

    def _event(self, knock: Knock, event: int) -> None:
        if event & select.EPOLLERR:
            code = knock.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                self._failed(knock, code)
                return
        try:
            if knock.protocol == "tcp" and not knock.open:
                self._opened(knock)
            elif event & (select.EPOLLIN | select.EPOLLHUP):
                self._heard(knock, knock.sock.recv(2048))
        except BlockingIOError:
            pass
        except OSError as error:
            self._failed(knock, error.errno or errno.EIO)

    def _opened(self, knock: Knock) -> None:
        knock.open = True
        self.epoll.modify(knock.sock.fileno(), select.EPOLLIN)
        if knock.expected == SERVICE:
            self._ring(time.monotonic() + BANNER_WAIT_S, knock, last=True)
        else:
            knock.sock.send(f"recette {self.nonce} {knock.id}\n".encode())

    def _heard(self, knock: Knock, data: bytes) -> None:
        """Ends the knock once the answer is complete: the name of the host, and our own words sent back."""
        knock.heard += data
        if knock.protocol == "tcp":
            banner, complete, echo = knock.heard.partition(b"\n")
            ours = banner.startswith(b"recette ")
            if not data or (complete and (knock.expected == SERVICE or not ours or echo.endswith(b"\n"))):
                self._finish(knock, "answered", banner.split()[1].decode() if ours else "")
        elif knock.protocol == "udp":
            known = data.startswith(b"answer ")
            self._finish(knock, "answered", data.split()[1].decode() if known else "")
        elif _is_reply(knock, data):
            self._finish(knock, "answered", "")

    def _alarm(self, knock: Knock, *, last: bool) -> None:
        if not last:
            self._send(knock)
        elif knock.open:
            self._finish(knock, "answered", "")  # the handshake is done, and nobody says a name
        else:
            self._finish(knock, "silent", "")

    def _failed(self, knock: Knock, code: int) -> None:
        if knock.open:
            self._finish(knock, "answered", "")  # a reset after the handshake is still an answer
        else:
            self._finish(knock, *_failure(code, _offender(knock.sock)))

    def _finish(self, knock: Knock, outcome: str, detail: str) -> None:
        if knock.done:
            return
        knock.done = True
        _, start = self.waiting.pop(knock.sock.fileno())
        rtt = round(time.monotonic() - start, 6) if outcome != "silent" else None
        if knock.open:
            knock.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST_ON_CLOSE)
        knock.sock.close()
        self.results.append([knock.id, outcome, detail, *knock.source, rtt])


def _failure(code: int, offender: str) -> tuple[str, str]:
    """What an error of the socket says: (outcome, detail)."""
    outcome = ERRORS.get(code, "unreachable")
    name = errno.errorcode.get(code, str(code))
    return outcome, {"closed": offender, "silent": name}.get(outcome, f"{name} {offender}".strip())


def _offender(sock: socket.socket) -> str:
    """Who sent the ICMP error that the socket holds; "" when it was a reset, "local" when no packet left."""
    try:
        _, ancillary, _, _ = sock.recvmsg(512, 512, socket.MSG_ERRQUEUE)
    except OSError:
        return ""
    for level, _, value in ancillary:
        # struct sock_extended_err (the origin is its fifth byte), then the address of the one who sent the error.
        if value[4] == ORIGIN_LOCAL:
            return "local"
        family, address = (
            (socket.AF_INET6, value[24:40]) if level == socket.IPPROTO_IPV6 else (socket.AF_INET, value[20:24])
        )
        return socket.inet_ntop(family, address)
    return ""


def _echo_request(kind: int, identifier: int, message: bytes) -> bytes:
    head = struct.pack(">BBHHH", kind, 0, 0, identifier, 1)
    total = sum(struct.unpack(f">{(len(head + message) + 1) // 2}H", head + message + bytes(len(message) % 2)))
    total = (total & 0xFFFF) + (total >> 16)
    # The kernel computes the sum of ICMPv6 itself.
    return struct.pack(">BBHHH", kind, 0, ~(total + (total >> 16)) & 0xFFFF, identifier, 1) + message


def _is_reply(knock: Knock, data: bytes) -> bool:
    if knock.family == socket.AF_INET:
        data = data[(data[0] & 15) * 4 :]
    kind = 129 if knock.family == socket.AF_INET6 else 0
    return data[0] == kind and struct.unpack_from(">H", data, 4)[0] == knock.source[1]


def main() -> None:
    payload = json.loads(sys.stdin.buffer.readline())
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    payload["at_once"] = min(payload["at_once"], hard - 64)
    sys.stdout.write(json.dumps(Knocker(payload).run(), separators=(",", ":")))
    sys.stdout.flush()
    os._exit(0)  # thousands of closed objects need no tidy end


if __name__ == "__main__":
    main()
