"""Keep one session open: send a number every 20 ms, and write how long the worst answer took.

usage: echo_session.py ADDRESS REPORT
"""

import socket
import sys
import time
from pathlib import Path

ADDRESS, REPORT = sys.argv[1], Path(sys.argv[2])
PERIOD_S = 0.02

worst = 0.0
with socket.create_connection((ADDRESS, 7), timeout=5) as session:
    session.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for number in range(1_000_000):
        sent = time.monotonic()
        session.sendall(b"%06d" % number)
        if session.recv(6, socket.MSG_WAITALL) != b"%06d" % number:
            sys.exit("the session was closed")
        worst = max(worst, time.monotonic() - sent)
        REPORT.write_text(f"{number} {worst:.3f}\n", encoding="ascii")
        time.sleep(PERIOD_S)
