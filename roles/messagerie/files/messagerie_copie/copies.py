"""Mailboxes kept alike on both servers."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections import defaultdict

from messagerie_copie.dovecot import GREETING, Doveadm, Line
from messagerie_copie.journal import INFORMATION, WARNING, Failed, log
from messagerie_copie.tunnel import LOCALHOST, Tunnel

LOCK_S = 20
SILENCE_S = 30
"""A synchronisation in which the other server says nothing for so long has failed."""
WORD_S = 5.0
"""How long the other server may take to say something."""
PROBE_S = 1.0
SUSPICION_S = 2.0
"""A synchronisation that takes longer makes one ask whether the other server is still there."""
RETRY_S = 2.0
FAILURES = 3
"""A delivery gives the other server up after so many failed synchronisations, although it answers."""
CHANGED = "-CHANGED"
"""What Dovecot says when a mailbox changed meanwhile: it is only to be synchronised again."""
NOBODY = "-NOUSER"
"""What Dovecot says of a mailbox whose owner has left or is disabled."""
BOXES = ("(", "mailbox", "INBOX", "OR", "mailbox", "Junk", ")")
"""Where mail is delivered."""


class Peer:
    """Whether the other server answers; asked again after a while when it does not."""

    def __init__(self, host: str, tunnel: Tunnel) -> None:
        self.host, self._tunnel = host, tunnel
        self.destination = f"tcp:{LOCALHOST}:{tunnel.ends.outward}"
        self.present = True
        self._asking = threading.Lock()
        self._asked = (0.0, True)

    def answers(self) -> bool:
        """Ask its Dovecot for a word: a machine that is cut does not connect, one that is frozen says nothing."""
        with self._asking:
            when, answer = self._asked
            if time.monotonic() - when > PROBE_S:
                answer = self._says_something()
                self._asked = (time.monotonic(), answer)
            return answer

    def hang_up(self) -> None:
        """End the calls under way: they would wait for their time-out."""
        self._tunnel.cut()

    def _says_something(self) -> bool:
        try:
            with socket.create_connection((LOCALHOST, self._tunnel.ends.outward), timeout=WORD_S) as opened:
                opened.sendall(GREETING)
                return opened.recv(1) != b""
        except OSError:
            return False


class Copies:
    """Synchronises mailboxes with the other server: one synchronisation at a time for each, shared by who waits."""

    def __init__(self, doveadm: Doveadm, peer: Peer) -> None:
        self._doveadm, self._peer = doveadm, peer
        self._states: dict[str, str] = {}
        self._changed = threading.Condition()
        self.asked: dict[str, int] = defaultdict(int)
        """How many times each mailbox was asked for."""
        self._done: dict[str, int] = defaultdict(int)
        self._failures: dict[str, int] = defaultdict(int)
        self._running: set[str] = set()
        self.behind: dict[str, float] = {}
        """Mailboxes that the other server may not have as they are here, and since when."""
        self._ownerless: set[str] = set()
        self.met: set[str] = set()
        """Mailboxes synchronised since this server last missed the other one."""

    def commit(self, user: str) -> bool:
        """Return once the mailbox, as it stands now, is on both servers: True; or once the other is given up: False."""
        with self._changed:
            self.asked[user] += 1
            mine, tries = self.asked[user], self._failures[user] + FAILURES
            self.behind.setdefault(user, time.monotonic())
            while self._done[user] < mine:
                if not self._peer.present or self._failures[user] >= tries:
                    return False
                if user in self._running:
                    self._changed.wait(RETRY_S)
                else:
                    self._run(user)
        return True

    def _run(self, user: str) -> None:
        """Synchronise what was asked so far; called, and left, with the lock held."""
        covered, begun = self.asked[user], time.monotonic()
        self._running.add(user)
        self._changed.release()
        failure: Exception | None = None
        try:
            self._synchronise(user)
        except (Failed, OSError) as error:
            failure = error
        finally:
            self._changed.acquire()
            self._running.discard(user)
            self._changed.notify_all()
        if failure is None:
            self._done[user] = max(self._done[user], covered)
            self.met.add(user)
            self._ownerless.discard(user)
            if self.asked[user] == covered:
                self.behind.pop(user, None)
            else:
                self.behind[user] = begun
        elif self._peer.present and not str(failure).endswith(CHANGED):
            self._failures[user] += 1
            if str(failure).endswith(NOBODY):
                self._ownerless.add(user)
            log(WARNING, f"{failure}")
            self._changed.wait(RETRY_S)

    def _synchronise(self, user: str) -> None:
        """One two-way synchronisation; raise Failed when it fails, or as soon as the other server is found dead.

        What Dovecot says of the state that both reached makes the next one look at changes only.
        """
        state = self._states.pop(user, "")
        ended = threading.Event()

        def guard(line: Line) -> None:
            threading.Thread(target=self._watch, args=(line, ended), daemon=True).start()

        try:
            options = ("-l", str(LOCK_S), "-T", str(SILENCE_S), "-s", state)
            reached = self._doveadm.run(user, "sync", *options, self._peer.destination, opened=guard)
            self._states[user] = reached.decode()
        except (Failed, OSError):
            if not self._peer.answers():
                self.missed()
            raise
        finally:
            ended.set()

    def _watch(self, line: Line, ended: threading.Event) -> None:
        """Hang up on a synchronisation with a server that no longer answers: it would wait for its time-out."""
        while not ended.wait(SUSPICION_S):
            if not self._peer.answers() and not ended.is_set():
                self.missed()
                with contextlib.suppress(OSError):  # it has just ended
                    line.socket.shutdown(socket.SHUT_RDWR)
                return

    def missed(self) -> None:
        """The other server is gone: whoever waits goes on alone."""
        with self._changed:
            if self._peer.present:
                log(WARNING, f"{self._peer.host} does not answer: mail is acknowledged alone")
            self._peer.present = False
            self._peer.hang_up()
            self.met.clear()
            self._states.clear()
            self._changed.notify_all()

    def found(self) -> None:
        """The other server is back."""
        with self._changed:
            log(INFORMATION, f"{self._peer.host} answers again; mailboxes known to differ: {len(self.behind)}")
            self._peer.present = True

    def late(self, age_s: float) -> list[str]:
        """The mailboxes that have differed for so long."""
        with self._changed:
            return sorted(user for user, since in self.behind.items() if time.monotonic() - since > age_s)

    def lateness(self) -> float:
        """How long the mailbox that has differed longest has, in seconds, 0 for none; ownerless ones do not count."""
        with self._changed:
            since = [since for user, since in self.behind.items() if user not in self._ownerless]
            return time.monotonic() - min(since) if since else 0.0
