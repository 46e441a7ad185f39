"""Attacks of the network, with what the firewalls wrote of them."""

from __future__ import annotations

from collections.abc import Sequence

from recette.errors import Inconclusive
from recette.platform import Platform
from recette.probes.attacks import Attack, Attacks, Marker
from recette.probes.journal import Journal, LogEntry


class Assault:
    """Launches attacks from hosts of the twin; each attacker's volley of single packets is fired once and kept."""

    def __init__(self, platform: Platform) -> None:
        self.site = platform.site
        self._journal = Journal(platform.site, platform.remote)
        self._attacks = Attacks(platform.site, platform.remote, self._drops)
        self._volleys: dict[str, tuple[Attack, ...]] = {}
        self._mark = self._journal.mark()
        self._read: tuple[float, list[LogEntry]] = (0.0, [])

    def volley(self, attacker: str, prefixes: Sequence[str]) -> tuple[Attack, ...]:
        """The attacks of an attacker whose name begins so. Raises Inconclusive if there are none."""
        if attacker not in self._volleys:
            self._volleys[attacker] = self.fresh().through(attacker)
        found = tuple(attack for attack in self._volleys[attacker] if attack.name.startswith(tuple(prefixes)))
        if not found:
            raise Inconclusive(f"{attacker} : aucune attaque de cette sorte ({', '.join(prefixes)})")
        return found

    def fresh(self) -> Attacks:
        """The attacks, with the firewalls' logs read from now on."""
        self._mark = self._journal.mark()
        return self._attacks

    def _drops(self, marker: Marker) -> list[LogEntry]:
        """The lines of the firewalls about one attack; the logs are read once for a whole volley."""
        if self._read[0] != marker.until:
            self._read = (marker.until, self._journal.since(self._mark))
        lines = self._read[1]
        return [line for line in lines if line.action == "drop" and marker.matches(line.source, line.sport)]


def require_controls(volley: Sequence[Attack]) -> None:
    """Raises Inconclusive unless every capture saw what it had to see: only then does silence prove anything."""
    blind = [_blind(attack) for attack in volley if not attack.control_ok]
    if blind or not volley:
        raise Inconclusive("Témoin de capture absent : " + " ; ".join(blind or ["aucune attaque lancée"]))


def arrivals(volley: Sequence[Attack]) -> list[str]:
    """One line for each attack of which something reached its target."""
    return [f"{a.name} depuis {a.source} : {a.arrived} paquets arrivés sur {a.sent}" for a in volley if a.arrived]


def unlogged(volley: Sequence[Attack]) -> list[str]:
    """One line for each attack that no firewall logged."""
    return [f"{a.name} depuis {a.source} : aucune trace au journal des pare-feux" for a in volley if not a.drops]


def _blind(attack: Attack) -> str:
    seen = ", ".join(
        f"{key} {attack.details[key]}" for key in ("left", "reached", "witnessed", "error") if key in attack.details
    )
    return f"{attack.name} ({attack.sent} envoyés, {seen})"
