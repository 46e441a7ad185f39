"""The cluster as Pacemaker knows it: read from its XML, changed by its own tools."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import combinations, pairwise

from commun import run

RESOURCE = re.compile(r"vm-(\d+)")
RULE = "regle-"
FAILURES = "migration-threshold"
HELD = "recette-ha"
"""Meta attribute of a guest that the high availability keeps; Pacemaker itself passes over it."""
OPERATIONS = {"monitor": ("5s", "20s"), "start": ("0s", "150s"), "stop": ("0s", "40s")} | {
    "migrate_to": ("0s", "120s"),
    "migrate_from": ("0s", "60s"),
}
MOVE_LIFE = "PT5M"
"""A wish to move that nobody takes back ends by itself."""
RULE_ID = re.compile(r"[A-Za-z][A-Za-z0-9_-]{1,60}")


@dataclass(frozen=True)
class Member:
    """A node as the others see it."""

    name: str
    online: bool
    unclean: bool
    standby: bool


@dataclass(frozen=True)
class Running:
    """Where a guest is, and what is being done to it."""

    node: str | None
    role: str
    failed: bool
    pending: str


@dataclass(frozen=True)
class Cluster:
    """What one look at Pacemaker says."""

    coordinator: str | None
    quorate: bool
    members: Mapping[str, Member]
    guests: Mapping[int, Running]

    def alive(self, node: str | None) -> bool:
        """Whether a node is there, as far as anybody knows."""
        return node in self.members and self.members[node].online and not self.members[node].unclean


@dataclass(frozen=True)
class Settings:
    """How a guest is configured."""

    attributes: Mapping[str, str]
    held: bool
    wanted: bool
    """Whether it should run."""
    failures: int = 2
    """So many on one node, and it is tried on another one."""


@dataclass(frozen=True)
class Rule:
    """Guests that stay together, or apart."""

    name: str
    affinity: str
    guests: tuple[int, ...]


@dataclass(frozen=True)
class Configuration:
    """What the cluster is told to do."""

    guests: Mapping[int, Settings] = field(default_factory=dict)
    rules: Mapping[str, Rule] = field(default_factory=dict)


def look() -> Cluster:
    """How the cluster is now. Raises CommandError if Pacemaker does not answer."""
    return cluster(run("crm_mon", "--one-shot", "--output-as=xml", limit_s=15.0))


def configured() -> Configuration:
    """How it is configured now. Raises CommandError if Pacemaker does not answer."""
    return configuration(run("cibadmin", "--query", "--scope", "configuration", limit_s=15.0))


def cluster(told: str) -> Cluster:
    """The state in what crm_mon prints."""
    tree = ET.fromstring(told)  # noqa: S314 - printed by crm_mon
    coordinator = tree.find("summary/current_dc")
    found = coordinator is not None and coordinator.get("present", "true") == "true"
    members = {
        node.get("name", ""): Member(
            name=node.get("name", ""),
            online=_true(node, "online"),
            unclean=_true(node, "unclean"),
            standby=_true(node, "standby") or _true(node, "maintenance"),
        )
        for node in tree.findall("nodes/node")
    }
    return Cluster(
        coordinator=coordinator.get("name") if found and coordinator is not None else None,
        quorate=found and coordinator is not None and _true(coordinator, "with_quorum"),
        members=members,
        guests=_guests(tree),
    )


def _guests(tree: ET.Element) -> dict[int, Running]:
    found: dict[int, Running] = {}
    for resource in tree.iter("resource"):
        match = RESOURCE.fullmatch(resource.get("id", ""))
        if match is None:
            continue
        node = resource.find("node")
        found[int(match[1])] = Running(
            node=node.get("name") if node is not None else None,
            role=resource.get("role", "Stopped"),
            failed=_true(resource, "failed") or _true(resource, "blocked"),
            pending=resource.get("pending", ""),
        )
    return found


def _true(element: ET.Element, name: str) -> bool:
    return element.get(name) == "true"


def configuration(told: str) -> Configuration:
    """The guests and rules in what cibadmin prints."""
    tree = ET.fromstring(told)  # noqa: S314 - printed by cibadmin
    guests: dict[int, Settings] = {}
    for primitive in tree.iter("primitive"):
        match = RESOURCE.fullmatch(primitive.get("id", ""))
        if match:
            meta = _pairs(primitive, "meta_attributes")
            guests[int(match[1])] = Settings(
                attributes=_pairs(primitive, "instance_attributes"),
                held=meta.get(HELD) == "1",
                wanted=meta.get("target-role", "Started").lower() != "stopped",
                failures=int(meta.get(FAILURES, "2")),
            )
    return Configuration(guests=guests, rules=_rules(tree))


def _rules(tree: ET.Element) -> dict[str, Rule]:
    found: dict[str, Rule] = {}
    for constraint in tree.iter("rsc_colocation"):
        name, separator, _ = constraint.get("id", "").removeprefix(RULE).partition(".")
        if not separator or not constraint.get("id", "").startswith(RULE):
            continue
        affinity = "negative" if constraint.get("score") == "-INFINITY" else "positive"
        before = found[name].guests if name in found else ()
        ends = (int(constraint.get(end, "vm-0").removeprefix("vm-")) for end in ("rsc", "with-rsc"))
        found[name] = Rule(name, affinity, tuple(sorted({*before, *ends})))
    return found


def _pairs(primitive: ET.Element, kind: str) -> dict[str, str]:
    return {pair.get("name", ""): pair.get("value", "") for pair in primitive.findall(f"{kind}/nvpair")}


def primitive(vmid: int, attributes: Mapping[str, str]) -> str:
    """XML of a guest that does not run yet and that nothing keeps."""
    name = f"vm-{vmid}"
    root = ET.Element("primitive", {"id": name, "class": "ocf", "provider": "recette", "type": "qemu"})
    _add_pairs(root, "instance_attributes", f"{name}-instance_attributes", {"vmid": str(vmid), **attributes})
    meta = {"allow-migrate": "true", FAILURES: "2", "failure-timeout": "120s", "target-role": "Stopped"}
    _add_pairs(root, "meta_attributes", f"{name}-meta_attributes", meta)
    operations = ET.SubElement(root, "operations")
    for order, (interval, timeout) in OPERATIONS.items():
        told = {"id": f"{name}-{order}", "name": order, "interval": interval, "timeout": timeout}
        ET.SubElement(operations, "op", told)
    return ET.tostring(root, encoding="unicode")


def _add_pairs(root: ET.Element, kind: str, identifier: str, pairs: Mapping[str, str]) -> None:
    holder = ET.SubElement(root, kind, {"id": identifier})
    for name, value in pairs.items():
        ET.SubElement(holder, "nvpair", {"id": f"{identifier}-{name}", "name": name, "value": value})


def constraints(rule: Rule) -> str:
    """XML of a rule: apart is between any two of its guests, together is a chain."""
    apart = rule.affinity == "negative"
    pairs = combinations(rule.guests, 2) if apart else pairwise(rule.guests)
    root = ET.Element("constraints")
    for one, other in pairs:
        told = {"id": f"{RULE}{rule.name}.{one}.{other}", "rsc": f"vm-{one}", "with-rsc": f"vm-{other}"}
        ET.SubElement(root, "rsc_colocation", {**told, "score": "-INFINITY" if apart else "INFINITY"})
    return ET.tostring(root, encoding="unicode")


def add_guest(vmid: int, attributes: Mapping[str, str]) -> None:
    run("cibadmin", "--create", "--scope", "resources", "--xml-text", primitive(vmid, attributes))


def remove_guest(vmid: int) -> None:
    run("cibadmin", "--delete", "--xml-text", f'<primitive id="vm-{vmid}"/>')


def set_attribute(vmid: int, name: str, value: str) -> None:
    run("crm_resource", "--resource", f"vm-{vmid}", "--set-parameter", name, "--parameter-value", value)


def set_meta(vmid: int, name: str, value: str) -> None:
    order = ("--set-parameter", name, "--parameter-value", value)
    run("crm_resource", "--resource", f"vm-{vmid}", "--meta", *order)


def remove_meta(vmid: int, name: str) -> None:
    run("crm_resource", "--resource", f"vm-{vmid}", "--meta", "--delete-parameter", name)


def put_rule(rule: Rule) -> None:
    """Replace a rule of this name, if there is one."""
    remove_rule(rule.name)
    for child in ET.fromstring(constraints(rule)):  # noqa: S314 - made above
        text = ET.tostring(child, encoding="unicode")
        run("cibadmin", "--create", "--scope", "constraints", "--xml-text", text)


def remove_rule(name: str) -> None:
    told = run("cibadmin", "--query", "--scope", "constraints", limit_s=15.0)
    for constraint in ET.fromstring(told).iter("rsc_colocation"):  # noqa: S314 - printed by cibadmin
        if constraint.get("id", "").startswith(f"{RULE}{name}."):
            run("cibadmin", "--delete", "--xml-text", f'<rsc_colocation id="{constraint.get("id")}"/>')


def move(vmid: int, node: str) -> None:
    """Wish that a guest went to a node; `forget_move` takes the wish back once it is there."""
    run("crm_resource", "--resource", f"vm-{vmid}", "--move", "--node", node, "--lifetime", MOVE_LIFE, "--quiet")


def forget_moves(vmids: Iterable[int]) -> None:
    for vmid in vmids:
        run("crm_resource", "--resource", f"vm-{vmid}", "--clear", "--quiet")
