"""Answers on every requested port that no service holds: the other end of `knock` and of `stream`.

Payload: {"host": name to answer with, "open": [["tcp" | "udp", port], …], "life_s": float, "guests": [IPv4, …]}.
Prints one JSON line when ready: {"opened": n, "taken": [[protocol, port], …]}, then serves until stdin closes.

A port is opened on every address of the host, for after a translation or on a virtual address the address reached is
not the one that was knocked at. Where a service holds some addresses of a port, the others are opened one by one.
The guests alone are led past a service that holds a TCP port: everybody else goes on being served by it.

TCP: a banner `recette <host> <port>`, then whatever comes is sent back; `download <bytes per second>` starts a known
stream instead (word k is the number k on 8 bytes). UDP: `recette …` is answered by `answer <host> recette …`; nothing
else is answered, so two listeners can never feed each other.
"""

from __future__ import annotations

import json
import os
import resource
import select
import socket
import struct
import subprocess
import sys
import time
from typing import Any

MAGIC = b"recette "
BACKLOG = 1024
TICK_S = 0.01  # pace of the downloads; nothing wakes up while there is none
BLOCK_WORDS = 1024
DETOUR_LIMIT_S = 5.0
IP_PKTINFO = 8  # absent from the socket module before Python 3.14
STDIN = 0


def words(offset: int, count: int) -> bytes:
    """The bytes [offset, offset + at most count) of the known stream."""
    first = offset // 8
    size = min(BLOCK_WORDS, (count + 15) // 8)
    return struct.pack(f">{size}Q", *range(first, first + size))[offset % 8 :][:count]


def local_addresses() -> list[str]:
    shown = subprocess.run(["ip", "-j", "address"], capture_output=True, check=True).stdout
    addresses = [info for link in json.loads(shown) for info in link.get("addr_info", [])]
    return [info["local"] for info in addresses if info.get("scope") != "link"]


def bound(protocol: str, address: str, port: int) -> socket.socket:
    """A socket that serves `address` ("::" for every address, of both families); OSError if it is taken."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    server = socket.socket(family, kind | socket.SOCK_NONBLOCK)
    try:
        if family == socket.AF_INET6:
            server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(address != "::"))
        if protocol == "tcp":
            # What an earlier listener left in TIME_WAIT must not look like a service.
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        elif family == socket.AF_INET6:
            server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        else:
            server.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        server.bind((address, port))
        if protocol == "tcp":
            server.listen(BACKLOG)
    except OSError:
        server.close()
        raise
    return server


class Detour:
    """Leads the guests' connections past a service, to a listener.

    The table belongs to its nft process: it goes with this agent, even if it is killed. Each agent has its own: two
    streams of one guest may be led past one service.
    """

    def __init__(self, guests: list[str]) -> None:
        self.guests = ", ".join(guests)
        self.table = f"recette_essais_{os.getpid()}"
        self.nft = subprocess.Popen(["nft", "-i"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        self._do(f"add table ip {self.table} {{ flags owner; }}")
        self._do(f"add chain ip {self.table} arrivee {{ type nat hook prerouting priority dstnat; }}")

    def lead(self, port: int, listener: int) -> None:
        """Raises TimeoutError if the rule is not in force in time: nothing would be learnt from a probe."""
        # Alone what begins: conntrack, which this loads, takes a connection that was there before for a new one.
        match = f"ip saddr {{ {self.guests} }} tcp dport {port} tcp flags & (fin | syn | rst | ack) == syn"
        self._do(f"add rule ip {self.table} arrivee {match} redirect to :{listener}")
        deadline = time.monotonic() + DETOUR_LIMIT_S
        while f"redirect to :{listener}" not in self._table():
            if time.monotonic() > deadline:
                raise TimeoutError(f"port {port}: no detour")
            time.sleep(TICK_S)

    def _do(self, command: str) -> None:
        if self.nft.stdin:
            self.nft.stdin.write(f"{command}\n")
            self.nft.stdin.flush()

    def _table(self) -> str:
        shown = ["nft", "list", "table", "ip", self.table]
        return subprocess.run(shown, capture_output=True, text=True, check=False).stdout


class Listener:
    """One thread, one epoll: thousands of ports cost nothing while nobody knocks."""

    def __init__(self, host: str, guests: list[str]) -> None:
        self.host = host.encode()
        self.guests = guests
        self.detour: Detour | None = None
        self.epoll = select.epoll()
        self.servers: dict[int, tuple[socket.socket, str, int]] = {}
        self.connections: dict[int, socket.socket] = {}
        self.downloads: dict[int, tuple[socket.socket, float, float, int]] = {}
        self._addresses: list[str] = []

    def open(self, protocol: str, port: int) -> bool:
        """Opens the port; False when a service already holds it, on one address at least, and nobody is a guest."""
        try:
            self._serve(bound(protocol, "::", port), protocol, port)
        except OSError:
            if self.guests and protocol == "tcp":
                self._lead_past(port)
                return True
            self._addresses = self._addresses or local_addresses()
            for address in self._addresses:
                try:
                    self._serve(bound(protocol, address, port), protocol, port)
                except OSError:
                    continue  # held by the service
            return False
        return True

    def _lead_past(self, port: int) -> None:
        aside = bound("tcp", "::", 0)
        self._serve(aside, "tcp", port)
        self.detour = self.detour or Detour(self.guests)
        self.detour.lead(port, aside.getsockname()[1])

    def _serve(self, server: socket.socket, protocol: str, port: int) -> None:
        self.servers[server.fileno()] = (server, protocol, port)
        self.epoll.register(server.fileno(), select.EPOLLIN)

    def run(self, life_s: float) -> None:
        self.epoll.register(STDIN, select.EPOLLIN)
        end = time.monotonic() + life_s
        while (left := end - time.monotonic()) > 0:
            for fd, _ in self.epoll.poll(TICK_S if self.downloads else left):
                if fd == STDIN:
                    if not os.read(STDIN, 4096):
                        return
                elif fd in self.servers:
                    self._arrival(*self.servers[fd])
                elif fd in self.connections:
                    self._data(self.connections[fd])
            self._feed()

    def _arrival(self, server: socket.socket, protocol: str, port: int) -> None:
        answer = self._accept if protocol == "tcp" else self._echo
        for _ in range(BACKLOG):  # bounded, so that one busy port does not starve the others
            try:
                answer(server, port)
            except BlockingIOError:
                return
            except OSError:
                continue  # the one who knocked is gone, or out of reach: its own end will tell

    def _accept(self, server: socket.socket, port: int) -> None:
        connection, _ = server.accept()
        connection.settimeout(0)
        self.connections[connection.fileno()] = connection
        self.epoll.register(connection.fileno(), select.EPOLLIN)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.send(b"%b%b %d\n" % (MAGIC, self.host, port))

    def _echo(self, server: socket.socket, _port: int) -> None:
        data, ancillary, _, sender = server.recvmsg(2048, 256)
        if data.startswith(MAGIC):
            # The reply leaves from the address that was knocked at, even if it is a virtual one.
            reply = [(level, kind, _from(level, value)) for level, kind, value in ancillary]
            server.sendmsg([b"answer %b %b" % (self.host, data)], reply, 0, sender)

    def _data(self, connection: socket.socket) -> None:
        try:
            data = connection.recv(65536)
            if data.startswith(b"download "):
                self.downloads[connection.fileno()] = (connection, float(data.split()[1]), time.monotonic(), 0)
            elif data:
                connection.send(data)
        except (OSError, ValueError):
            data = b""
        if not data:
            self._close(connection)

    def _feed(self) -> None:
        for fd, (connection, rate, start, sent) in list(self.downloads.items()):
            due = int(rate * (time.monotonic() - start)) - sent
            try:
                block = connection.send(words(sent, due)) if due > 0 else 0
            except BlockingIOError:
                continue  # the network is slower, or cut: TCP will say
            except OSError:
                self._close(connection)
            else:
                self.downloads[fd] = (connection, rate, start, sent + block)

    def _close(self, connection: socket.socket) -> None:
        self.connections.pop(connection.fileno(), None)
        self.downloads.pop(connection.fileno(), None)
        connection.close()


def _from(level: int, info: bytes) -> bytes:
    """The packet information of a reply: same local address, interface left to the routing table."""
    if level == socket.IPPROTO_IPV6:
        return info[:16] + bytes(4)
    return bytes(4) + info[8:12] + bytes(4)


def main() -> None:
    payload: dict[str, Any] = json.loads(sys.stdin.buffer.readline())
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    listener = Listener(payload["host"], payload.get("guests", []))
    taken = [[protocol, port] for protocol, port in payload["open"] if not listener.open(protocol, port)]
    sys.stdout.write(json.dumps({"opened": len(listener.servers), "taken": taken}) + "\n")
    sys.stdout.flush()
    listener.run(payload["life_s"])


if __name__ == "__main__":
    main()
