"""Numbered probes from a user's place, until stdin closes: what an outage is measured with.

Payload: {"mode", "address", "port", "interval_ms", "life_s", "patience_s", "rate"}. Prints one JSON line for each
probe, [number, sent, received or null, detail], instants in nanoseconds of CLOCK_MONOTONIC; the detail is who answered,
or the error. A probe is printed when its fate is known: answered, however late, failed, or given up after `patience_s`.
Modes:

- "connect": a new TCP connection each time; answered by the banner of `listen` or, with "service", by the handshake;
- "udp": a datagram each time, from one and the same port;
- "session": one TCP connection, a numbered line each time, sent back by the other end;
- "download": one TCP connection that brings a known stream; a probe is answered by the first bytes that come after it.

A session or a download that breaks says so in its last line, [null, instant, null, why], and is not opened again.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import resource
import select
import socket
import struct
import sys
import time
from collections import OrderedDict
from typing import Any

STDIN = 0
NS = 1_000_000_000
DRAIN_NS = NS  # what is under way when stdin closes has that long to be answered
RST_ON_CLOSE = struct.pack("ii", 1, 0)  # fifty connections a second leave no TIME_WAIT behind
IP_RECVERR, IPV6_RECVERR = 11, 25


class Stream:
    """The common part: sends at absolute instants, so that a late wake-up does not shift the following ones."""

    def __init__(self, payload: dict[str, Any]) -> None:
        self.peer = (payload["address"], payload["port"])
        self.family = socket.AF_INET6 if ":" in payload["address"] else socket.AF_INET
        self.service = bool(payload.get("service"))
        self.rate = payload.get("rate", 0)
        self.interval = int(payload["interval_ms"] * 1_000_000)
        self.patience = int(payload["patience_s"] * NS)
        self.end = time.monotonic_ns() + int(payload["life_s"] * NS)
        self.epoll = select.epoll()
        self.waiting: OrderedDict[int, int] = OrderedDict()
        self.number = 0
        self.broken = False

    def run(self) -> None:
        self.epoll.register(STDIN, select.EPOLLIN)
        due, stopped = time.monotonic_ns(), False
        while (now := time.monotonic_ns()) < self.end and not (stopped and not self.waiting):
            if not stopped and not self.broken and now >= due:
                self.number += 1
                self.waiting[self.number] = now
                self.send(self.number)
                due = max(due + self.interval, now)
            self._give_up(now)
            for fd, event in self.epoll.poll(self._pause(due, stopped=stopped)):
                if fd != STDIN:
                    self.event(fd, event)
                elif not os.read(STDIN, 4096):
                    stopped, self.end = True, min(self.end, time.monotonic_ns() + DRAIN_NS)
                    self.epoll.unregister(STDIN)
        for number in list(self.waiting):
            self.result(number, None, "sans réponse")

    def send(self, number: int) -> None:
        raise NotImplementedError

    def event(self, fd: int, event: int) -> None:
        raise NotImplementedError

    def forget(self, number: int) -> None:
        """Frees what a probe held; only `connect` holds anything."""

    def result(self, number: int, received: int | None, detail: str) -> None:
        sent = self.waiting.pop(number, None)
        if sent is not None:
            say([number, sent, received, detail])

    def broke(self, why: str) -> None:
        """The one connection of this stream is lost: everything under way is, and nothing more is sent."""
        if not self.broken:
            self.broken = True
            for number in list(self.waiting):
                self.result(number, None, why)
            say([None, time.monotonic_ns(), None, why])

    def _pause(self, due: int, *, stopped: bool) -> float:
        if stopped or self.broken:
            return 0.05
        return max(0.0, (due - time.monotonic_ns()) / NS)

    def _give_up(self, now: int) -> None:
        while self.waiting:
            number, sent = next(iter(self.waiting.items()))
            if now - sent < self.patience:
                return
            self.forget(number)
            self.result(number, None, "sans réponse")


class Connect(Stream):
    """A new connection for each probe: what a user who arrives now would meet."""

    def __init__(self, payload: dict[str, Any]) -> None:
        super().__init__(payload)
        self.sockets: dict[int, tuple[int, socket.socket]] = {}
        self.fds: dict[int, int] = {}

    def send(self, number: int) -> None:
        sock = socket.socket(self.family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        code = sock.connect_ex(self.peer)
        if code not in (0, errno.EINPROGRESS):
            sock.close()
            self.result(number, None, name_of(code))
            return
        self.sockets[sock.fileno()] = (number, sock)
        self.fds[number] = sock.fileno()
        self.epoll.register(sock.fileno(), select.EPOLLOUT if self.service else select.EPOLLIN)

    def event(self, fd: int, event: int) -> None:
        if fd not in self.sockets:
            return
        now = time.monotonic_ns()
        number, sock = self.sockets[fd]
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) if event & select.EPOLLERR else 0
        try:
            banner = b"" if self.service or code else sock.recv(256)
        except OSError as error:
            banner, code = b"", error.errno or errno.EIO
        if not code and not banner and not self.service:
            code = errno.ECONNRESET
        self.forget(number)
        self.result(number, None if code else now, name_of(code) if code else who(banner))

    def forget(self, number: int) -> None:
        _, sock = self.sockets.pop(self.fds.pop(number))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST_ON_CLOSE)
        sock.close()


class Udp(Stream):
    """One socket, hence one flow in the firewalls: it survives only if their state does."""

    def __init__(self, payload: dict[str, Any]) -> None:
        super().__init__(payload)
        self.sock = socket.socket(self.family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        six = self.family == socket.AF_INET6
        self.sock.setsockopt(*((socket.IPPROTO_IPV6, IPV6_RECVERR) if six else (socket.IPPROTO_IP, IP_RECVERR)), 1)
        self.sock.connect(self.peer)
        self.epoll.register(self.sock.fileno(), select.EPOLLIN)

    def send(self, number: int) -> None:
        try:
            self.sock.send(b"recette %d" % number)
        except OSError as error:
            # Often the fate of an earlier datagram, which the kernel tells now: neither of them was answered.
            self.result(number, None, name_of(error.errno or errno.EIO))

    def event(self, fd: int, event: int) -> None:
        del fd
        now = time.monotonic_ns()
        if event & select.EPOLLERR:
            self._drain_errors()
        try:
            while data := self.sock.recv(2048):
                head, _, number = data.rpartition(b" ")
                if number.isdigit():
                    self.result(int(number), now, who(head))
        except OSError:
            pass  # nothing left, or an error that belongs to no probe in particular

    def _drain_errors(self) -> None:
        self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        try:
            while True:
                data, _, _, _ = self.sock.recvmsg(2048, 512, socket.MSG_ERRQUEUE)
                number = data.rpartition(b" ")[2]
                if number.isdigit():
                    self.result(int(number), None, "erreur ICMP")
        except OSError:
            pass  # the queue is empty


class Session(Stream):
    """One connection kept open, as a terminal session: numbered lines go and come back."""

    greeting = b""

    def __init__(self, payload: dict[str, Any]) -> None:
        super().__init__(payload)
        self.rest = b""
        self.by = ""
        try:
            self.sock = socket.create_connection(self.peer, timeout=payload["patience_s"])
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while not self.rest.endswith(b"\n"):
                if not (byte := self.sock.recv(1)):
                    raise ConnectionResetError(errno.ECONNRESET, "closed before the banner")
                self.rest += byte
            self.by, self.rest = who(self.rest), b""
            self.sock.sendall(self.greeting % self.rate if self.greeting else b"")
        except OSError as error:
            self.broke(name_of(error.errno or errno.ETIMEDOUT))
            return
        self.sock.settimeout(0)
        self.epoll.register(self.sock.fileno(), select.EPOLLIN)

    def send(self, number: int) -> None:
        try:
            self.sock.send(b"%d\n" % number)
        except BlockingIOError:
            self.result(number, None, "tampon plein")
        except OSError as error:
            self.broke(name_of(error.errno or errno.EIO))

    def event(self, fd: int, event: int) -> None:
        del fd, event
        try:
            data = self.sock.recv(1 << 18)
        except BlockingIOError:
            return
        except OSError as error:
            self.epoll.unregister(self.sock.fileno())
            self.broke(name_of(error.errno or errno.EIO))
            return
        if not data:
            self.epoll.unregister(self.sock.fileno())
            self.broke("fermée par l'autre bout")
            return
        self.received(data, time.monotonic_ns())

    def received(self, data: bytes, now: int) -> None:
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            self.result(int(line), now, self.by)


class Download(Session):
    """A long download of a known stream: every byte is compared with what it must be."""

    greeting = b"download %d\n"

    def __init__(self, payload: dict[str, Any]) -> None:
        self.offset = 0
        super().__init__(payload)

    def send(self, number: int) -> None:
        """Nothing leaves: the probe waits for the bytes that come next."""

    def received(self, data: bytes, now: int) -> None:
        if data != words(self.offset, len(data)):
            self.broke(f"contenu altéré après l'octet {self.offset}")
            return
        self.offset += len(data)
        for number in list(self.waiting):
            self.result(number, now, str(self.offset))


def words(offset: int, count: int) -> bytes:
    """The bytes [offset, offset + count) of the known stream: word k is the number k on 8 bytes."""
    first, last = offset // 8, (offset + count + 7) // 8
    return struct.pack(f">{last - first}Q", *range(first, last))[offset % 8 :][:count]


def who(banner: bytes) -> str:
    """The host that a listener names in its banner or in its answer; "" for anybody else."""
    parts = banner.split()
    return parts[1].decode() if len(parts) > 1 and parts[0] in {b"recette", b"answer"} else ""


def name_of(code: int) -> str:
    return errno.errorcode.get(code, str(code))


def say(line: list[Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


MODES: dict[str, type[Stream]] = {"connect": Connect, "udp": Udp, "session": Session, "download": Download}


def main() -> None:
    payload = json.loads(sys.stdin.buffer.readline())
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, -10)  # a probe that is not woken up measures the machine
    MODES[payload["mode"]](payload).run()


if __name__ == "__main__":
    main()
