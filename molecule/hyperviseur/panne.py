"""Cuts the power of the node of a guest while somebody writes on both guests; judges what they acknowledged."""

from __future__ import annotations

import sys
import time

from commun import judge, opened, say, wait_more, wait_whole, writer

from recette.errors import Inconclusive
from recette.probes.hypervisor import broken
from recette.probes.hypervisor.writing import longest_gap
from recette.twin import Power
from recette.waiting import NotYet, wait_until

ELSEWHERE_S, BOUND_S = 120.0, 120.0
"""Until a guest runs elsewhere; longest silence of a guest whose node died (Proxmox itself takes about two minutes)."""


def main() -> None:
    """Exits with one line when the cluster does not do what it must."""
    platform, cluster = opened()
    if platform.twin is None:
        sys.exit("this scenario has a twin")
    wait_whole(cluster)
    say(f"{cluster.storage()}, {cluster.members()}")
    first, second = cluster.guests()
    if found := broken(cluster.guests(), cluster.rules()):
        sys.exit(f"guests that must stay apart: {found}")
    writers = [writer(platform, cluster, first, "premier"), writer(platform, cluster, second, "second")]

    cut_at = time.monotonic()
    lost = first.node
    Power(platform.twin).cut(platform.site.host(lost))

    def elsewhere() -> bool | NotYet:
        try:
            guest = cluster.guest(first.vmid)
        except Inconclusive as error:
            return NotYet(str(error))
        return True if guest.runs and guest.node != lost else NotYet(str(guest))

    wait_until(elsewhere, ELSEWHERE_S, f"{first.name} ailleurs que sur {lost}")
    say(f"{first.name} left {lost} for {cluster.guest(first.vmid).node} after {time.monotonic() - cut_at:.1f} s")
    if cluster.members().absent != (lost,):
        sys.exit(f"the interface says that {cluster.members().absent} are absent, not {lost}")
    for made in writers:
        wait_more(made, len(made.acknowledged))
    for guest, made in zip((first, second), writers, strict=True):
        gap = longest_gap(judge(platform, cluster, guest, made))
        say(f"{guest.name}: silent for {gap:.1f} s at most")
        if gap > BOUND_S:
            sys.exit(f"{guest.name}: silent for {gap:.1f} s, {BOUND_S:.0f} s at most are allowed")
    if platform.twin.status()[list(platform.site.hosts).index(lost)].state != "stopped":
        sys.exit(f"{lost} came back by itself, though its power is cut")
    cluster.close()


if __name__ == "__main__":
    main()
