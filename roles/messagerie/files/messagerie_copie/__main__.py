"""usage: python3 -m messagerie_copie SETTINGS

Sockets come from systemd: `lmtp` (Postfix) and `events` (Dovecot).
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from messagerie_copie.copies import Copies, Peer
from messagerie_copie.deliveries import Deliveries
from messagerie_copie.dovecot import Doveadm, Logins
from messagerie_copie.keeper import Keeper
from messagerie_copie.lmtp import Listener
from messagerie_copie.tunnel import Ends, Identity, Tunnel

FIRST_SOCKET = 3  # SD_LISTEN_FDS_START
MAX_SEARCHES, MAX_SYNCHRONISATIONS = 8, 4
"""Run at once by Dovecot. Few synchronisations: those that wait then cover more deliveries each."""


def follow(opened: socket.socket, want: Callable[[str], None]) -> None:
    """Read the events that Dovecot tells, one JSON object a line: someone changed something in a mailbox."""

    def read(connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines:
            for line in lines:
                user = json.loads(line)["fields"].get("user")
                if user:
                    want(user)

    while True:
        threading.Thread(target=read, args=(opened.accept()[0],), daemon=True).start()


def sockets() -> dict[str, socket.socket]:
    """The sockets that systemd hands over, by name."""
    names = os.environ["LISTEN_FDNAMES"].split(":")
    return {name: socket.socket(fileno=FIRST_SOCKET + place) for place, name in enumerate(names)}


def main() -> None:
    """Serve until killed."""
    settings = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    opened = sockets()
    identity = Identity(*(Path(settings[name]) for name in ("certificate", "key", "authority")))
    tunnel = Tunnel(settings["peer"], Ends(settings["port"]), identity)
    doveadm, peer = Doveadm(MAX_SEARCHES), Peer(settings["peer"], tunnel)
    copies = Copies(Doveadm(MAX_SYNCHRONISATIONS), peer)
    keeper = Keeper(copies, doveadm, peer, settings)
    listener = Listener(opened["lmtp"], Deliveries(copies, doveadm, Logins()))
    with tunnel.open():
        keeper.start()
        threading.Thread(target=follow, args=(opened["events"], keeper.want), daemon=True).start()
        listener.serve_forever()


main()
