"""The forms in which Proxmox VE 9 answers, filled with what the cluster really says. Nothing here asks anybody."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from commun import Node
from grappe import Cluster, Configuration, Rule, Running, Settings
from machine import Guest

Data = dict[str, Any]
MIB = 1 << 20
DEAD = "old timestamp - dead?"


class RefusedError(Exception):
    """An answer that is no success: its code, its reason, and what was wrong with which parameter."""

    def __init__(self, code: int, reason: str, errors: Mapping[str, str] | None = None) -> None:
        super().__init__(reason)
        self.code, self.reason, self.errors = code, reason, dict(errors or {})


@dataclass(frozen=True)
class Picture:
    """Everything that one look gives: where it was taken, the members, the state, what was asked for."""

    here: str
    name: str
    nodes: Mapping[str, Node]
    cluster: Cluster
    configuration: Configuration
    template: int | None = None
    """Identifier of the model of guests, once the storage has it."""
    template_name: str = ""

    def home(self, vmid: int) -> str:
        """The node of a guest: where it runs; where its configuration is found when it does not."""
        running = self.cluster.guests.get(vmid)
        if running is not None and running.node:
            return running.node
        alive = [name for name in self.nodes if self.cluster.alive(name)]
        return alive[0] if alive else self.here

    def settings(self, vmid: int, node: str) -> Settings:
        """How a guest of a node is configured. Refused as Proxmox does if it is elsewhere, or nowhere."""
        if vmid not in self.configuration.guests or self.home(vmid) != node:
            raise RefusedError(500, f"Configuration file 'nodes/{node}/qemu-server/{vmid}.conf' does not exist")
        return self.configuration.guests[vmid]


def version() -> Data:
    """Of the interface that is spoken, not of a product."""
    return {"version": "9.0.0", "release": "9.0", "repoid": "00000000"}


def cluster_status(seen: Picture) -> list[Data]:
    found: list[Data] = [
        {
            "type": "cluster",
            "id": "cluster",
            "name": seen.name,
            "nodes": len(seen.nodes),
            "quorate": int(seen.cluster.quorate),
            "version": len(seen.nodes),
        }
    ]
    for node in seen.nodes.values():
        told = {"type": "node", "id": f"node/{node.name}", "name": node.name, "nodeid": node.number, "level": ""}
        online = int(seen.cluster.alive(node.name))
        found.append({**told, "ip": node.address, "online": online, "local": int(node.name == seen.here)})
    return found


def nodes(seen: Picture) -> list[Data]:
    return [
        {"id": f"node/{name}", "node": name, "type": "node", "level": "", "status": _node_status(seen, name)}
        for name in seen.nodes
    ]


def _node_status(seen: Picture, name: str) -> str:
    return "online" if seen.cluster.alive(name) else "offline"


def resources(seen: Picture, kind: str | None) -> list[Data]:
    """Guests and nodes; `kind` is `vm`, `node` or nothing. Refused for what is not known here."""
    if kind not in (None, "vm", "node"):
        raise RefusedError(501, f"resources of type '{kind}' are not backed by this service")
    found: list[Data] = []
    if kind in (None, "vm"):
        found += [_resource(seen, vmid) for vmid in sorted(seen.configuration.guests)]
        found += [_template(seen)] if seen.template is not None else []
    if kind in (None, "node"):
        found += [
            {"id": f"node/{name}", "type": "node", "node": name, "status": _node_status(seen, name)}
            for name in seen.nodes
        ]
    return found


def _resource(seen: Picture, vmid: int) -> Data:
    settings = seen.configuration.guests[vmid]
    guest = Guest.of(settings.attributes)
    told: Data = {
        "id": f"qemu/{vmid}",
        "type": "qemu",
        "vmid": vmid,
        "name": guest.name,
        "node": seen.home(vmid),
        "status": guest_status(seen, vmid),
        "template": 0,
        "maxcpu": guest.cores,
        "maxmem": guest.memory * MIB,
    }
    return {**told, "hastate": service_state(seen, vmid)} if settings.held else told


def _template(seen: Picture) -> Data:
    vmid = seen.template or 0
    told = {"id": f"qemu/{vmid}", "type": "qemu", "vmid": vmid, "name": seen.template_name}
    return {**told, "node": seen.home(vmid), "status": "stopped", "template": 1}


def guest_status(seen: Picture, vmid: int) -> str:
    """`running`, `stopped`, or `unknown` when its node cannot tell."""
    running = seen.cluster.guests.get(vmid)
    if running is None or running.node is None:
        return "stopped"
    if not seen.cluster.alive(running.node):
        return "unknown"
    return "running" if running.role in ("Started", "Migrating", "Stopping") else "stopped"


def service_state(seen: Picture, vmid: int) -> str:
    """What the high availability does with a guest, in the words of Proxmox."""
    running = seen.cluster.guests.get(vmid, Running(None, "Stopped", failed=False, pending=""))
    wanted = seen.configuration.guests[vmid].wanted
    if running.node and seen.cluster.members[running.node].unclean:
        return "fence"
    if running.failed:
        return "error"
    if "igrat" in running.pending or running.role == "Migrating":
        return "migrate"
    if running.role == "Started":
        return "started" if wanted else "request_stop"
    if not wanted:
        return "stopped"
    return "request_start" if running.role == "Starting" else "recovery"


def ha_status(seen: Picture, now: int) -> list[Data]:
    """What /cluster/ha/status/current says: quorum, coordinator, each node, each guest that is kept."""
    when = time.strftime("%a %b %e %H:%M:%S %Y", time.localtime(now))
    quorate = seen.cluster.quorate
    told: list[Data] = [
        {
            "id": "quorum",
            "type": "quorum",
            "node": seen.here,
            "quorate": int(quorate),
            "status": "OK" if quorate else "no quorum",
        }
    ]
    if (chief := seen.cluster.coordinator) is not None:
        status = f"{chief} (active, {when})"
        told.append({"id": "master", "type": "master", "node": chief, "timestamp": now, "status": status})
    for name in seen.nodes:
        status = f"{name} ({_manager(seen, name)}, {when})"
        told.append({"id": f"lrm:{name}", "type": "lrm", "node": name, "timestamp": now, "status": status})
    held = (vmid for vmid, settings in seen.configuration.guests.items() if settings.held)
    return told + [_service(seen, vmid) for vmid in sorted(held)]


def _manager(seen: Picture, name: str) -> str:
    if not seen.cluster.alive(name):
        return DEAD
    if seen.cluster.members[name].standby:
        return "maintenance mode"
    busy = any(running.node == name for running in seen.cluster.guests.values())
    return "active" if busy else "idle"


def _service(seen: Picture, vmid: int) -> Data:
    sid, node, state = f"vm:{vmid}", seen.home(vmid), service_state(seen, vmid)
    return {
        "id": f"service:{sid}",
        "sid": sid,
        "type": "service",
        "node": node,
        "state": state,
        "crm_state": state,
        "request_state": requested(seen.configuration.guests[vmid]),
        "status": f"{sid} ({node}, {state})",
    }


def requested(settings: Settings) -> str:
    return "started" if settings.wanted else "stopped"


def ha_resource(vmid: int, settings: Settings) -> Data:
    """`comment` and `max_relocate` are the only values that are taken: modules compare them with what they ask."""
    told: Data = {"sid": f"vm:{vmid}", "type": "vm", "state": requested(settings)}
    told |= {"max_restart": settings.failures - 1, "max_relocate": 1, "comment": ""}
    return {**told, "digest": digest(told)}


def ha_rule(rule: Rule) -> Data:
    told: Data = {
        "rule": rule.name,
        "type": "resource-affinity",
        "affinity": rule.affinity,
        "resources": ",".join(f"vm:{vmid}" for vmid in rule.guests),
    }
    return {**told, "digest": digest(told)}


def guest_config(settings: Settings, bridge: str, pool: str) -> Data:
    """A configuration as qemu-server writes it."""
    guest = Guest.of(settings.attributes)
    told: Data = {
        "name": guest.name,
        "memory": str(guest.memory),
        "cores": guest.cores,
        "net0": f"virtio={guest.mac.upper()},bridge={bridge}",
        "virtio0": f"{pool}:{guest.disk}",
    }
    if guest.ipconfig0:
        told["ipconfig0"] = guest.ipconfig0
    return {**told, "digest": digest(told)}


def digest(told: Data) -> str:
    """Changes with what it is of, so that two who change the same thing at once are noticed."""
    return hashlib.sha1(repr(sorted(told.items())).encode()).hexdigest()  # noqa: S324 - Proxmox's own form, no secret


def vmid_of(sid: str) -> int:
    """The guest of a service. Refused if it is none."""
    kind, _, number = sid.rpartition(":")
    if kind not in ("", "vm") or not number.isdigit():
        raise RefusedError(400, "Parameter verification failed.", {"sid": f"'{sid}' is no guest"})
    return int(number)


def upid(node: str, stamps: tuple[int, int, int], what: tuple[str, str], user: str) -> str:
    """The name of a task; `stamps` are its process, its serial number, its start; `what` its type, and on what."""
    process, serial, start = stamps
    return f"UPID:{node}:{process:08X}:{serial:08X}:{start:08X}:{what[0]}:{what[1]}:{user}:"


def upid_parts(text: str) -> Data:
    """What the name of a task says. Refused if it is none."""
    parts = text.split(":")
    if len(parts) != 9 or parts[0] != "UPID" or parts[8]:  # noqa: PLR2004 - eight fields, and nothing after them
        raise RefusedError(
            400, "Parameter verification failed.", {"upid": "value does not look like a valid unix process ID"}
        )
    try:
        process, serial, start = (int(part, 16) for part in parts[2:5])
    except ValueError as error:
        raise RefusedError(400, "Parameter verification failed.", {"upid": f"unable to parse '{text}'"}) from error
    told = {"upid": text, "node": parts[1], "pid": process, "pstart": serial, "starttime": start}
    return {**told, "type": parts[5], "id": parts[6], "user": parts[7]}
