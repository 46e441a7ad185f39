"""When a node was switched off, and when a guest started: by one clock, that of this machine."""

from __future__ import annotations

import json
import re
import time

from recette.errors import Inconclusive
from recette.platform import Platform
from recette.probes.hypervisor import Guest
from recette.trials.cluster.users import DESK, Users
from recette.twin.controller import JOURNAL

OFF = re.compile(r"([\d.]+) (\S+) (?:is|was) off")
"""Whoever fences a node that has no current already is told that it was off."""
STATE = "curl --silent --show-error --fail --max-time 10 http://{address}/cgi-bin/etat"


def cut_after(platform: Platform, node: str, since_s: float) -> float:
    """When the controller cut the power of a node, at the first time since (monotonic clock).

    Inconclusive if it did not, or if this site has no controller that tells.
    """
    if platform.twin is None:
        raise Inconclusive("Le journal des contrôleurs d'alimentation de ce site ne se lit pas d'ici")
    text = (platform.twin.state.folder / JOURNAL).read_text(encoding="utf-8")
    ahead_s = time.time() - time.monotonic()
    found = [float(at) - ahead_s for at, name in OFF.findall(text) if name == node]
    later = [at for at in found if at >= since_s]
    if not later:
        raise Inconclusive(f"{node} n'a pas été éteint par son contrôleur d'alimentation")
    return later[0]


def started_at(platform: Platform, guest: Guest) -> float:
    """When a guest booted (monotonic clock): what it says of itself, less the time that it took to say it."""
    address = platform.hypervisor.address(guest)
    told = platform.remote.run(DESK, STATE.format(address=address))
    if told.rc != 0:
        raise Inconclusive(f"{guest.name} ne dit pas depuis quand : {told.stderr.strip()}")
    return time.monotonic() - float(json.loads(told.stdout)["depuis_s"])


def death(platform: Platform, users: Users, guest: Guest, struck_s: float) -> tuple[tuple[float, str], ...]:
    """What followed the loss of the node of a guest, the loss included: instants (monotonic clock) and their names.

    Inconclusive on a site whose power controllers do not tell, or if the guest does not serve again.
    """
    off_s = cut_after(platform, guest.node, struck_s)
    started_s = started_at(platform, platform.hypervisor.guest(guest.vmid))
    served_s = users.served_after(guest, started_s)
    return (
        (struck_s, "nœud perdu"),
        (off_s, "nœud éteint"),
        (started_s, "machine démarrée ailleurs"),
        (served_s, "première écriture acquittée"),
    )
