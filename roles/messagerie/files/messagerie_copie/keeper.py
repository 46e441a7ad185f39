"""Synchronises in the background, and looks out for the other server."""

from __future__ import annotations

import queue
import threading
from pathlib import Path
from typing import Any

from messagerie_copie.copies import BOXES, RETRY_S, Copies, Peer
from messagerie_copie.dovecot import Doveadm
from messagerie_copie.journal import WARNING, Failed, log

LATE_S = 15.0
"""A mailbox that still differs after so long is synchronised again."""


class Keeper:
    """Synchronises in the background what no delivery waits for, and looks out for the return of the other server."""

    DUPLICATES = ("deduplicate", "-m", *BOXES, "savedsince", "2days")

    def __init__(self, copies: Copies, doveadm: Doveadm, peer: Peer, settings: dict[str, Any]) -> None:
        self._copies, self._doveadm, self._peer = copies, doveadm, peer
        self._homes, self._lateness = Path(settings["homes"]), Path(settings["lateness"])
        # One server alone removes duplicates: two could each remove the copy that the other keeps.
        self._referee: bool = settings["referee"]
        self._wanted: queue.SimpleQueue[tuple[str, bool]] = queue.SimpleQueue()
        self._waiting: set[tuple[str, bool]] = set()
        self._lock = threading.Lock()

    def want(self, user: str, *, after_outage: bool = False) -> None:
        """Synchronise a mailbox soon; several wishes that wait together are one."""
        with self._lock:
            if (user, after_outage) in self._waiting:
                return
            self._waiting.add((user, after_outage))
        self._wanted.put((user, after_outage))

    def start(self) -> None:
        """Begin, with every mailbox there is."""
        for _ in range(2):
            threading.Thread(target=self._work, daemon=True).start()
        threading.Thread(target=self._look_out, daemon=True).start()

    def _work(self) -> None:
        while True:
            user, after_outage = self._wanted.get()
            with self._lock:
                self._waiting.discard((user, after_outage))
            try:
                if self._copies.commit(user) and after_outage and self._referee:
                    self._doveadm.run(user, *self.DUPLICATES)
                    self._copies.commit(user)
            except (Failed, OSError) as error:
                log(WARNING, f"{error}")

    def _look_out(self) -> None:
        self._sweep()
        rest = threading.Event()
        while not rest.wait(RETRY_S):
            self.tell()
            if not self._peer.present and self._peer.answers():
                self._copies.found()
                self._sweep()
            elif self._peer.present:
                for user in self._copies.late(LATE_S):
                    self.want(user)

    def tell(self) -> None:
        """Write how late the other server is, in whole seconds, for who supervises this one."""
        draft = self._lateness.with_suffix(".new")
        try:
            draft.write_text(f"{self._copies.lateness():.0f}\n", encoding="ascii")
            draft.rename(self._lateness)
        except OSError as error:  # the file grows old, which is seen
            log(WARNING, f"{error}")

    def _sweep(self) -> None:
        """Every mailbox, those known to differ first."""
        known = self._copies.late(0)
        everyone = {home.name for home in self._homes.iterdir() if home.is_dir() and not home.name.startswith(".")}
        for user in [*known, *sorted(everyone.difference(known))]:
            self.want(user, after_outage=True)
