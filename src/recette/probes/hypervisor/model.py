"""What a cluster of hypervisors says of itself, out of the answers of Proxmox VE's interface."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from recette.errors import Inconclusive

Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Members:
    """The nodes, as the one that answered sees them."""

    quorate: bool
    online: Mapping[str, bool]

    @property
    def absent(self) -> tuple[str, ...]:
        return tuple(name for name, online in self.online.items() if not online)


@dataclass(frozen=True, slots=True)
class Guest:
    """A machine of the cluster. `state` is what the high availability does with it, empty if it does nothing."""

    vmid: int
    name: str
    node: str
    status: str
    state: str

    @property
    def runs(self) -> bool:
        return self.status == "running" and self.state in ("", "started")

    def __str__(self) -> str:
        return f"{self.name} ({self.status}, {self.state or 'sans haute disponibilité'}) sur {self.node}"


@dataclass(frozen=True, slots=True)
class Storage:
    """How the distributed storage is. `reasons` are the codes of what it complains of."""

    health: str
    reasons: tuple[str, ...]
    disks: int
    disks_up: int
    disks_in: int
    monitors: tuple[str, ...]
    """Those of the majority."""
    clean: bool
    """Whether every copy of everything is where it should be."""

    def __str__(self) -> str:
        said = f"{self.health}, {self.disks_up} disques en service sur {self.disks}"
        return f"{said} ({', '.join(self.reasons)})" if self.reasons else said


@dataclass(frozen=True, slots=True)
class Rule:
    """Guests that stay apart (`negative`) or together."""

    name: str
    affinity: str
    guests: frozenset[int]


def members(told: Iterable[Answer]) -> Members:
    """From /cluster/status. Inconclusive if it tells of no cluster."""
    found = list(told)
    heads = [each for each in found if each.get("type") == "cluster"]
    nodes = {str(each["name"]): bool(each.get("online")) for each in found if each.get("type") == "node"}
    if len(heads) != 1 or not nodes:
        raise Inconclusive("La grappe ne dit pas de quels nœuds elle est faite")
    return Members(bool(heads[0].get("quorate")), nodes)


def guests(told: Iterable[Answer]) -> tuple[Guest, ...]:
    """From /cluster/resources; templates, which never run, are left out."""
    found = [each for each in told if each.get("type") == "qemu" and not each.get("template")]
    return tuple(
        Guest(
            vmid=int(each["vmid"]),
            name=str(each.get("name", "")),
            node=str(each["node"]),
            status=str(each["status"]),
            state=str(each.get("hastate") or ""),
        )
        for each in sorted(found, key=lambda each: int(each["vmid"]))
    )


def managers(told: Iterable[Answer]) -> dict[str, str]:
    """Of each node, what its resource manager does: `active`, `idle`, `maintenance mode`, else it is lost.

    From /cluster/ha/status/current, which tells it in one sentence: « pve1 (active, Thu Nov 26 10:00:00 2026) ».
    """
    found = [each for each in told if each.get("type") == "lrm"]
    return {str(each["node"]): str(each["status"]).partition("(")[2].partition(",")[0].rstrip(")") for each in found}


def storage(told: Answer) -> Storage:
    """From /cluster/ceph/status. Inconclusive if it is not what Ceph says of itself."""
    try:
        disks = told["osdmap"]
        # Older versions wrap it once more.
        disks = disks.get("osdmap", disks)
        states = {each["state_name"]: int(each["count"]) for each in told["pgmap"].get("pgs_by_state", [])}
        return Storage(
            health=str(told["health"]["status"]),
            reasons=tuple(sorted(told["health"].get("checks", {}))),
            disks=int(disks["num_osds"]),
            disks_up=int(disks["num_up_osds"]),
            disks_in=int(disks["num_in_osds"]),
            monitors=tuple(told.get("quorum_names", ())),
            clean=bool(states) and set(states) == {"active+clean"},
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise Inconclusive(f"État du stockage réparti incompris ({error})") from error


def rules(told: Iterable[Answer]) -> tuple[Rule, ...]:
    """Those about guests, from /cluster/ha/rules; one that is switched off is none."""
    return tuple(
        Rule(
            name=str(each["rule"]),
            affinity=str(each["affinity"]),
            guests=frozenset(int(sid.strip().removeprefix("vm:")) for sid in str(each["resources"]).split(",")),
        )
        for each in told
        if each.get("type") == "resource-affinity" and not each.get("disable")
    )


def broken(found: Iterable[Guest], wanted: Iterable[Rule]) -> tuple[str, ...]:
    """Rules that are not kept by where the guests are; what does not run breaks none."""
    where = {guest.vmid: guest.node for guest in found if guest.runs}
    told = []
    for rule in wanted:
        nodes = [where[vmid] for vmid in sorted(rule.guests) if vmid in where]
        apart, together = len(set(nodes)) == len(nodes), len(set(nodes)) <= 1
        if not (apart if rule.affinity == "negative" else together):
            told.append(f"{rule.name} : {', '.join(nodes)}")
    return tuple(told)
