"""Log-ons on workstations, through their PAM stack: some, to know what an account may do, or a rush of hundreds."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from subprocess import Popen

from recette.errors import Inconclusive
from recette.measure.outage import Sample
from recette.probes.agents import source
from recette.shell import Remote, finish, whole_lines

NS = 1e9
SERVICE = "login"
"""PAM service of somebody who sits down at the workstation."""
WORKERS = 64
"""Log-ons under way at once on one workstation: more than any rush needs, so that none waits for another."""
PATIENCE_S = 60.0
"""A user who has waited that long has given up."""


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who logs on. `sudo`: tries to become root once in, and tells the groups."""

    user: str
    password: str
    sudo: bool = False


@dataclass(frozen=True, slots=True)
class Sudo:
    """What sudo answered to an open session."""

    granted: bool
    said: str


@dataclass(frozen=True, slots=True)
class Logon:
    """One log-on. Instants in seconds of the workstation's CLOCK_MONOTONIC, which all hosts of a twin share.

    `phase` is what was refused (authentification, compte, jeton, session, or patience when the user gave up) and
    `error` the name of PAM's answer, both empty for a session that opened. `due_s` is when the user came, `started_s`
    when the workstation had room for one more. `groups` and `sudo` are those of an account that tries sudo.
    """

    host: str
    number: int
    user: str
    due_s: float
    started_s: float
    ended_s: float
    phase: str
    error: str
    home: bool
    ticket: bool
    groups: tuple[str, ...]
    sudo: Sudo | None

    @property
    def accepted(self) -> bool:
        """Whether a session opened."""
        return not self.phase

    @property
    def duration_s(self) -> float:
        """How long the user waited."""
        return self.ended_s - self.due_s

    @property
    def sample(self) -> Sample:
        """The log-on as a numbered probe, for `recette.measure.outage`; a refusal is a probe without answer."""
        return Sample(self.number, self.due_s, self.ended_s if self.accepted else None, self.error)


def parse(host: str, accounts: Sequence[Account], line: bytes) -> Logon:
    """The log-on that a line of the agent tells of."""
    number, due, started, ended, phase, error, facts = json.loads(line)
    code, said = facts.get("sudo", (None, ""))
    return Logon(
        host=host,
        number=number,
        user=accounts[number].user,
        due_s=due / NS,
        started_s=started / NS,
        ended_s=ended / NS,
        phase=phase,
        error=error,
        home=facts.get("home", False),
        ticket=facts.get("ticket", False),
        groups=tuple(facts.get("groups", ())),
        sudo=None if code is None else Sudo(granted=code == 0, said=said),
    )


class Rush:
    """Log-ons on several workstations side by side, as they end; complete once `wait_ended` has returned."""

    def __init__(
        self, remote: Remote, crowds: Mapping[str, Sequence[Account]], rate: float, service: str, patience_s: float
    ) -> None:
        self._crowds = crowds
        self._logons: list[Logon] = []
        self._news = threading.Condition()
        self._processes: dict[str, Popen[bytes]] = {}
        self._readers: dict[str, threading.Thread] = {}
        settings = {"service": service, "rate": rate, "workers": WORKERS, "patience_s": patience_s}
        try:
            for host, accounts in crowds.items():
                users = [{"user": one.user, "password": one.password, "sudo": one.sudo} for one in accounts]
                process = remote.popen_python(host, source("logon"), {**settings, "users": users})
                self._processes[host] = process
                self._readers[host] = threading.Thread(target=self._read, args=(host,), daemon=True)
                self._readers[host].start()
        except BaseException:
            self.stop()
            raise

    @property
    def logons(self) -> tuple[Logon, ...]:
        """The log-ons that have ended, in the order in which their users came."""
        with self._news:
            return tuple(sorted(self._logons, key=lambda logon: logon.due_s))

    @property
    def expected(self) -> int:
        """How many log-ons there will be."""
        return sum(len(accounts) for accounts in self._crowds.values())

    def wait(self, count: int, limit_s: float) -> None:
        """Waits until that many log-ons have ended, well or not; else `Inconclusive`."""
        deadline = time.monotonic() + limit_s
        with self._news:
            while (got := len(self._logons)) < count:
                left = deadline - time.monotonic()
                alive = any(reader.is_alive() for reader in self._readers.values())
                if left <= 0 or not alive:
                    raise Inconclusive(f"{got} ouvertures de session menées à terme en {limit_s:g} s sur {count}")
                self._news.wait(min(left, 1.0))

    def wait_ended(self, limit_s: float) -> tuple[Logon, ...]:
        """Waits for the last log-on, and gives them all; `Inconclusive` if one of them is not known in time."""
        self.wait(self.expected, limit_s)
        return self.logons

    def stop(self) -> None:
        """Begins no more log-on, and ends. May be called twice."""
        for host, process in self._processes.items():
            finish(process, reader=self._readers.get(host))

    def _read(self, host: str) -> None:
        for line in whole_lines(self._processes[host]):
            logon = parse(host, self._crowds[host], line)
            with self._news:
                self._logons.append(logon)
                self._news.notify_all()


@contextmanager
def rush(
    remote: Remote,
    crowds: Mapping[str, Sequence[Account]],
    rate: float,
    *,
    service: str = SERVICE,
    patience_s: float = PATIENCE_S,
) -> Iterator[Rush]:
    """Log-ons of a crowd on each workstation, `rate` a second on each, until the block ends."""
    begun = Rush(remote, crowds, rate, service, patience_s)
    try:
        yield begun
    finally:
        begun.stop()


def log_on(
    remote: Remote, host: str, accounts: Iterable[Account], *, rate: float = 10.0, service: str = SERVICE
) -> tuple[Logon, ...]:
    """Some log-ons on one workstation, in the order given; `Inconclusive` if it does not tell how each one went."""
    crowd = list(accounts)
    with rush(remote, {host: crowd}, rate, service=service) as begun:
        return begun.wait_ended(PATIENCE_S + len(crowd) / rate + PATIENCE_S)
