"""The failures of which on call must be told: each breaks one thing of the site, and can be mended in the middle."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field

from recette.actions import Fault
from recette.actions.staging import VOLUME
from recette.errors import Inconclusive
from recette.platform import Platform
from recette.policy.watching import shared_name
from recette.trials.supervision.watchers import UNIT
from recette.waiting import NotYet, wait_until

KNOWN_LIMIT_S = 120.0
"""Guard: a new file system is known once it was discovered."""
ENDING_DAYS, RENEWED_DAYS = (-1, 5), (-1, 300)
"""Of a certificate near its end, and of the one that takes its place: begun yesterday."""
BATTERY = {"ups.status": "OB"}
TOO_HOT = {"ambient.temperature": "29.5"}

RADIUS = "freeradius.service"

Breaking = Callable[[Platform, str, ExitStack], AbstractContextManager[object]]
"""How something breaks on a host; what must stay when it is mended is left on the stack."""


@dataclass
class Incident:
    """Something broken at an instant (monotonic clock), until it is mended. `host` is the one that messages name."""

    since_s: float
    host: str
    mended_s: float | None = None
    _undo: ExitStack = field(default_factory=ExitStack)

    def mend(self) -> None:
        """Undo; nothing to do the second time."""
        self._undo.close()
        if self.mended_s is None:
            self.mended_s = time.monotonic()


@contextmanager
def incident(platform: Platform, words: str, host: str) -> Iterator[Incident]:
    """What the words of a feature mean happens to a host, until it is mended or the block ends.

    Raises KeyError for words that mean nothing.
    """
    breaking = INCIDENTS[words]
    with ExitStack() as kept, ExitStack() as undo:
        happening = Incident(0.0, host, _undo=undo)
        happening.since_s = time.monotonic()
        undo.enter_context(breaking(platform, host, kept))
        yield happening


def _killed(unit: str) -> Breaking:
    def breaking(platform: Platform, host: str, _kept: ExitStack) -> AbstractContextManager[object]:
        return platform.faults.inject(Fault.SERVICE_KILLED, platform.site.host(host), unit=unit)

    return breaking


def _stopped(unit: str) -> Breaking:
    def breaking(platform: Platform, host: str, _kept: ExitStack) -> AbstractContextManager[object]:
        return platform.faults.inject(Fault.SERVICE_STOPPED, platform.site.host(host), unit=unit)

    return breaking


def _powered_off(platform: Platform, host: str, _kept: ExitStack) -> AbstractContextManager[object]:
    return platform.faults.inject(Fault.POWER_CUT, platform.site.host(host))


def _unplugged(platform: Platform, host: str, _kept: ExitStack) -> AbstractContextManager[object]:
    found = platform.site.host(host)
    return platform.faults.inject(Fault.LINK_DOWN, found, zone=found.zones[0])


@contextmanager
def _ending_certificate(platform: Platform, host: str, kept: ExitStack) -> Iterator[None]:
    """Mended, it is renewed: one that was only removed would be watched no longer, and its end never told."""
    ending, renewed = (platform.authority.sign("recette-essai", days) for days in (ENDING_DAYS, RENEWED_DAYS))
    kept.enter_context(platform.staging.certificate(host, ending))
    try:
        yield
    finally:
        platform.staging.renew(host, renewed)


@contextmanager
def _filled(platform: Platform, host: str, _kept: ExitStack) -> Iterator[None]:
    try:
        platform.staging.fill(host)
        yield
    finally:
        platform.staging.empty(host)


def _halted(unit: str) -> Breaking:
    """A unit on every member of a redundancy group, whose name stands for the host."""

    def breaking(platform: Platform, group: str, _kept: ExitStack) -> AbstractContextManager[object]:
        return platform.staging.halted([member.name for member in platform.site.group(group)], unit)

    return breaking


def _power(told: dict[str, str]) -> Breaking:
    def breaking(platform: Platform, host: str, _kept: ExitStack) -> AbstractContextManager[object]:
        return platform.staging.power(host, told)

    return breaking


@contextmanager
def _ownerless(platform: Platform, host: str, _kept: ExitStack) -> Iterator[None]:
    """Both members of a pair leave their shared address: `host` is the name that the supervision gives it."""
    (group,) = [name for name in platform.site.vips if shared_name(name) == host]
    members = [member.name for member in platform.site.group(group)]
    with platform.staging.halted(members, "keepalived.service"):
        yield


INCIDENTS: dict[str, Breaking] = {
    "un service tué, que le système relance": _killed("dovecot.service"),
    "un service arrêté": _stopped(RADIUS),
    "un service publié arrêté": _stopped("nginx.service"),
    "un hôte éteint": _powered_off,
    "un lien coupé": _unplugged,
    "un disque plein": _filled,
    "un certificat proche de sa fin": _ending_certificate,
    "l'onduleur sur batterie": _power(BATTERY),
    "la salle propre trop chaude": _power(TOO_HOT),
    "une adresse partagée sans porteur": _ownerless,
    "un tunnel fermé": _stopped("strongswan.service"),
    "les serveurs de supervision arrêtés": _halted(UNIT),
    "la messagerie arrêtée": _halted("postfix.service"),
}
"""Words of the features -> what happens."""


@contextmanager
def known_volume(platform: Platform, host: str) -> Iterator[None]:
    """A small disk on a host, which the supervision knows. Inconclusive if it never does."""
    key = f"disque.occupation[{VOLUME}]"

    def known() -> bool | NotYet:
        found = [item for item in platform.monitoring.items(key) if item.host == host and item.measured_at]
        return bool(found) or NotYet("disque inconnu de la supervision")

    with platform.staging.volume(host):
        wait_until(known, KNOWN_LIMIT_S, f"Le disque d'essai de {host}")
        yield


def tunnel_gateway(platform: Platform) -> str:
    """The gateway at the other end of the tunnel between sites. Inconclusive if the inventory has none."""
    found = platform.site.members("passerelles")
    if not found:
        raise Inconclusive("Aucune passerelle d'un autre site à l'inventaire")
    return found[0].name


def await_seen(platform: Platform, host: str) -> None:
    """Wait until the supervision holds a muted host for broken: silence proves something only then. Inconclusive."""

    def seen() -> bool | NotYet:
        found = {problem.host for problem in platform.monitoring.problems(suppressed=True)}
        return host in found or NotYet(f"en panne et muets : {', '.join(sorted(found)) or 'aucun'}")

    wait_until(seen, KNOWN_LIMIT_S, f"La panne de {host}, vue de la supervision")
