"""Feeds the watchdog of this machine while it belongs to the majority: unfed, the machine is switched off and on.

It is what keeps a node that nobody can reach from running guests that others take over. Stopped in order, it disarms.
"""

from __future__ import annotations

import signal
import sys
import threading

import alimentation
from commun import CommandError, run, settings

TURN_S, LIMIT_S = 2.0, 4.0


def quorate() -> bool:
    """Whether this node is in the partition that has the quorum; no answer is no."""
    try:
        return run("crm_node", "--quorum", limit_s=LIMIT_S).strip() == "1"
    except CommandError:
        return False


def turn(*, armed: bool, limit_s: float) -> bool:
    """Arm or feed, if this node has the quorum; whether the watchdog is armed."""
    if not quorate():
        return armed
    alimentation.ask("feed" if armed else f"arm {limit_s:g}")
    return True


def main() -> None:
    """Until SIGTERM."""
    limit_s = float(settings()["watchdog_s"])
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    armed = False
    while not ended.is_set():
        try:
            armed = turn(armed=armed, limit_s=limit_s)
        except (OSError, ValueError) as error:
            # The controller was started anew, and knows of no watchdog: armed again at the next turn.
            sys.stderr.write(f"{error}\n")
            armed = False
        ended.wait(TURN_S)
    if armed:
        alimentation.ask("disarm")


if __name__ == "__main__":
    main()
