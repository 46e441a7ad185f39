"""The cluster as it should be before anything breaks, and after everything was repaired."""

from __future__ import annotations

import time
from contextlib import suppress

from recette.errors import Inconclusive
from recette.platform import Platform
from recette.probes.hypervisor import Guest, Storage, broken
from recette.site import Host
from recette.waiting import NotYet, wait_until

WHOLE_S = 240.0
"""Guard: three nodes that boot at once, and their guests on emulated processors."""
ANSWER_S, LOOK_S = 60.0, 0.25
HEALTHY = "HEALTH_OK"
RUNNING = "systemctl list-units --no-legend --state=active 'qemu-*.service'"


def await_whole(platform: Platform) -> None:
    """Wait until every node is there, every copy of everything too, and every guest runs where it may."""
    wait_until(lambda: whole(platform), WHOLE_S, "La grappe entière et saine")


def await_answer(platform: Platform) -> None:
    """Wait until the interface of the cluster answers: how the cluster is, is for the scenario to judge."""

    def answers() -> bool | NotYet:
        try:
            return bool(platform.hypervisor.members().online)
        except Inconclusive as error:
            return NotYet(str(error))

    wait_until(answers, ANSWER_S, "Une réponse de la grappe")


def whole(platform: Platform) -> bool | NotYet:
    """Whether it is; else what is wrong."""
    try:
        members = platform.hypervisor.members()
        storage = platform.hypervisor.storage()
        guests = platform.hypervisor.guests()
        rules = platform.hypervisor.rules()
        managers = platform.hypervisor.managers()
    except Inconclusive as error:
        return NotYet(str(error))
    wrong = [f"{name} absent" for name in members.absent]
    wrong += [] if members.quorate else ["majorité perdue"]
    wrong += [] if storage.health == HEALTHY and storage.clean else [str(storage)]
    wrong += [str(guest) for guest in guests if not guest.runs]
    wrong += [f"{name} : {state}" for name, state in managers.items() if state not in ("active", "idle")]
    wrong += list(broken(guests, rules))
    return NotYet(" ; ".join(wrong)) if wrong else True


def named(platform: Platform, name: str) -> Guest:
    """A guest by its name. Inconclusive if there is none."""
    found = [guest for guest in platform.hypervisor.guests() if guest.name == name]
    if len(found) != 1:
        raise Inconclusive(f"La grappe ne porte pas de machine {name}")
    return found[0]


def free_node(platform: Platform) -> str:
    """A node without any guest. Inconclusive if there is none."""
    busy = {guest.node for guest in platform.hypervisor.guests()}
    found = [name for name in platform.hypervisor.nodes if name not in busy]
    if not found:
        raise Inconclusive("Aucun nœud n'est libre de toute machine")
    return found[0]


def elsewhere(platform: Platform, guest: Guest, limit_s: float) -> Guest | None:
    """A guest as it runs on another node than it did; None if it does not within that time."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        # While the cluster looks for its majority, no node may answer.
        with suppress(Inconclusive):
            now = platform.hypervisor.guest(guest.vmid)
            if now.runs and now.node != guest.node:
                return now
        time.sleep(LOOK_S)
    return None


def await_empty(platform: Platform, node: str, limit_s: float) -> float:
    """Wait until a node has no guest any more, and every guest runs; how long it took, in seconds."""
    since_s = time.monotonic()

    def empty() -> bool | NotYet:
        guests = platform.hypervisor.guests()
        left = [str(guest) for guest in guests if guest.node == node or not guest.runs]
        return NotYet(" ; ".join(left)) if left else True

    wait_until(empty, limit_s, f"{node} sans aucune machine")
    return time.monotonic() - since_s


def emptied(platform: Platform, node: Host, limit_s: float) -> float | None:
    """How long until no machine runs on a node, as that node itself says, in seconds; None if some still does.

    It may be switched off and on by its watchdog meanwhile.
    """
    since_s = time.monotonic()
    while time.monotonic() - since_s < limit_s:
        with suppress(Inconclusive):
            done = platform.remote.run(node.name, RUNNING)
            if done.rc == 0 and not done.stdout.strip():
                return time.monotonic() - since_s
        time.sleep(LOOK_S)
    return None


def await_disk_lost(platform: Platform, limit_s: float) -> Storage:
    """Wait until the storage tells that a disk is missing, and return what it tells."""

    seen: list[Storage] = []

    def told() -> bool | NotYet:
        seen.append(platform.hypervisor.storage())
        return True if seen[-1].disks_up < seen[-1].disks else NotYet(str(seen[-1]))

    wait_until(told, limit_s, "Un disque de moins")
    return seen[-1]
