"""Plays one telephone (baresip) and prints one JSON object: what became of it.

    telephone.py <SETTINGS

Settings (JSON): extension, password, server, tone (Hz that it plays), seconds (length of its life, or of the call that
it makes); dial (number that it calls; without one it answers the first call), keys (pressed once answered); login
(unless it is the extension), codec, media (srtp-mand unless another is given), transport (tls unless another is given),
registers (false for one that calls without).
Printed: registered, answered, reason (how the call or registration ended), peer, heard (Hz: share of the time).
"""

import array
import json
import math
import re
import socket
import subprocess
import sys
import tempfile
import time
import wave
from pathlib import Path
from typing import Any

TONES = (523, 615, 659, 717, 750, 818, 950, 1050, 1112, 1250)
WINDOW_S, RATE = 0.1, 8000
CONFIG = """poll_method epoll
sip_listen 0.0.0.0:5060
call_max_calls 4
audio_player aufile,{folder}/heard.wav
audio_source ausine,{tone}
audio_alert aufile,/dev/null
ausrc_srate 48000
auplay_srate 48000
ausrc_channels 1
auplay_channels 1
rtp_ports 10000-10999
module_path /usr/lib/baresip/modules
module opus.so
module g711.so
module ausine.so
module aufile.so
module srtp.so
module stdio.so
module account.so
module uuid.so
module menu.so
module ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:4444
"""

TLS = """sip_certificate {folder}/identity.pem
sip_cafile /etc/site-pki/ca.pem
sip_verify_server yes
"""


class Control:
    """The wire by which baresip is told what to do, and tells what happens: JSON in netstrings."""

    def __init__(self) -> None:
        self.wire = socket.create_connection(("127.0.0.1", 4444), 2)
        self.pending = b""

    def tell(self, command: str, parameters: str = "") -> None:
        text = json.dumps({"command": command, "params": parameters}).encode()
        self.wire.sendall(b"%d:%s," % (len(text), text))

    def events(self, until: float) -> Any:
        """Every event until a time."""
        while time.monotonic() < until:
            while b":" in self.pending:
                head, rest = self.pending.split(b":", 1)
                if len(rest) <= int(head):
                    break
                self.pending = rest[int(head) + 1 :]
                said = json.loads(rest[: int(head)])
                if said.get("event"):
                    yield said
            self.wire.settimeout(max(0.01, until - time.monotonic()))
            try:
                received = self.wire.recv(65536)
            except TimeoutError:
                return
            if not received:
                return
            self.pending += received


def share(path: Path) -> dict[str, float]:
    """Share of the time in which each tone is heard, by Goertzel's filter on windows of a tenth of a second."""
    if not path.exists():
        return {}
    with wave.open(str(path)) as file:
        rate = file.getframerate()
        rate, every = (RATE, rate // RATE) if rate % RATE == 0 else (rate, 1)
        samples = array.array("h", file.readframes(file.getnframes()))[:: file.getnchannels() * every]
    size, found = int(rate * WINDOW_S), dict.fromkeys(TONES, 0)
    windows = [samples[start : start + size] for start in range(0, len(samples) - size + 1, size)]
    for window in windows:
        energy = sum(each * each for each in window)
        for tone in TONES:
            if energy > size * 1000 and power(window, tone, rate) > 0.5 * energy * size / 2:
                found[tone] += 1
    return {str(tone): round(count / max(1, len(windows)), 2) for tone, count in found.items() if count}


def power(window: Any, tone: int, rate: int) -> float:
    """Power of a tone in a window."""
    turn = 2 * math.cos(2 * math.pi * tone / rate)
    last = before = 0.0
    for sample in window:
        last, before = sample + turn * last - before, last
    return last * last + before * before - turn * last * before


def registration(log: Path) -> str:
    """What the exchange answers to the registration, empty when it does not."""
    end = time.monotonic() + 8
    while time.monotonic() < end:
        if found := re.search(
            r"\(prio 0\) \{\d/\w+/v4\} (\d{3} [\w ]+)|reg: .* failed|: (Register: .*)", log.read_text()
        ):
            return found[1] or found[0]
        time.sleep(0.1)
    return ""


def port(wanted: dict[str, Any]) -> int:
    """The port of the exchange."""
    return 5061 if wanted.get("transport", "tls") == "tls" else 5060


def live(wanted: dict[str, Any], log: Path) -> dict[str, Any]:
    """Register, call or be called, and say what happened."""
    said: dict[str, Any] = {"registered": False, "answered": False, "reason": "", "peer": ""}
    control, answer = Control(), registration(log) if wanted.get("registers", True) else ""
    said["registered"], said["reason"] = answer.startswith("200 "), answer
    end = time.monotonic() + (wanted["seconds"] if "dial" not in wanted else 25)
    if "dial" in wanted:
        said["dialled_at"] = time.time()
        whole = f"sip:{wanted['dial']}@{wanted['server']}:{port(wanted)}"
        control.tell("dial", wanted["dial"] if wanted.get("registers", True) else whole)
    for event in control.events(end):
        kind = event["type"]
        if kind == "CALL_ESTABLISHED":
            said["answered"], said["peer"] = True, event.get("peeruri", "")
            said.setdefault("answered_after_s", round(time.time() - said.get("dialled_at", time.time()), 2))
            if "dial" in wanted:
                for key in wanted.get("keys", ""):
                    time.sleep(0.3)
                    control.tell("sndcode", key)
                for _ in control.events(time.monotonic() + wanted["seconds"]):
                    pass
                break
        if kind == "CALL_CLOSED":
            said["reason"], said["peer"] = event.get("param", ""), event.get("peeruri", "")
            break
    control.tell("quit")
    return said


def main() -> None:
    """Run baresip as the settings say."""
    wanted = json.load(sys.stdin)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = CONFIG.format(folder=folder, tone=wanted["tone"])
        identity = Path("/etc/site-pki/telephone.pem")
        if identity.exists():
            (folder / "identity.pem").write_text(identity.read_text() + identity.with_suffix(".key").read_text())
            config += TLS.format(folder=folder)
        (folder / "config").write_text(config)
        transport = wanted.get("transport", "tls")
        account = (
            f"<sip:{wanted['extension']}@{wanted['server']}:{port(wanted)};transport={transport}>"
            f";auth_user={wanted.get('login', wanted['extension'])};auth_pass={wanted['password']};answermode=auto"
            f";regint={60 if wanted.get('registers', True) else 0};mediaenc={wanted.get('media', 'srtp-mand')}"
            f";audio_codecs={wanted.get('codec', 'opus/48000/2,pcma/8000/1')}\n"
        )
        (folder / "accounts").write_text(account)
        with subprocess.Popen(
            ["baresip", "-f", name, "-v"],
            stdin=subprocess.DEVNULL,
            stdout=(folder / "log").open("w"),
            stderr=subprocess.STDOUT,
        ) as baresip:
            time.sleep(1)  # its accounts are read and its port is open by then; what it says is waited for below
            said = live(wanted, folder / "log")
            try:
                baresip.wait(5)
            except subprocess.TimeoutExpired:
                baresip.kill()
        heard = list(folder.glob("heard*.wav"))
        said["heard"] = share(heard[0]) if heard else {}
        if wanted.get("log"):
            said["log"] = (folder / "log").read_text()[-6000:]
        json.dump(said, sys.stdout)


if __name__ == "__main__":
    main()
