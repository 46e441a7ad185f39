"""What an administrator of the cluster asks of it: to move a guest, to empty a node for its maintenance."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager

from recette.actions.journal import Act, Drivers, Journal
from recette.actions.undoing import undone
from recette.errors import Inconclusive
from recette.probes.hypervisor import Guest, Hypervisor
from recette.shell import Remote
from recette.waiting import NotYet, wait_until

DRIVER = "cluster"
ORDER = "ha-manager crm-command node-maintenance"
MOVED_S, ORDER_S = 150.0, 60.0
OK = "OK"


class Guests:
    """The verbs that the undo journal may name take the name of a node."""

    def __init__(self, cluster: Hypervisor, remote: Remote, journal: Journal) -> None:
        self._cluster, self._remote, self._journal = cluster, remote, journal

    def verbs(self) -> Drivers:
        """For the replay of the journal."""
        return {DRIVER: {"use": lambda node: self._order("disable", node)}}

    def move(self, guest: Guest, node: str) -> None:
        """A planned move, followed to its end. Inconclusive if the cluster refuses it or fails."""
        upid = self._cluster.ask(lambda api: api.nodes(guest.node).qemu(guest.vmid).migrate.post(target=node, online=1))

        def ended() -> str | NotYet:
            return self._cluster.task(upid) or NotYet("en cours")

        told = wait_until(ended, MOVED_S, f"La fin de la migration de {guest.name}")
        if told != OK:
            raise Inconclusive(f"{guest.name} ne migre pas vers {node} : {told}")

    @contextmanager
    def maintenance(self, node: str) -> Iterator[None]:
        """A node that is to be empty; undone, it may be used again."""
        undo = (Act(driver=DRIVER, verb="use", args=(node,)),)
        # It names no host: a node in maintenance is not broken.
        with undone(self._journal, f"{node} en maintenance", (), undo, self.verbs()):
            self._order("enable", node)
            yield

    def _order(self, word: str, node: str) -> None:
        """By any node that is there: the one in question may not be."""
        absent = self._cluster.members().absent
        present = next(name for name in self._cluster.nodes if name not in absent)
        done = self._remote.run(present, f"{ORDER} {word} {shlex.quote(node)}", timeout_s=ORDER_S)
        if done.rc != 0:
            raise Inconclusive(f"{present} : {ORDER} {word} {node} : {done.stderr.strip()}")
