"""What is asked of Asterisk on this host, by its control socket, and what it keeps.

Its database is not opened from here: Asterisk always has a transaction open on it, whose writes fail while somebody
else reads or writes.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from pathlib import Path

CONTROL = "/run/asterisk/asterisk.ctl"
STATE = Path("/var/lib/telephonie")
CONTACTS = "/registrar/contact/"
ANSWER_S = 20.0
"""Longest that Asterisk may take to answer, on a loaded machine."""
LONGEST = 511
"""Characters of a command that the control socket takes whole."""
ENTRY = re.compile(r"(/\S+) *: (.*)")


def log(text: str) -> None:
    """One line of the journal."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def ask(command: str) -> str:
    """What Asterisk answers to a command of its console.

    Raises OSError when it does not answer, ValueError for a command that it would cut.
    """
    sent = f"cli quit after {command}".encode() + b"\0"
    if len(sent) > LONGEST:
        raise ValueError(f"command of {len(sent)} characters: {command[:60]}…")
    with socket.socket(socket.AF_UNIX) as wire:
        wire.settimeout(ANSWER_S)
        wire.connect(CONTROL)
        wire.recv(4096)  # its name and version
        wire.sendall(sent)
        answer = b""
        while received := wire.recv(65536):
            answer += received
    return answer.replace(b"\0", b"").decode(errors="replace")


def holds(address: str) -> bool:
    """Whether this host holds an IPv4 address."""
    shown = subprocess.run(["ip", "-json", "-4", "address"], capture_output=True, text=True, check=True).stdout
    return any(each["local"] == address for link in json.loads(shown) for each in link["addr_info"])


def kept(*families: str) -> dict[str, str]:
    """Every key of Asterisk's database that begins with one of these, and its value."""
    found = (ENTRY.fullmatch(line.rstrip()) for line in ask("database show").splitlines())
    return {entry[1]: entry[2] for entry in found if entry and entry[1].startswith(families)}


def keep(key: str, value: str) -> None:
    """Write one value into Asterisk's database."""
    family, _, name = key[1:].partition("/")
    ask(f"database put {_quoted(family)} {_quoted(name)} {_quoted(value)}")


def drop(key: str) -> None:
    """Remove one key from Asterisk's database."""
    family, _, name = key[1:].partition("/")
    ask(f"database del {_quoted(family)} {_quoted(name)}")


def forget(extensions: set[str]) -> None:
    """End the calls of telephones, and forget where they stand: they are reached no more."""
    for channel in ask("core show channels concise").splitlines():
        name = channel.split("!")[0]
        found = re.match(r"PJSIP/(\d+)-", name)
        if found and found[1] in extensions:
            ask(f"channel request hangup {name}")
    for key in kept(CONTACTS):
        if key.removeprefix(CONTACTS).split(";")[0] in extensions:
            drop(key)


def _quoted(text: str) -> str:
    """A text as one word of the console."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
