"""What both programs of this scenario ask of the cluster, from outside."""

from __future__ import annotations

import sys
from pathlib import Path

from recette.errors import Inconclusive
from recette.platform import Platform
from recette.probes.hypervisor import Acknowledged, Guest, Hypervisor, Writer, journal
from recette.site import Site
from recette.waiting import NotYet, wait_until

DESK = "bastion"
WHOLE_S, ENOUGH_S, ENOUGH = 180.0, 150.0, 10


def opened() -> tuple[Platform, Hypervisor]:
    """The site that is named on the command line, and its cluster."""
    platform = Platform(Site.load(Path(sys.argv[1])))
    return platform, Hypervisor(platform.site, platform.remote)


def whole(cluster: Hypervisor) -> bool | NotYet:
    """Every node there, the storage healthy, every guest running."""
    try:
        members, storage, guests = cluster.members(), cluster.storage(), cluster.guests()
    except Inconclusive as error:
        return NotYet(str(error))
    wrong = [f"absent : {', '.join(members.absent)}"] if members.absent else []
    wrong += [] if members.quorate else ["sans quorum"]
    wrong += [] if storage.health == "HEALTH_OK" and storage.clean else [str(storage)]
    wrong += [str(guest) for guest in guests if not guest.runs]
    return NotYet(" ; ".join(wrong)) if wrong else True


def wait_whole(cluster: Hypervisor) -> None:
    wait_until(lambda: whole(cluster), WHOLE_S, "La grappe entière et saine")


def writer(platform: Platform, cluster: Hypervisor, guest: Guest, mark: str) -> Writer:
    """Somebody who writes on a guest, and is acknowledged by now."""
    made = Writer(platform.remote, DESK, cluster.address(guest), mark)
    made.start()
    wait_more(made, 0)
    return made


def wait_more(made: Writer, before: int) -> None:
    """Until some more writes than so many were acknowledged."""

    def enough() -> bool | NotYet:
        count = len(made.acknowledged) - before
        return True if count >= ENOUGH else NotYet(f"{count} écritures acquittées")

    wait_until(enough, ENOUGH_S, "Des écritures acquittées")


def judge(platform: Platform, cluster: Hypervisor, guest: Guest, made: Writer) -> tuple[Acknowledged, ...]:
    """Stop writing; what was acknowledged is on the disk, and one copy wrote at a time."""
    told = made.stop()
    found = journal(platform.remote, DESK, cluster.address(cluster.guest(guest.vmid)), made.mark)
    lost, twice = found.lost(told), found.interleaved()
    if lost or twice:
        sys.exit(f"{guest.name}: acknowledged and lost: {lost}; copies that wrote in turns: {twice}")
    say(f"{guest.name}: {len(told)} writes acknowledged, none lost, by {found.boots()} boots")
    return told


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
