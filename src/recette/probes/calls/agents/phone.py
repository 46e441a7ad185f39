"""One telephone: a baresip of its own, used like its owner would, until stdin closes.

Payload: {"extension", "password", "codecs", "tone_hz", "address", "register", "life_s", "settings"}. `settings` is the
folder that role `telephone` writes. The first line printed is {"hello": {...}}; then, each with its instant "at" in
seconds of CLOCK_MONOTONIC: {"event": what baresip tells}, {"sip": a message, "sent": true or false}, {"said": a line of
its log}, {"gone": its exit code}; and {"reply": number, "ok": ..., "data": ..., "asked_s": ...} for each line
{"number", "command", "params"} read from stdin. Every folder and process ends with this one.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
import tty
from pathlib import Path
from typing import Any

STDIN = 0
PLACES = 8
"""Telephones of one host at once: what RTP ports 10000-10099 hold."""
RTP_FIRST, RTP_EACH = 10000, 12
SIP_FIRST, SIP_EACH = 5070, 4
CONTROL_FIRST = 4440
READY_S = 10.0
BYE_S = 2.0
ROOT = Path("/run/recette-telephones")
PR_SET_PDEATHSIG = 1
ADDRESSES = re.compile(r"^(?:TLS|TCP|UDP) (\S+) -> (\S+)$")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps({**line, "at": time.monotonic()}) + "\n")
    sys.stdout.flush()


def place() -> tuple[int, socket.socket]:
    """A free place of this host, held by a name that the kernel lets go when this process ends."""
    for rank in range(PLACES):
        holder = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            holder.bind(f"\0recette-telephone-{rank}")
        except OSError:
            holder.close()
            continue
        return rank, holder
    raise SystemExit(f"no place left: {PLACES} telephones are in use on this host")


def furnish(folder: Path, rank: int, wish: dict[str, Any]) -> None:
    """The telephone's own settings: the role's, and what tells it from its neighbours."""
    settings = Path(wish["settings"])
    lowest = RTP_FIRST + RTP_EACH * rank
    own = [
        f"net_interface {wish['address']}",
        f"sip_listen {wish['address']}:{SIP_FIRST + SIP_EACH * rank}",
        f"rtp_ports {lowest}-{lowest + RTP_EACH - 1}",
        f"audio_source ausine,{wish['tone_hz']}",
        f"ctrl_tcp_listen 127.0.0.1:{CONTROL_FIRST + rank}",
        f"snd_path {folder}",
    ]
    text = (settings / "config").read_text(encoding="utf-8")
    parts = [settings / "certificate.pem", settings / "certificate.key"]
    if all(part.exists() for part in parts):
        identity = folder / "identity.pem"
        identity.touch(mode=0o600)
        identity.write_bytes(b"".join(part.read_bytes() for part in parts))
        own.append(f"sip_certificate {identity}")
    (folder / "config").write_text(text + "\n".join(own) + "\n", encoding="utf-8")
    account = (settings / "account").read_text(encoding="utf-8")
    if wish["codecs"]:
        account = re.sub(r"audio_codecs=[^;\s]*", f"audio_codecs={wish['codecs']}", account)
    if not wish["register"]:
        account = re.sub(r"regint=\d+", "regint=0", account)
    account = account.replace("EXTENSION", wish["extension"]).replace("PASSWORD", wish["password"])
    path = folder / "accounts"
    path.touch(mode=0o600)
    path.write_text(account, encoding="utf-8")


def dies_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Telephone:
    """The baresip process, its control connection and its trace."""

    def __init__(self, folder: Path, rank: int, address: str) -> None:
        screen, terminal = pty.openpty()  # to a pipe, baresip would write its trace by blocks
        tty.setraw(terminal)
        self.process = subprocess.Popen(
            ["baresip", "-4", "-s", "-f", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=terminal,
            stderr=terminal,
            cwd=folder,
            preexec_fn=dies_with_parent,  # noqa: PLW1509 - this process has one thread
        )
        os.close(terminal)
        self.screen, self.seen, self.address = screen, b"", address
        self.message: list[str] | None = None
        self.asked: dict[int, float] = {}
        self.control = self._connect(CONTROL_FIRST + rank)
        self.rest = b""

    def _connect(self, port: int) -> socket.socket:
        deadline = time.monotonic() + READY_S
        while True:
            try:
                control = socket.create_connection(("127.0.0.1", port), timeout=READY_S)
            except OSError as error:
                time.sleep(0.02)
                if self.process.poll() is not None or time.monotonic() > deadline:
                    self.end()
                    ready = select.select([self.screen], [], [], 0)[0]
                    told = os.read(self.screen, 65536).decode(errors="replace").split("\n") if ready else []
                    raise SystemExit(f"baresip did not start: {error} {' '.join(told[-4:])}") from None
            else:
                control.settimeout(None)
                return control

    def order(self, number: int, command: str, params: str) -> None:
        self.asked[number] = time.monotonic()
        text = json.dumps({"command": command, "params": params, "token": str(number)}).encode()
        self.control.sendall(b"%d:%b," % (len(text), text))

    def read_control(self) -> bool:
        """What baresip tells, until it closes."""
        try:
            data = self.control.recv(65536)
        except ConnectionError:
            data = b""
        self.rest += data
        while b":" in self.rest:
            length, _, following = self.rest.partition(b":")
            size = int(length)
            if len(following) <= size:
                break
            told, self.rest = json.loads(following[:size].decode(errors="replace")), following[size + 1 :]
            if told.get("response"):
                number = int(told.get("token") or 0)
                asked_s = self.asked.pop(number, time.monotonic())
                say({"reply": number, "ok": told["ok"], "data": told.get("data", ""), "asked_s": asked_s})
            else:
                say({"event": told})
        return bool(data)

    def read_screen(self) -> bool:
        """The trace: SIP messages in clear, and the log."""
        try:
            data = os.read(self.screen, 65536)
        except OSError:  # the terminal of a process that ended
            data = b""
        *lines, self.seen = (self.seen + data).split(b"\n")
        for line in lines:
            self._line(line.decode(errors="replace").rstrip("\r"))
        return bool(data)

    def _line(self, raw: str) -> None:
        line = COLOUR.sub("", raw.rpartition("\r")[2])  # before it, a status line that is written over and over
        if self.message is None:
            if ADDRESSES.match(line):
                self.message = [line]
            elif line.strip("# ") and not line.startswith("["):
                say({"said": line})
        elif "\x1b[;m" in raw:
            head, *body = self.message
            sent = head.split()[1].rpartition(":")[0] == self.address
            say({"sip": "\n".join([*body, line]).strip() + "\n", "sent": sent})
            self.message = None
        else:
            self.message.append(line)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(BYE_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def serve(telephone: Telephone, end: float) -> None:
    """Pass on orders and news until stdin closes, baresip ends or time is out."""
    waiting = b""
    watched: list[Any] = [STDIN, telephone.control, telephone.screen]
    while time.monotonic() < end:
        ready = select.select(watched, [], [], max(0.0, min(1.0, end - time.monotonic())))[0]
        if STDIN in ready:
            data = os.read(STDIN, 65536)
            if not data:
                return
            *lines, waiting = (waiting + data).split(b"\n")
            for line in lines:
                wish = json.loads(line)
                telephone.order(wish["number"], wish["command"], wish["params"])
        if telephone.screen in ready and not telephone.read_screen():
            watched.remove(telephone.screen)
        if telephone.control in ready and not telephone.read_control():
            telephone.process.wait(BYE_S)
            say({"gone": telephone.process.returncode})
            return


def sweep() -> None:
    """What was left by an agent that was killed."""
    for folder in ROOT.glob("*-*"):
        pid = folder.name.partition("-")[2]
        if not Path("/proc", pid).exists():
            shutil.rmtree(folder)


def main() -> None:
    wish = json.loads(sys.stdin.buffer.readline())
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGHUP, lambda *_: sys.exit(0))
    rank, holder = place()
    ROOT.mkdir(mode=0o700, exist_ok=True)
    sweep()
    folder = ROOT / f"{rank}-{os.getpid()}"
    folder.mkdir(mode=0o700)
    telephone = None
    try:
        furnish(folder, rank, wish)
        lowest = RTP_FIRST + RTP_EACH * rank
        epoch = time.time() - time.monotonic()
        telephone = Telephone(folder, rank, wish["address"])
        say({"hello": {"rank": rank, "rtp": [lowest, lowest + RTP_EACH - 1], "epoch_s": epoch}})
        serve(telephone, time.monotonic() + wish["life_s"])
    finally:
        if telephone:
            telephone.end()
        shutil.rmtree(folder, ignore_errors=True)
        holder.close()
        with contextlib.suppress(OSError):  # another telephone is in use
            ROOT.rmdir()


if __name__ == "__main__":
    main()
