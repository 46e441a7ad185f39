"""HTTPS from this machine to a service that only a host of the site may reach: TLS goes through, end to end."""

from __future__ import annotations

import socket
import subprocess
from typing import Any

import requests.adapters
import urllib3.connection
import urllib3.connectionpool

from recette.probes.agents import source
from recette.shell import BOOTSTRAP, Remote, framed

CONNECT_S, END_S = 3.0, 5.0


class Tunnel:
    """Opens connections by the out-of-band ssh, from one host of the site."""

    def __init__(self, remote: Remote, host: str) -> None:
        self._remote, self._host = remote, host
        self._processes: list[subprocess.Popen[bytes]] = []

    def channel(self, target: str, port: int) -> socket.socket:
        """A connection that leaves from the host; it ends at once if the target does not answer there."""
        self._reap()
        near, far = socket.socketpair()
        with far:
            command = self._remote.command(self._host, BOOTSTRAP)
            # That it ends is all that is told of it: the caller knows which target did not answer.
            process = subprocess.Popen(
                command, stdin=far.fileno(), stdout=far.fileno(), stderr=subprocess.DEVNULL, start_new_session=True
            )
        self._processes.append(process)
        wish = {"host": target, "port": port, "connect_s": CONNECT_S}
        near.sendall(framed(source("hypervisor/relay"), wish))
        return near

    def adapter(self) -> Any:
        """What carries the requests of a session."""
        tunnel = self

        class Connection(urllib3.connection.HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                channel = tunnel.channel(self.host, self.port or 0)
                channel.settimeout(self.timeout if isinstance(self.timeout, float) else None)
                return channel

        class Pool(urllib3.connectionpool.HTTPSConnectionPool):
            ConnectionCls = Connection

        class Adapter(requests.adapters.HTTPAdapter):
            def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
                super().init_poolmanager(*arguments, **options)
                self.poolmanager.pool_classes_by_scheme = {"https": Pool}

        return Adapter()

    def close(self) -> None:
        """End what is still open."""
        for process in self._processes:
            if process.poll() is None:
                process.terminate()
                process.wait(END_S)
        self._processes.clear()

    def _reap(self) -> None:
        self._processes = [process for process in self._processes if process.poll() is None]
