"""Break one thing, hand over, and repair it whatever happens."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from recette.actions.catalogue import CATALOGUE, Fault, Plan, plan
from recette.actions.drivers import PowerDriver, RemoteDriver, verbs
from recette.actions.journal import Act, Drivers, Entry, Journal
from recette.actions.nominal import Nominal, systemd_is_running
from recette.actions.signals import interruptible, uninterrupted
from recette.errors import Inconclusive, RecetteError
from recette.site import Host, Site
from recette.waiting import wait_until

NOMINAL_LIMIT_S = 60.0
"""Guard against waiting for ever; what the contract allows is in the features."""

UNDO_TRIES = 3
"""Ctrl-C in a terminal also reaches the ssh or podman process that undoes; undoing is idempotent, so try again."""


class Injection:
    """A fault in place. `at_monotonic_s` is read just before the act: no outage counted from it is understated."""

    def __init__(self, faults: Faults, todo: Plan, nominal: Nominal, target: Host) -> None:
        self.fault = todo.fault
        self.label = CATALOGUE[todo.fault].label
        self.target = target
        self.at_monotonic_s = 0.0
        self.repaired_at_monotonic_s: float | None = None
        self._faults = faults
        self._plan = todo
        self._nominal = nominal
        self._entry: Entry | None = None

    def repair(self) -> None:
        """Undo, wait for the nominal state, and record it; nothing to do the second time.

        Raises Inconclusive if the site does not come back: the journal then keeps the fault for the next start.
        """
        if self._entry is not None:
            self._faults.undo(self._entry, self._nominal)
            self._entry = None
            self.repaired_at_monotonic_s = time.monotonic()

    def is_the_cause_of(self, entry: Entry) -> bool:
        """Whether an entry of the journal speaks of this fault."""
        return self._entry == entry

    def begin(self) -> None:
        """Journal, then act."""
        where = tuple(host.name for host in self._plan.where)
        self._entry = self._faults.journal.open(self.fault, where, self._plan.undo)
        self.at_monotonic_s = time.monotonic()
        self._faults.perform(self._plan.act)


class Faults:
    """The faults of one site: at most one at a time, never on the last healthy member of a redundancy group."""

    def __init__(  # noqa: PLR0913 - what acts, what records, what proves
        self,
        site: Site,
        power: PowerDriver,
        remote: RemoteDriver,
        journal: Journal,
        *,
        nominal: Nominal | None = None,
        nominal_limit_s: float = NOMINAL_LIMIT_S,
        others: Drivers | None = None,
    ) -> None:
        """`others` are verbs that the same journal names for what is no fault: a replay undoes them too."""
        self.journal = journal
        self._site = site
        self._power = power
        self._drivers: Drivers = {**verbs(site, power, remote), **(others or {})}
        self._nominal = nominal or systemd_is_running(remote)
        self._limit_s = nominal_limit_s

    @contextmanager
    def inject(  # noqa: PLR0913 - the fault and its circumstances
        self,
        fault: Fault,
        on: Host,
        zone: str | None = None,
        *,
        unit: str | None = None,
        nominal: Nominal | None = None,
        beside: Injection | None = None,
    ) -> Iterator[Injection]:
        """Break `on`; leaving the block repairs it and waits for its nominal state, even after Ctrl-C or SIGTERM.

        `nominal` overrides what the site's faults wait for. `beside` is a fault left in place on purpose: without it,
        only one fault at a time; with it too, a healthy member of every redundancy group is left. Raises RecetteError,
        before anything is broken, if the fault makes no sense there or would break more than that.
        """
        todo = plan(self._site, fault, on, zone=zone, unit=unit)
        self._refuse_too_much(todo, beside)
        injection = Injection(self, todo, nominal or self._nominal, on)
        with interruptible():
            try:
                with uninterrupted():
                    injection.begin()
                yield injection
            finally:
                injection.repair()

    def replay(self) -> tuple[Entry, ...]:
        """Repair what a run that was killed left broken; to be called before anything else.

        Raises RecetteError naming what could not be repaired.
        """
        return self.journal.replay(self._drivers, prove=lambda entry: self._prove(entry, self._nominal))

    def undo(self, entry: Entry, nominal: Nominal) -> None:
        """Perform the entry's undo, prove it, record it."""
        with uninterrupted():
            for tries_left in reversed(range(UNDO_TRIES)):
                try:
                    self.perform(entry.undo)
                    break
                except (RecetteError, Inconclusive, OSError, subprocess.SubprocessError) as error:
                    if not tries_left:
                        raise Inconclusive(
                            f"{', '.join(entry.where)} : la panne n'est pas réparée : {error}"
                        ) from error
        self._prove(entry, nominal)
        self.journal.done(entry.id)

    def perform(self, acts: tuple[Act, ...]) -> None:
        """Perform acts in their order."""
        for act in acts:
            act.perform(self._drivers)

    def _prove(self, entry: Entry, nominal: Nominal) -> None:
        for host in map(self._site.host, entry.where):
            wait_until(partial(nominal, host), self._limit_s, f"Le retour à l'état nominal de {host.name}")

    def _refuse_too_much(self, todo: Plan, beside: Injection | None) -> None:
        names = {host.name for host in todo.where}
        peers = {peer.name for host in todo.where if host.redundancy for peer in self._site.group(host.redundancy)}
        refused = f"{todo.fault}: refused on {', '.join(sorted(names))}"
        # What names no host has broken none: a maintenance that was declared.
        left = peers - names
        for entry in (entry for entry in self.journal.pending() if entry.where):
            broken = sorted(left & set(entry.where))
            left -= set(broken)
            meant = beside is not None and beside.is_the_cause_of(entry)
            if broken and not (meant and left):
                raise RecetteError(f"{refused} while {broken[0]}, of the same redundancy group, is broken")
            if not meant:
                raise RecetteError(f"{refused}: {entry.what} on {', '.join(entry.where)} is not repaired yet")
        for peer in sorted(left):
            if not self._power.running(self._site.host(peer)):
                raise RecetteError(
                    f"{refused}: {peer}, of the same redundancy group, is down; `recette twin up` mends it"
                )
