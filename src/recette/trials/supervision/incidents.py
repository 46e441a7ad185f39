"""The failures of which on call must be told: each breaks one thing of the site, and can be mended in the middle."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace

from recette.actions import Fault
from recette.actions.faults import Injection
from recette.actions.staging import VOLUME
from recette.errors import Inconclusive
from recette.platform import Platform
from recette.policy.watching import shared_name
from recette.probes.mail import hold
from recette.site import Site
from recette.trials.mail.letters import Letter
from recette.trials.mail.parties import Parties
from recette.trials.supervision.receiving import Wanted
from recette.trials.supervision.watchers import UNIT
from recette.waiting import NotYet, wait_until

KNOWN_LIMIT_S = 120.0
"""Guard: a new file system is known once it was discovered."""
ENDING_DAYS, RENEWED_DAYS = (-1, 5), (-1, 300)
"""Of a certificate near its end, and of the one that takes its place: begun yesterday."""
NO_MAINS = {"ups.status": "OB", "ambient.temperature": "29.5"}
"""The UPS gives what it holds, and the air conditioning has stopped (°C)."""

KILLED = "un service tué, que le système relance"
RADIUS = "freeradius.service"
MAIL = ("mail",)
"""Source and destination of the flow by which mailboxes are copied."""


@dataclass
class Incident:
    """Something broken at an instant (monotonic clock), until it is mended. `host` is the one that messages name."""

    since_s: float
    host: str
    heals: bool = False
    """It ends by itself: its end may be told before it is undone."""
    mending_s: float = -math.inf
    """When it began to be undone."""
    mended_s: float | None = None
    told: list[Wanted] = field(default_factory=list)
    """What on call was told of it: the end of each is told too."""
    _undo: ExitStack = field(default_factory=ExitStack)

    def mend(self) -> None:
        """Undo; nothing to do the second time."""
        if self.mended_s is None:
            self.mending_s = -math.inf if self.heals else time.monotonic()
        self._undo.close()
        if self.mended_s is None:
            self.mended_s = time.monotonic()


@dataclass(frozen=True)
class Scene:
    """Where something breaks. What must stay when it is mended is left on `kept`; `beside` is what broke before."""

    platform: Platform
    host: str
    kept: ExitStack
    beside: Injection | None = None

    def inject(self, fault: Fault, zone: str | None = None, unit: str | None = None) -> AbstractContextManager[object]:
        """A fault of the catalogue, on this host."""
        found = self.platform.site.host(self.host)
        return self.platform.faults.inject(fault, found, zone, unit=unit, beside=self.beside)


Breaking = Callable[[Scene], AbstractContextManager[object]]
"""How something breaks."""


@contextmanager
def incident(platform: Platform, *named: tuple[str, str]) -> Iterator[Incident]:
    """What the words of a feature mean happens to a host, or to each of two, until it is mended or the block ends.

    Raises KeyError for words that mean nothing.
    """
    breakings = [(INCIDENTS[words], host) for words, host in named]
    with ExitStack() as kept, ExitStack() as undo:
        heals = any(words == KILLED for words, _ in named)
        happening = Incident(0.0, named[0][1], heals=heals, _undo=undo)
        happening.since_s = time.monotonic()
        beside = None
        for breaking, host in breakings:
            made = undo.enter_context(breaking(Scene(platform, host, kept, beside)))
            beside = made if isinstance(made, Injection) else None
        yield happening


def _killed(unit: str) -> Breaking:
    return lambda scene: scene.inject(Fault.SERVICE_KILLED, unit=unit)


def _stopped(unit: str) -> Breaking:
    return lambda scene: scene.inject(Fault.SERVICE_STOPPED, unit=unit)


def _unplugged(scene: Scene) -> AbstractContextManager[object]:
    return scene.inject(Fault.LINK_DOWN, zone=scene.platform.site.host(scene.host).zones[0])


@contextmanager
def _ending_certificate(scene: Scene) -> Iterator[None]:
    """Mended, it is renewed: one that was only removed would be watched no longer, and its end never told."""
    authority, staging = scene.platform.authority, scene.platform.staging
    ending, renewed = (authority.sign("recette-essai", days) for days in (ENDING_DAYS, RENEWED_DAYS))
    scene.kept.enter_context(staging.certificate(scene.host, ending))
    try:
        yield
    finally:
        staging.renew(scene.host, renewed)


@contextmanager
def _filled(scene: Scene) -> Iterator[None]:
    try:
        scene.platform.staging.fill(scene.host)
        yield
    finally:
        scene.platform.staging.empty(scene.host)


def _halted(unit: str) -> Breaking:
    """A unit on every member of a redundancy group, whose name stands for the host."""

    def breaking(scene: Scene) -> AbstractContextManager[object]:
        members = [member.name for member in scene.platform.site.group(scene.host)]
        return scene.platform.staging.halted(members, unit)

    return breaking


def _ownerless(scene: Scene) -> AbstractContextManager[object]:
    """Both members of a pair leave their shared address: the host is the name that the supervision gives it."""
    site = scene.platform.site
    (group,) = [name for name in site.vips if shared_name(name) == scene.host]
    return scene.platform.staging.halted([member.name for member in site.group(group)], "keepalived.service")


@contextmanager
def _split_copies(scene: Scene) -> Iterator[None]:
    """The way between both mail servers is shut, and somebody is written to: what nobody changes is never late."""
    platform = scene.platform
    parties = Parties(platform.site)
    writer, reader = parties.employee, parties.colleague
    door = writer.door.at(str(platform.site.host(scene.host).address))
    letter = Letter(writer.address, reader.address, "Copie en retard", attachment=None)
    with platform.staging.shut(scene.host, copy_port(platform.site)):
        (dialogue,) = hold(platform.remote, writer.host, [replace(writer, door=door).call(letter)])
        if not dialogue.taken:
            raise Inconclusive(f"{scene.host} n'a pas pris le message : aucune boîte n'est en retard ({dialogue})")
        yield


INCIDENTS: dict[str, Breaking] = {
    KILLED: _killed("dovecot.service"),
    "un service arrêté": _stopped(RADIUS),
    "un service publié arrêté": _stopped("nginx.service"),
    "un hôte éteint": lambda scene: scene.inject(Fault.POWER_CUT),
    "un lien coupé": _unplugged,
    "un disque plein": _filled,
    "un certificat proche de sa fin": _ending_certificate,
    "une coupure du secteur qui arrête la climatisation": lambda scene: scene.platform.staging.power(
        scene.host, NO_MAINS
    ),
    "une adresse partagée sans porteur": _ownerless,
    "une copie des boîtes bloquée": _split_copies,
    "une réplication suspendue": lambda scene: scene.platform.staging.unapplied(scene.host),
    "un tunnel fermé": _stopped("strongswan.service"),
    "les serveurs de supervision arrêtés": _halted(UNIT),
    "la messagerie arrêtée": _halted("postfix.service"),
}
"""Words of the features -> what happens."""


def copy_port(site: Site) -> int:
    """The TCP port by which mailboxes are copied, from the flow matrix. Inconclusive if it has none."""
    found = [flow.ports[0].first for flow in site.flows if flow.source == flow.destination == MAIL]
    if not found:
        raise Inconclusive("La matrice de flux ne dit pas par où les boîtes sont copiées")
    return found[0]


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
