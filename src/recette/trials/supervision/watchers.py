"""The pair of servers that watch: when they are ready, which one works, and who is on call."""

from __future__ import annotations

import time
from collections.abc import Callable

from recette.errors import Inconclusive
from recette.platform import Platform
from recette.probes.mail import Box
from recette.probes.monitoring import OnCall
from recette.probes.monitoring.api import ACTIVE_NODE, SERVERS, STANDBY_NODE
from recette.secrets import Secrets
from recette.site import Host
from recette.site.names import EVERY_HOST
from recette.trials.mail.doors import Doors
from recette.waiting import NotYet, wait_until

READY_LIMIT_S = 240.0
"""Guard against waiting for ever: a server that returns copies its database, then asks every host."""
CALM_LIMIT_S = 120.0
"""Guard: what a scenario has repaired is seen to be well within seconds."""
CALM_S = 5
"""Without a change of state: Zabbix looks each 3 s for whom it must tell, so what was broken before has been told."""
SETTLED_S = 90.0
"""After a change: what must be told of it is told within 60 s."""
UNFELT = frozenset(
    {
        "traces.remove",
        "impostor.forget",
        "account.join",
        "account.leave",
        "exchanges.forget",
        "exchanges.forgive",
    }
)
"""How what the supervision has no check of is undone: a file left on purpose, a false identity, a group's member, the
hour that the switchboard believes, a caller who is barred."""
UNIT = "zabbix-server.service"
ROLE = "/usr/local/lib/supervision/supervision-base /etc/supervision/base.json --role"
"""What the database of a server does (role supervision)."""
FOLLOWER = "follower"
GATEWAYS, DESKS, MAILBOX = "operateurs_sip", "postes", "svc-astreinte"


def on_call(platform: Platform) -> OnCall:
    """Who is on call: his mailbox, read from a workstation, and his telephone. Inconclusive where there is none."""
    site = platform.site
    gateways, desks = site.members(GATEWAYS), site.members(DESKS)
    if not gateways or not desks:
        raise Inconclusive("Passerelle SMS ou poste absents de l'inventaire : astreinte à éprouver à la main")
    password = Secrets.of_site(site.name, site.kind, site.path).of(f"annuaire/{MAILBOX}")
    box = Box(Doors.of(site).reading, (MAILBOX, password))
    return OnCall(platform.remote, desks[0].name, box, gateways[0].name)


def undisturbed_since(platform: Platform) -> float:
    """Since when nothing has been broken, undone nor installed on the site, in seconds of the epoch: now at the latest.

    What was last changed has been told by then, its end too. What no check can feel is left aside.
    """
    now = time.time()
    if platform.in_service_at is None or platform.journal.pending():
        return now
    return min(now, max(platform.in_service_at, platform.journal.changed_at(unfelt=UNFELT)) + SETTLED_S)


def active(platform: Platform) -> Host:
    """The server in service. Raises Inconclusive if there is not exactly one."""
    return platform.site.host(platform.monitoring.active())


def following(platform: Platform) -> Host:
    """The server whose database follows the other one's. Raises Inconclusive if there is not exactly one."""
    told = platform.remote.map(platform.monitoring.servers, ROLE)
    found = [name for name, done in told.items() if done.stdout.strip() == FOLLOWER]
    if len(found) != 1:
        roles = {name: done.stdout.strip() or done.stderr.strip() for name, done in told.items()}
        raise Inconclusive(f"Supervision : une base qui suit et une seule était attendue, obtenu : {roles}")
    return platform.site.host(found[0])


def await_ready(platform: Platform) -> None:
    """Wait until one server works and the other waits for its turn. Raises Inconclusive telling what they do."""
    wait_until(lambda: _patiently(platform, _pair), READY_LIMIT_S, "Les deux serveurs de supervision en service")


def await_calm(platform: Platform) -> None:
    """Wait until every watched host answers, and nothing is broken nor still to be told. Raises Inconclusive."""
    wait_until(lambda: _patiently(platform, _calm), CALM_LIMIT_S, "Le calme, avant d'écouter")


def _patiently(platform: Platform, look: Callable[[Platform], bool | NotYet]) -> bool | NotYet:
    """A supervision that does not answer is not ready yet."""
    try:
        return look(platform)
    except Inconclusive as error:
        return NotYet(str(error))


def _pair(platform: Platform) -> bool | NotYet:
    nodes = platform.monitoring.nodes()
    working = [name for name, status in nodes.items() if status == ACTIVE_NODE]
    waiting = [name for name, status in nodes.items() if status == STANDBY_NODE]
    if len(working) != 1 or len(working) + len(waiting) != len(platform.site.group(SERVERS)):
        return NotYet(f"en service : {working}, en attente : {waiting}")
    return True


def _calm(platform: Platform) -> bool | NotYet:
    answering = platform.monitoring.answering()
    silent = [host.name for host in platform.site.members(EVERY_HOST) if host.name not in answering]
    if silent:
        return NotYet(f"sans réponse : {', '.join(silent)}")
    problems = platform.monitoring.problems()
    if problems:
        return NotYet(f"en panne : {problems[0]}")
    alerts, changes = platform.monitoring.unsent(int(time.time()) - CALM_S)
    return not alerts + changes or NotYet(f"{alerts} alertes à envoyer, {changes} changements récents")
