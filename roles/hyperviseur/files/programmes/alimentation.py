"""The power controller of this machine, and of the other members of its group: one line asked, one line answered."""

from __future__ import annotations

import socket

from commun import settings

LIMIT_S = 30.0


def ask(line: str) -> str:
    """The answer. Raises OSError if nobody answers, ValueError if the controller refuses."""
    with socket.socket(socket.AF_UNIX) as channel:
        channel.settimeout(LIMIT_S)
        channel.connect(str(settings()["power_socket"]))
        channel.sendall(f"{line}\n".encode())
        with channel.makefile(encoding="utf-8") as stream:
            answer = stream.readline().strip()
    if not answer or answer.startswith("error"):
        raise ValueError(f"power controller: {line}: {answer or 'no answer'}")
    return answer
