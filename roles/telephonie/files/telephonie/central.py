"""What is asked of Asterisk on this host, and what it keeps."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

DATABASE = Path("/var/lib/asterisk/astdb.sqlite3")
STATE = Path("/var/lib/telephonie")
CONTACTS = "/registrar/contact/"
COMMAND_S = 20.0
"""Longest that Asterisk may take to answer: reading a thousand telephones again takes 2 s on a loaded machine."""


def log(text: str) -> None:
    """One line of the journal."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def ask(command: str) -> str:
    """What Asterisk answers to a command. Raises OSError or SubprocessError when it does not."""
    done = subprocess.run(["asterisk", "-rx", command], capture_output=True, text=True, check=True, timeout=COMMAND_S)
    return done.stdout


def holds(address: str) -> bool:
    """Whether this host holds an IPv4 address."""
    shown = subprocess.run(["ip", "-json", "-4", "address"], capture_output=True, text=True, check=True).stdout
    return any(each["local"] == address for link in json.loads(shown) for each in link["addr_info"])


def kept(*families: str) -> dict[str, str]:
    """Every key of Asterisk's database that begins with one of these, and its value."""
    with contextlib.closing(sqlite3.connect(f"file:{DATABASE}?mode=ro", uri=True, timeout=3)) as database:
        rows = database.execute("SELECT key, value FROM astdb").fetchall()
    return {key: value for key, value in rows if key.startswith(families)}


def forget(extensions: set[str]) -> None:
    """End the calls of telephones, and forget where they stand: they are reached no more."""
    for channel in ask("core show channels concise").splitlines():
        name = channel.split("!")[0]
        found = re.match(r"PJSIP/(\d+)-", name)
        if found and found[1] in extensions:
            ask(f"channel request hangup {name}")
    for key in kept(CONTACTS):
        if key.removeprefix(CONTACTS).split(";")[0] in extensions:
            ask(f'database del registrar "contact/{key.removeprefix(CONTACTS)}"')
