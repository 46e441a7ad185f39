"""Keeps the standby like the exchange that serves: where telephones stand, forwarding, voice messages.

The active one compares every second and sends what has changed; the whole is mirrored, so what was missed comes with
the next change. Transport: TLS 1.3 in which each proves its name. A member that holds the shared address takes nothing.

    active   {"database": {key: value}, "files": {path: [size, mtime_ns]}}
    standby  {"wanted": [path, …]} or {"refused": "why"}
    active   the wanted files, one after the other, of the sizes said
    standby  {"done": true}
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import socketserver
import ssl
import threading
import time
from pathlib import Path
from typing import Any, BinaryIO

from telephonie.central import CONTACTS, drop, holds, keep, kept, log

PORT = 5062
SPOOL = Path("/var/spool/asterisk/voicemail")
FAMILIES = (CONTACTS, "/renvoi/", "/accueil/")
CALLED = ("uri", "endpoint", "expiration_time", "reg_server")
"""Attributes of a contact without which no call reaches it; the others have defaults."""
LOOK_S, WHOLE_S, TIMEOUT_S = 1.0, 30.0, 10.0
"""Look for changes; send everything again, for a standby that has come back empty; wait for the other one."""

State = dict[str, Any]


def serve(settings: State) -> None:
    """Send while this host is the active one, receive while it is not, for ever."""
    context = _context(settings, ssl.Purpose.CLIENT_AUTH)
    with _Server((settings["address"], PORT), settings, context) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        _send_for_ever(settings)


def _send_for_ever(settings: State) -> None:
    sent: State | None = None
    sent_at, silent = 0.0, False
    while True:
        try:
            if holds(settings["virtual_address"]):
                state = _state()
                if state != sent or time.monotonic() - sent_at > WHOLE_S:
                    _send(state, settings)
                    sent, sent_at = state, time.monotonic()
                    if silent:
                        log("copy: the standby is up to date again")
                    silent = False
            else:
                sent = None
        except (OSError, ValueError) as error:
            if not silent:
                log(f"copy: the standby is not up to date: {error}")
            silent, sent = True, None
        time.sleep(LOOK_S)


def _context(settings: State, purpose: ssl.Purpose) -> ssl.SSLContext:
    """TLS 1.3, a certificate asked of the other end whichever calls."""
    context = ssl.create_default_context(purpose, cafile=settings["trust"])
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(settings["certificate"], settings["key"])
    return context


def _state() -> State:
    """What there is to be copied, as it is now."""
    return {"database": {key: _short(key, value) for key, value in kept(*FAMILIES).items()}, "files": files()}


def _short(key: str, value: str) -> str:
    """Of where a telephone stands, what a call to it needs: the rest is more than Asterisk takes at once."""
    if not key.startswith(CONTACTS):
        return value
    told = json.loads(value)
    return json.dumps({name: told[name] for name in CALLED}, separators=(",", ":"))


def files() -> dict[str, list[int]]:
    """Size and date of each voice message and greeting; what is being recorded (tmp) is not one yet."""
    found = {}
    for folder, folders, names in os.walk(SPOOL):
        folders[:] = [name for name in folders if name != "tmp"]
        for name in names:
            path = Path(folder, name)
            if not name.startswith(".") and path.is_file():
                told = path.stat()
                found[str(path.relative_to(SPOOL))] = [told.st_size, told.st_mtime_ns]
    return found


def _send(state: State, settings: State) -> None:
    """Bring the standby up to a state. Raises OSError when it cannot be reached, ValueError when it refuses."""
    peer = settings["peer"]
    context = _context(settings, ssl.Purpose.SERVER_AUTH)
    with (
        socket.create_connection((peer["address"], PORT), TIMEOUT_S, source_address=(settings["address"], 0)) as wire,
        context.wrap_socket(wire, server_hostname=peer["name"]) as session,
        session.makefile("rwb") as stream,
    ):
        _write(stream, state)
        answer = _read(stream)
        if "refused" in answer:
            raise ValueError(answer["refused"])
        for name in answer["wanted"]:
            with (SPOOL / name).open("rb") as message:
                content = message.read()
            if len(content) != state["files"][name][0]:
                raise ValueError(f"{name} is being written")
            stream.write(content)
        stream.flush()
        if not _read(stream).get("done"):
            raise ValueError("the standby did not end")


class _Server(socketserver.ThreadingTCPServer):
    """Takes the state of the active exchange, which must prove that it is the other member."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, address: tuple[str, int], settings: State, context: ssl.SSLContext) -> None:
        super().__init__(address, _Session)
        self.settings, self.context = settings, context
        self.lock = threading.Lock()
        self.failed = ""


class _Session(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        """One state: take it, or say why not."""
        settings = self.server.settings
        try:
            self.request.settimeout(TIMEOUT_S)
            with (
                self.server.context.wrap_socket(self.request, server_side=True) as session,
                session.makefile("rwb") as stream,
                self.server.lock,
            ):
                names = [name for kind, name in session.getpeercert()["subjectAltName"] if kind == "DNS"]
                state = _read(stream)
                if settings["peer"]["name"] not in names:
                    log(f"copy: refused, from {self.client_address[0]}: {', '.join(names)}")
                    _write(stream, {"refused": "this name is not that of the other exchange"})
                elif holds(settings["virtual_address"]):
                    _write(stream, {"refused": "this exchange serves too"})
                else:
                    _take(state, stream)
                    self.server.failed = ""
        except (OSError, ValueError) as error:
            if str(error) != self.server.failed:
                log(f"copy: what came from {self.client_address[0]} is left: {error}")
            self.server.failed = str(error)


def _take(state: State, stream: BinaryIO) -> None:
    """Make this host's state the one said."""
    have = files()
    wanted = [name for name in state["files"] if have.get(name) != state["files"][name]]
    _write(stream, {"wanted": wanted})
    for name in wanted:
        size, date = state["files"][name]
        store(name, _exactly(stream, size), date)
    for name in have.keys() - state["files"].keys():
        (SPOOL / name).unlink()
    _mirror(state["database"])
    _write(stream, {"done": True})


def store(name: str, content: bytes, date: int) -> None:
    """Write one message at once, with its date (ns since 1970). Raises ValueError for a name that leads elsewhere."""
    path = (SPOOL / name).resolve()
    if not path.is_relative_to(SPOOL.resolve()):
        raise ValueError(f"{name} is outside")
    path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}")
    draft.write_bytes(content)
    os.utime(draft, ns=(date, date))
    shutil.move(draft, path)


def _mirror(wanted: dict[str, str]) -> None:
    """Give Asterisk's database these keys, and none other of the families. Asterisk reads it at each question."""
    have = kept(*FAMILIES)
    for key in have.keys() - wanted.keys():
        drop(key)
    for key, value in wanted.items():
        if have.get(key) != value:
            keep(key, value)


def _write(stream: BinaryIO, said: State) -> None:
    stream.write(json.dumps(said).encode() + b"\n")
    stream.flush()


def _read(stream: BinaryIO) -> State:
    line = stream.readline()
    if not line.endswith(b"\n"):
        raise ValueError("the other exchange hung up")
    said: State = json.loads(line)
    return said


def _exactly(stream: BinaryIO, size: int) -> bytes:
    content = stream.read(size)
    if len(content) != size:
        raise ValueError("the other exchange hung up")
    return content
