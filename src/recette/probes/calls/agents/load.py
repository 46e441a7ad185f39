"""Many calls at once with sipp, or somebody who answers them, within bounds; then what sipp counted.

Payload: {"side": "call" or "answer", "address", "port", "target", "target_port", "number", "caller", "rate",
"simultaneous", "calls", "hold_s", "rtp", "ports", "life_s"}. Prints, once ready, {"ready": true}; at the end (calls
done, or stdin closed for who answers) {"rc", "statistics": text of sipp's file, "errors": its last complaints}.
"""

from __future__ import annotations

import ctypes
import json
import math
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

STDIN = 0
MAX_RATE, MAX_SIMULTANEOUS, MAX_CALLS, MAX_S = 100, 200, 10_000, 300
"""Hard bounds: whatever is asked for, a site survives it."""
TONE_HZ, RATE, AMPLITUDE = 440, 8000, 8000
PR_SET_PDEATHSIG = 1

COMMON = """Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:{caller}@[local_ip]:[local_port]>;tag=[pid]L[call_number]
To: <sip:{number}@[remote_ip]:[remote_port]>{tag}
Call-ID: [call_id]
CSeq: {sequence}
Contact: <sip:{caller}@[local_ip]:[local_port];transport=[transport]>
Max-Forwards: 70
"""
SOUND = """v=0
o=recette 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [{port}] RTP/AVP 8
a=rtpmap:8 PCMA/8000
"""
SPEAK = '<nop><action><exec rtp_stream="{folder}/tone.al,-1,8,PCMA/8000"/></action></nop>'


def caller(wish: dict[str, Any], folder: str) -> str:
    """An invitation, the call, its end."""
    names = {"caller": wish["caller"], "number": wish["number"]}
    port = "rtpstream_audio_port" if wish["rtp"] else "media_port"
    sound = SOUND.format(port=port)
    first = COMMON.format(**names, tag="", sequence="1 INVITE")
    acknowledged = COMMON.format(**names, tag="[peer_tag_param]", sequence="1 ACK")
    ended = COMMON.format(**names, tag="[peer_tag_param]", sequence="2 BYE")
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<scenario name="appels">
<send retrans="500" start_rtd="1"><![CDATA[
INVITE sip:{names["number"]}@[remote_ip]:[remote_port] SIP/2.0
{first}Content-Type: application/sdp
Content-Length: [len]

{sound}]]></send>
<recv response="100" optional="true"/><recv response="180" optional="true"/><recv response="183" optional="true"/>
<recv response="200" rtd="1" rrs="true"/>
<send><![CDATA[
ACK [next_url] SIP/2.0
{acknowledged}[routes]
Content-Length: 0

]]></send>
{SPEAK.format(folder=folder) if wish["rtp"] else ""}
<pause milliseconds="{round(1000 * wish["hold_s"])}"/>
<send retrans="500"><![CDATA[
BYE [next_url] SIP/2.0
{ended}[routes]
Content-Length: 0

]]></send>
<recv response="200"/>
</scenario>
"""


ANSWER = """[last_Via:]
[last_From:]
[last_To:];tag=[pid]A[call_number]
[last_Call-ID:]
[last_CSeq:]
[last_Record-Route:]
Contact: <sip:[local_ip]:[local_port];transport=[transport]>
"""


def callee() -> str:
    """Answers at once, sends back what it hears."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<scenario name="reponses">
<recv request="INVITE" rrs="true"/>
<send retrans="500"><![CDATA[
SIP/2.0 200 OK
{ANSWER}Content-Type: application/sdp
Content-Length: [len]

{SOUND.format(port="media_port")}]]></send>
<recv request="ACK"/>
<recv request="BYE"/>
<send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
</scenario>
"""


def a_law(sample: int) -> int:
    """ITU-T G.711: sign, segment and step of a sample of 16 bits."""
    sign, level = (0x80, sample) if sample >= 0 else (0, -sample - 1)
    level = min(level, 32767) >> 4
    segment = 0 if level < 16 else level.bit_length() - 4  # noqa: PLR2004
    step = level & 15 if segment <= 1 else level >> (segment - 1) & 15
    return (sign | segment << 4 | step) ^ 0x55


def tone() -> bytes:
    """One second, which loops without a click."""
    return bytes(a_law(round(AMPLITUDE * math.sin(2 * math.pi * TONE_HZ * n / RATE))) for n in range(RATE))


def bounded(wish: dict[str, Any]) -> None:
    for name, highest in (
        ("rate", MAX_RATE),
        ("simultaneous", MAX_SIMULTANEOUS),
        ("calls", MAX_CALLS),
        ("life_s", MAX_S),
    ):
        if not 0 < wish[name] <= highest:
            raise SystemExit(f"{name} = {wish[name]}: from 1 to {highest}")


def command(wish: dict[str, Any], folder: str) -> list[str]:
    low, high = wish["ports"]
    common = [
        "sipp", "-sf", f"{folder}/scenario.xml", "-i", wish["address"], "-mi", wish["address"], "-p", str(wish["port"]),
        "-t", "u1", "-nostdin", "-trace_stat", "-stf", f"{folder}/statistics.csv", "-fd", "1",
        "-trace_err", "-error_file", f"{folder}/errors.log", "-timeout", f"{round(wish['life_s'])}s",
        "-min_rtp_port", str(low), "-max_rtp_port", str(high),
    ]  # fmt: skip
    if wish["side"] == "answer":
        return [*common, "-rtp_echo", "-aa"]
    bounds = ["-r", str(wish["rate"]), "-l", str(wish["simultaneous"]), "-m", str(wish["calls"])]
    patience = ["-recv_timeout", "10000", "-rtp_threadtasks", "20"]
    return [*common, *bounds, *patience, f"{wish['target']}:{wish['target_port']}"]


def dies_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def bound(address: str, port: int) -> bool:
    """Whether somebody holds a port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as test:
        try:
            test.bind((address, port))
        except OSError:
            return True
        return False


def main() -> None:
    wish = json.loads(sys.stdin.buffer.readline())
    bounded(wish)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGHUP, lambda *_: sys.exit(0))
    folder = tempfile.mkdtemp(prefix="recette-charge-", dir="/run")
    process = None
    try:
        Path(folder, "tone.al").write_bytes(tone())
        Path(folder, "scenario.xml").write_text(callee() if wish["side"] == "answer" else caller(wish, folder), "utf-8")
        process = subprocess.Popen(
            command(wish, folder),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**os.environ, "TERM": "dumb"},
            preexec_fn=dies_with_parent,  # noqa: PLW1509 - this process has one thread
        )
        deadline = time.monotonic() + wish["life_s"] + 15
        while not bound(wish["address"], wish["port"]) and process.poll() is None:
            time.sleep(0.02)
        sys.stdout.write('{"ready": true}\n')
        sys.stdout.flush()
        while process.poll() is None and time.monotonic() < deadline:
            if select.select([STDIN], [], [], 0.1)[0] and not os.read(STDIN, 4096):
                process.send_signal(signal.SIGUSR1)  # no new call; leaves once the last is over
                try:
                    process.wait(5)
                except subprocess.TimeoutExpired:
                    break
        if process.poll() is None:
            process.kill()
        said = process.stderr.read().decode(errors="replace") if process.stderr else ""
        told = {name: Path(folder, name) for name in ("statistics.csv", "errors.log")}
        texts = {name: path.read_text(errors="replace") if path.exists() else "" for name, path in told.items()}
        outcome = {
            "rc": process.wait(),
            "statistics": texts["statistics.csv"],
            "errors": (said + texts["errors.log"])[-4000:],
        }
        sys.stdout.write(json.dumps(outcome) + "\n")
    finally:
        if process and process.poll() is None:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
