"""The lost node is back: the cluster is whole again, and a guest moves to a free node without an outage."""

from __future__ import annotations

import sys

from commun import judge, opened, say, wait_more, wait_whole, writer

from recette.probes.hypervisor import Hypervisor, broken
from recette.probes.hypervisor.writing import longest_gap
from recette.waiting import NotYet, wait_until

MOVED_S, BOUND_S = 120.0, 5.0
"""Longest silence of a guest that moves: one second on a quiet machine, this one is shared."""


def main() -> None:
    """Exits with one line when the cluster does not do what it must."""
    platform, cluster = opened()
    wait_whole(cluster)
    say(f"{cluster.storage()}, {cluster.members()}")
    guest = cluster.guests()[0]
    free = next(name for name in cluster.nodes if name not in {each.node for each in cluster.guests()})
    made = writer(platform, cluster, guest, "retour")
    move(cluster, guest.node, guest.vmid, free)
    wait_more(made, len(made.acknowledged))
    moved = cluster.guest(guest.vmid)
    gap = longest_gap(judge(platform, cluster, moved, made))
    say(f"{guest.name} moved from {guest.node} to {moved.node}, silent for {gap:.2f} s at most")
    if moved.node != free or gap > BOUND_S:
        sys.exit(f"{guest.name} is on {moved.node}, {free} was asked; silent for {gap:.2f} s")
    if found := broken(cluster.guests(), cluster.rules()):
        sys.exit(f"guests that must stay apart: {found}")
    cluster.close()


def move(cluster: Hypervisor, source: str, vmid: int, target: str) -> None:
    """A planned move, to the end of its task."""
    upid = cluster.ask(lambda api: api.nodes(source).qemu(vmid).migrate.post(target=target, online=1))

    def ended() -> bool | NotYet:
        told = cluster.task(upid)
        return NotYet("en cours") if told is None else True

    wait_until(ended, MOVED_S, "La fin de la migration")
    if (told := cluster.task(upid)) != "OK":
        sys.exit(f"{upid}: {told}")


if __name__ == "__main__":
    main()
