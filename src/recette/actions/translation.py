"""An address translation between a host and the Internet, as a hotel or a telephone would put one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from recette.actions.journal import Act, Drivers, Journal
from recette.actions.undoing import undone
from recette.errors import Inconclusive
from recette.shell import Remote
from recette.site import Host

DRIVER, TABLE = "translation", "recette_nat"
RULES = """table ip {table} {{
  chain sortie {{
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr {inside} oifname "{zone}" meta l4proto udp counter snat to {outside}:20000-29999
  }}
}}"""


class Translation:
    """The verb that the undo journal may name takes the name of a host, and is idempotent."""

    def __init__(self, remote: Remote, journal: Journal) -> None:
        self._remote = remote
        self._journal = journal

    def verbs(self) -> Drivers:
        """For the replay of the journal."""
        return {DRIVER: {"remove": self.remove}}

    @contextmanager
    def between(self, laptop: Host, router: Host, zone: str) -> Iterator[str]:
        """Translate what a laptop sends through a router by a zone; yields the address that the other side sees."""
        outside = str(router.interface(zone).address)
        act = Act(driver=DRIVER, verb="remove", args=(router.name,))
        rules = RULES.format(table=TABLE, inside=laptop.address, zone=zone, outside=outside)
        with undone(self._journal, "traduction d'adresses", (router.name,), (act,), self.verbs()):
            done = self._remote.run(router.name, "nft -f -", stdin=rules)
            if done.rc != 0:
                raise Inconclusive(f"{router.name} : traduction d'adresses refusée ({done.stderr.strip()})")
            yield outside

    def remove(self, host: str) -> None:
        """Translate nothing more; what was being translated is forgotten."""
        self._remote.run(host, f"nft destroy table ip {TABLE}; conntrack -D --src-nat >/dev/null 2>&1; true")
