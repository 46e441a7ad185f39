"""What a trial leaves in the exchanges of a site for a while: another hour, addresses that were barred."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from recette.actions.journal import Act, Drivers, Journal
from recette.actions.undoing import undone
from recette.errors import Inconclusive
from recette.shell import Remote

DRIVER, KEY = "exchanges", "accueil heure"
FORGIVE = "systemctl restart asterisk-bannissement.service && nft flush set inet asterisk bannis"
"""Those who were refused lately are forgotten too, or their next refusal would bar them: first, for the same reason."""


class Exchanges:
    """The verbs that the undo journal may name; each takes the name of a host, and is idempotent."""

    def __init__(self, remote: Remote, journal: Journal) -> None:
        self._remote = remote
        self._journal = journal

    def verbs(self) -> Drivers:
        """For the replay of the journal."""
        return {DRIVER: {"forget": self.forget, "forgive": self.forgive}}

    @contextmanager
    def believing(self, hosts: Sequence[str], instant: datetime) -> Iterator[None]:
        """Have the exchanges judge their opening hours at an instant, of a known time zone."""
        acts = tuple(Act(driver=DRIVER, verb="forget", args=(host,)) for host in hosts)
        with undone(self._journal, "heure du standard", tuple(hosts), acts, self.verbs()):
            for host in hosts:
                done = self._remote.run(host, f"asterisk -rx 'database put {KEY} {int(instant.timestamp())}'")
                if "success" not in done.stdout:
                    raise Inconclusive(f"{host} : heure du standard refusée ({done.stdout.strip()})")
            yield

    @contextmanager
    def forgiving(self, hosts: Sequence[str]) -> Iterator[None]:
        """Begin with nobody barred nor suspected; let the exchanges bar whom they will until the block ends."""
        acts = tuple(Act(driver=DRIVER, verb="forgive", args=(host,)) for host in hosts)
        with undone(self._journal, "adresses bannies", tuple(hosts), acts, self.verbs()):
            for host in hosts:
                self.forgive(host)
            yield

    def forgive(self, host: str) -> None:
        """Let every barred address in again."""
        done = self._remote.run(host, FORGIVE)
        if done.rc != 0:
            raise Inconclusive(f"{host} : adresses bannies non libérées ({done.stderr.strip()})")

    def forget(self, host: str) -> None:
        """Let the clock say what time it is again."""
        self._remote.run(host, f"asterisk -rx 'database del {KEY}'")
