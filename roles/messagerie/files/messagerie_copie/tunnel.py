"""The way to the other server: TLS in which each proves its name to the other.

Dovecot's own TLS stalls a synchronisation in a hundred when both servers write at once (last data never read), and then
holds the mailbox until a time-out. So its synchronisations speak in clear to this host, and a tunnel carries them.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass
from pathlib import Path

from messagerie_copie.journal import WARNING, log

LOCALHOST = "127.0.0.1"
CONNECT_S, HANDSHAKE_S = 1.5, 5.0
"""How long the other server may take to answer, for its kernel and for its programs."""
CHUNK = 1 << 16


@dataclass(frozen=True)
class Ends:
    """Ports of the tunnel: what the other server calls, what Dovecot calls here, where Dovecot is called here."""

    public: int

    @property
    def outward(self) -> int:
        return self.public + 1

    @property
    def dovecot(self) -> int:
        return self.public + 2


@dataclass(frozen=True)
class Identity:
    """Files by which this server proves its name, and the authority that vouches for both."""

    certificate: Path
    key: Path
    authority: Path

    def context(self, side: ssl.Purpose) -> ssl.SSLContext:
        """TLS 1.3, a certificate asked of the other end whichever calls."""
        context = ssl.create_default_context(side, cafile=self.authority)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_cert_chain(self.certificate, self.key)
        return context


class Tunnel:
    """Carries connections both ways, in a thread of its own."""

    def __init__(self, peer: str, ends: Ends, identity: Identity) -> None:
        self._peer, self.ends = peer, ends
        self._called = identity.context(ssl.Purpose.CLIENT_AUTH)
        self._calling = identity.context(ssl.Purpose.SERVER_AUTH)
        self._loop = asyncio.new_event_loop()
        self._outward: set[asyncio.StreamWriter] = set()

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        """Listen and carry while the block lasts; raise OSError when a port is taken."""
        servers = self._loop.run_until_complete(self._listen())
        thread = threading.Thread(target=self._loop.run_forever)
        thread.start()
        try:
            yield
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join()
            self._loop.run_until_complete(_end(servers))
            self._loop.close()

    def cut(self) -> None:
        """Hang up on every call to the other server: who waits for it learns at once."""

        def close() -> None:
            for writer in self._outward:
                writer.transport.abort()

        self._loop.call_soon_threadsafe(close)

    async def _listen(self) -> list[asyncio.Server]:
        return [
            await asyncio.start_server(
                self._from_peer, port=self.ends.public, ssl=self._called, ssl_handshake_timeout=HANDSHAKE_S
            ),
            await asyncio.start_server(self._to_peer, LOCALHOST, self.ends.outward),
        ]

    async def _from_peer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        names = [name for kind, name in writer.get_extra_info("peercert")["subjectAltName"] if kind == "DNS"]
        if self._peer not in names:
            log(WARNING, f"a call from {writer.get_extra_info('peername')[0]}, {', '.join(names)}, is refused")
            writer.transport.abort()
            return
        await _join(reader, writer, asyncio.open_connection(LOCALHOST, self.ends.dovecot))

    async def _to_peer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._outward.add(writer)
        try:
            await _join(reader, writer, self._call())
        finally:
            self._outward.discard(writer)

    async def _call(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        connecting = asyncio.open_connection(
            self._peer, self.ends.public, ssl=self._calling, ssl_handshake_timeout=HANDSHAKE_S
        )
        return await asyncio.wait_for(connecting, CONNECT_S + HANDSHAKE_S)


async def _end(servers: list[asyncio.Server]) -> None:
    """Listen no more, and drop the calls under way."""
    for server in servers:
        server.close()
    calls = asyncio.all_tasks() - {asyncio.current_task()}
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)


async def _join(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    further: Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]],
) -> None:
    """Carry what comes from one end to the other until one of them ends, which ends both."""
    with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError), contextlib.closing(writer):
        far_reader, far_writer = await further
        with contextlib.closing(far_writer):
            ways = {asyncio.create_task(_pump(reader, far_writer)), asyncio.create_task(_pump(far_reader, writer))}
            _, left = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in left:
                way.cancel()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):  # the other end is gone: the call is over
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
