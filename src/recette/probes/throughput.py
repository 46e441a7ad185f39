"""What a path carries: one TCP connection of iperf3 at full speed, or downloads from a web server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

from recette.errors import Inconclusive
from recette.shell import Remote, finish, first_line

READY_LIMIT_S = 10.0
SERVER = """iperf3 --server --bind {address} --port {port} >/dev/null 2>&1 & server=$!
until ss -Hltn 'sport = :{port}' | grep -qF '{address}:'; do kill -0 $server || exit 1; sleep 0.05; done
echo ready; read -r end; kill $server"""
CLIENT = "iperf3 --client {address} --port {port} --time {seconds} --connect-timeout 5000 --json"
DOWNLOAD = (
    "curl --silent --show-error --fail --cacert {trust} --resolve {name}:443:{address} --write-out '{told}' {urls}"
)
TOLD = "%{size_download} %{time_total} %{time_starttransfer}\\n"
SPARE_S = 30.0
"""What a transfer may last more than asked, or downloads in all, before it counts as lost."""


@dataclass(frozen=True, slots=True)
class Way:
    """From a host to a TCP port that is free on another one."""

    source: str
    address: str
    port: int

    def client(self, seconds: int, option: str = "") -> str:
        """The command that sends for so long."""
        return CLIENT.format(address=self.address, port=self.port, seconds=seconds) + option


@contextmanager
def serving(remote: Remote, host: str, way: Way) -> Iterator[None]:
    """The iperf3 server at the end of a way, until the block ends. Inconclusive if it cannot listen."""
    process = remote.popen(host, SERVER.format(address=way.address, port=way.port))
    try:
        if not first_line(process, READY_LIMIT_S):
            raise Inconclusive(f"{host} : le port {way.port} de {way.address} n'a pas pu être ouvert")
        yield
    finally:
        finish(process)


def throughput(remote: Remote, way: Way, seconds: int, *, back: bool = False) -> float:
    """Mbit/s that arrive at the server, or with `back` from it. Inconclusive if the transfer fails."""
    done = remote.run(way.source, way.client(seconds, " --reverse" if back else ""), timeout_s=seconds + SPARE_S)
    told = json.loads(done.stdout or "{}")
    if done.rc != 0 or "end" not in told:
        reason = told.get("error", done.stderr.strip())
        raise Inconclusive(f"{way.source} → {way.address} : débit non mesuré ({reason})")
    return float(told["end"]["sum_received"]["bits_per_second"]) / 1e6


@contextmanager
def loaded(remote: Remote, way: Way, seconds: int) -> Iterator[None]:
    """A transfer at full speed until the block ends, or for `seconds`; whether it arrives is for the caller to see."""
    sending = f"{way.client(seconds)} >/dev/null 2>&1 & client=$!; read -r end; kill $client 2>/dev/null"
    process = remote.popen(way.source, sending)
    try:
        yield
    finally:
        finish(process)


@dataclass(frozen=True, slots=True)
class Download:
    """Mbit/s of downloads by one connection, and the median wait for a first byte, in milliseconds."""

    mbit_s: float
    first_byte_ms: float

    def __str__(self) -> str:
        return f"{self.mbit_s:.0f} Mbit/s, first byte after {self.first_byte_ms:.2f} ms"


@dataclass(frozen=True, slots=True)
class File:
    """A file of a web server: at which address of its name, and the authority that vouches for it (a path)."""

    url: str
    address: str
    trust: str


def download(remote: Remote, source: str, file: File, times: int) -> Download:
    """The file, downloaded again and again. Inconclusive if a download fails."""
    name = file.url.removeprefix("https://").partition("/")[0]
    urls = " ".join([f"--output /dev/null {file.url}"] * times)
    script = DOWNLOAD.format(trust=file.trust, name=name, address=file.address, told=TOLD, urls=urls)
    done = remote.run(source, script, timeout_s=SPARE_S)
    if done.rc != 0:
        raise Inconclusive(f"{source} → {file.url} : {done.stderr.strip()}")
    rows = [[float(word) for word in line.split()] for line in done.stdout.splitlines()]
    octets, seconds = sum(row[0] for row in rows), sum(row[1] for row in rows)
    return Download(octets * 8 / seconds / 1e6, median(row[2] for row in rows) * 1000)
