"""Agent: writes numbered lines on a guest as fast as it is told, until its input closes; tells each acknowledgement.

A line is written again until it is acknowledged: one whose answer was lost may stand there twice, none may be missing.
"""

import http.client
import json
import sys
import threading
import time

BUSY_S = 0.02


def acknowledged(host: str, line: str, limit_s: float) -> bool:
    """Whether the guest says that the line is on its disk."""
    link = http.client.HTTPConnection(host, 80, timeout=limit_s)
    try:
        link.request("GET", f"/cgi-bin/ecrire?{line}")
        return link.getresponse().read().decode().strip() == f"ecrit {line}"
    except (OSError, http.client.HTTPException):
        return False
    finally:
        link.close()


def main() -> None:
    """One JSON line for each acknowledgement: number, when it was first tried, when it came."""
    wish = json.loads(sys.stdin.buffer.readline())
    ended = threading.Event()

    def watch() -> None:
        sys.stdin.buffer.read()
        ended.set()

    threading.Thread(target=watch, daemon=True).start()
    number = 0
    while not ended.is_set():
        number += 1
        asked = time.monotonic()
        while not acknowledged(wish["host"], f"{wish['mark']}-{number}", wish["limit_s"]):
            if ended.is_set():
                return
            time.sleep(BUSY_S)
        print(json.dumps([number, asked, time.monotonic()]), flush=True)  # noqa: T201 - what an agent says
        ended.wait(max(0.0, asked + wish["period_s"] - time.monotonic()))


main()
