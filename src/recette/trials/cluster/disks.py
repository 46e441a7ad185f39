"""A disk of the storage that is lost with all it holds, and the new one that the roles put in its place."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from recette.errors import Inconclusive
from recette.platform import Platform
from recette.provision import provision
from recette.trials.cluster import state

ROLE = "hyperviseur"
FOLDER, UNIT = "/var/lib/ceph/osd/ceph-{number}", "ceph-osd@{number}.service"


@contextmanager
def lost(platform: Platform, node: str) -> Iterator[float]:
    """Lose the disk of a node until the block ends; when that was (monotonic clock).

    It then serves again in place of the new one, if there is one. Inconclusive if the node has none.
    """
    if node not in platform.hypervisor.nodes:
        raise Inconclusive(f"{node} n'est pas un nœud de la grappe")
    number = platform.hypervisor.nodes.index(node)
    with platform.losses.lost(node, [FOLDER.format(number=number)], [UNIT.format(number=number)]):
        yield time.monotonic()


def replaced(platform: Platform) -> float:
    """Have the roles put a new disk, and wait until it holds its copies; how long both took, in seconds.

    Raises RecetteError if the roles fail.
    """
    since_s = time.monotonic()
    provision(platform.site, hosts=platform.hypervisor.nodes, roles=[ROLE]).require_success()
    state.await_whole(platform)
    return time.monotonic() - since_s
