#!/usr/bin/python3
"""Resource agent ocf:recette:qemu: Pacemaker starts, watches, moves and stops a guest by it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping

import machine
import qmp
from appels import call
from commun import CommandError, nodes, settings
from machine import Guest

SUCCESS, GENERIC, UNIMPLEMENTED, CONFIGURED, NOT_RUNNING = 0, 1, 3, 6, 7
PREFIX = "OCF_RESKEY_"
ALIVE = ("running", "paused", "finish-migrate", "postmigrate", "prelaunch")
STOP_S, MOVE_S, RECEIVED_S, LEAVE_S = 20.0, 100.0, 20.0, 10.0
DOWNTIME_MS, BANDWIDTH = 300, 1 << 30
"""A guest is held still for so long at the end of a move; bytes a second at most."""

PARAMETERS = {
    "vmid": "identifier of the guest",
    "name": "its name",
    "memory": "its memory, in MiB",
    "cores": "its processors",
    "mac": "address of its network card",
    "ipconfig0": "its address, as in Proxmox VE: ip=ADDRESS/LENGTH,gw=ADDRESS",
}
ACTIONS = (
    '<action name="start" timeout="150s"/><action name="stop" timeout="40s"/>'
    '<action name="monitor" timeout="20s" interval="5s"/><action name="migrate_to" timeout="120s"/>'
    '<action name="migrate_from" timeout="60s"/><action name="meta-data" timeout="5s"/>'
    '<action name="validate-all" timeout="5s"/>'
)


def metadata() -> str:
    """What Pacemaker asks of an agent before it uses it."""
    parameters = "".join(
        f'<parameter name="{name}" required="{int(name == "vmid")}" unique="0"><longdesc lang="en">{text}</longdesc>'
        f'<shortdesc lang="en">{text}</shortdesc><content type="string" default=""/></parameter>'
        for name, text in PARAMETERS.items()
    )
    return (
        '<?xml version="1.0"?>\n<resource-agent name="qemu" version="1.0"><version>1.0</version>'
        '<longdesc lang="en">A QEMU guest on an RBD image</longdesc><shortdesc lang="en">QEMU guest</shortdesc>'
        f"<parameters>{parameters}</parameters><actions>{ACTIONS}</actions></resource-agent>\n"
    )


def judged(state: str | None, *, active: bool, probe: bool) -> int:
    """The answer to `monitor`. A guest that is being received is none of this node yet, when it is asked at first."""
    if not active:
        return NOT_RUNNING
    if state == "inmigrate":
        return NOT_RUNNING if probe else SUCCESS
    return SUCCESS if state in ALIVE else GENERIC


def start(guest: Guest) -> int:
    if qmp.state(guest.vmid) in ALIVE:
        return SUCCESS
    told = settings()
    machine.secure_disk(guest, told)
    machine.launch(guest, told)
    return SUCCESS


def stop(guest: Guest) -> int:
    machine.stop(guest, STOP_S)
    return SUCCESS


def monitor(guest: Guest) -> int:
    active, state = machine.active(guest), qmp.state(guest.vmid)
    found = judged(state, active=active, probe=os.environ.get(f"{PREFIX}CRM_meta_interval", "0") == "0")
    if found == GENERIC:
        sys.stderr.write(f"guest {guest.vmid}: {state or 'no answer'}\n")
    return found


def migrate_to(guest: Guest) -> int:
    """Send a running guest to another node, which has received it when this ends."""
    told = settings()
    target = nodes(told)[os.environ[f"{PREFIX}CRM_meta_migrate_target"]]
    call(told, target, "accueil", parameters(os.environ))
    try:
        _send(guest, f"tcp:{target.storage}:{guest.port}")
    except qmp.QmpError as error:
        sys.stderr.write(f"guest {guest.vmid} stays: {error}\n")
        call(told, target, "abandon", parameters(os.environ))
        _go_on(guest)
        return GENERIC
    _leave(guest)
    return SUCCESS


def _send(guest: Guest, where: str) -> None:
    with qmp.monitor(guest.vmid) as asked:
        asked.ask("migrate-set-parameters", **{"downtime-limit": DOWNTIME_MS, "max-bandwidth": BANDWIDTH})
        asked.ask("migrate", uri=where)
        deadline = time.monotonic() + MOVE_S
        while (told := asked.ask("query-migrate")).get("status") != "completed":
            if told.get("status") in ("failed", "cancelled") or time.monotonic() > deadline:
                raise qmp.QmpError(f"move {told.get('status')}: {told.get('error-desc', 'no reason given')}")
            time.sleep(machine.POLL_S)
    sys.stderr.write(f"guest {guest.vmid} moved, held for {told.get('downtime')} ms\n")


def _go_on(guest: Guest) -> None:
    if qmp.state(guest.vmid) != "running":
        with qmp.monitor(guest.vmid) as asked:
            asked.ask("cont")


def _leave(guest: Guest) -> None:
    """End the copy that was left behind: `quit` gives up its lock on the image, which a kill would keep for 30 s."""
    try:
        with qmp.monitor(guest.vmid) as asked:
            asked.ask("quit")
    except qmp.QmpError as error:
        # It may be gone before it has answered; what follows makes sure of it.
        sys.stderr.write(f"{error}\n")
    deadline = time.monotonic() + LEAVE_S
    while machine.active(guest) and time.monotonic() < deadline:
        time.sleep(machine.POLL_S)
    machine.kill(guest)


def migrate_from(guest: Guest) -> int:
    deadline = time.monotonic() + RECEIVED_S
    while qmp.state(guest.vmid) != "running":
        if time.monotonic() > deadline:
            return GENERIC
        time.sleep(machine.POLL_S)
    return SUCCESS


def parameters(environment: Mapping[str, str]) -> dict[str, str]:
    """The parameters of the resource, out of its environment."""
    return {name: environment[PREFIX + name] for name in PARAMETERS if PREFIX + name in environment}


ORDERS: dict[str, Callable[[Guest], int]] = {
    "start": start,
    "stop": stop,
    "monitor": monitor,
    "migrate_to": migrate_to,
    "migrate_from": migrate_from,
    "validate-all": lambda _guest: SUCCESS,
}


def main() -> int:
    """Do what Pacemaker asks; a failure is told in the journal."""
    order = sys.argv[1] if len(sys.argv) > 1 else ""
    if order == "meta-data":
        sys.stdout.write(metadata())
        return SUCCESS
    if order not in ORDERS:
        return UNIMPLEMENTED
    try:
        guest = Guest.of(parameters(os.environ))
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return CONFIGURED
    try:
        return ORDERS[order](guest)
    except (CommandError, qmp.QmpError) as error:
        sys.stderr.write(f"{error}\n")
        return GENERIC


if __name__ == "__main__":
    sys.exit(main())
