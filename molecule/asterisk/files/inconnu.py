"""Sends registrations of people whom nobody knows, over UDP, and prints how many were answered.

inconnu.py SERVER COUNT
"""

import socket
import sys
import time

PAUSE_S, TIMEOUT_S = 0.2, 1.0


def answered(wire: socket.socket, server: str, user: str) -> bool:
    """Whether one registration is answered."""
    unique = time.time_ns()
    lines = (
        f"REGISTER sip:{server} SIP/2.0",
        f"Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK{unique};rport",
        f"From: <sip:{user}@{server}>;tag={unique}",
        f"To: <sip:{user}@{server}>",
        f"Call-ID: {unique}",
        "CSeq: 1 REGISTER",
        "Max-Forwards: 70",
        "Content-Length: 0",
        "",
        "",
    )
    wire.sendto("\r\n".join(lines).encode(), (server, 5060))
    try:
        return wire.recv(4096).startswith(b"SIP/2.0 401 ")
    except TimeoutError:
        return False


def main() -> None:
    """Send them one after the other."""
    server, count = sys.argv[1], int(sys.argv[2])
    found = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.settimeout(TIMEOUT_S)
        for rank in range(count):
            found += answered(wire, server, str(3000 + rank))
            time.sleep(PAUSE_S)
    sys.stdout.write(str(found))


if __name__ == "__main__":
    main()
