"""Nothing lost, nothing twice: what was accepted held against what was read."""

from __future__ import annotations

import csv
import io
import itertools
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from recette.errors import Inconclusive
from recette.probes.mail import Fate, Settled

SHOWN = 10


@dataclass(frozen=True)
class Reckoning:
    """The fate of each message posted, and how many copies were found where it should be read."""

    settled: tuple[Settled, ...]
    found: Mapping[str, int]

    def of(self, fate: Fate) -> list[str]:
        return [one.identifier for one in self.settled if one.fate is fate]

    @property
    def lost(self) -> list[str]:
        """Accepted, and nowhere to be read."""
        return [identifier for identifier in self.of(Fate.ACCEPTED) if not self.found.get(identifier)]

    @property
    def twice(self) -> dict[str, int]:
        """Messages read more than once, the uncertain ones included: no sender posted any of them twice."""
        return {one.identifier: n for one in self.settled if (n := self.found.get(one.identifier, 0)) > 1}

    @property
    def refused(self) -> list[str]:
        """Those that no server took, however long the sender tried."""
        return self.of(Fate.REFUSED)

    def csv(self) -> str:
        """One line for each message: the two sets, for whoever wants to check."""
        stream = io.StringIO()
        writer = csv.writer(stream, delimiter=";", lineterminator="\n")
        writer.writerow(("message", "destinataire", "sort", "serveur", "essais", "copies lues", "reponse"))
        for one in self.settled:
            copies = self.found.get(one.identifier, 0)
            writer.writerow(
                (one.identifier, one.recipient, one.fate, one.address, one.tries, copies, " ".join(one.reply.split()))
            )
        return stream.getvalue()


def reckon(settled: Iterable[Settled], found: Counter[str]) -> Reckoning:
    """Raises Inconclusive if nothing was accepted: nothing could have been lost."""
    reckoning = Reckoning(tuple(sorted(settled, key=lambda one: one.number)), found)
    if not reckoning.of(Fate.ACCEPTED):
        raise Inconclusive("Aucun message n'a été accepté : rien ne pouvait être perdu")
    return reckoning


def told(identifiers: Iterable[str]) -> str:
    """The first ones, and how many more."""
    names = list(identifiers)
    more = f" et {len(names) - SHOWN} autres" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def longest_wait_s(times: Iterable[float], since_s: float) -> float:
    """The longest time between two successes, from the last one before an instant on; endless without one after it."""
    ordered = sorted(times)
    before = max((time for time in ordered if time <= since_s), default=since_s)
    after = [time for time in ordered if time > since_s]
    return max((b - a for a, b in itertools.pairwise([before, *after])), default=math.inf)
