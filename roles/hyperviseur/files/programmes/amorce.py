"""Brings storage and cluster to what the role declares, one step at a time; prints each change, `--check` makes none.

Every key is derived from secrets that all the nodes are given, so that no file has to travel from one to another.

    moniteur   this node: the database of its Ceph monitor
    reserve    first node, once the monitors have a majority: the disks that are to come, the pool of the guests
    disque     this node: the keys of its manager, and its disk
    grappe     first node, once all have joined: fencing and properties of Pacemaker
    modele     first node, once the disks are there: the disk from which guests are cloned
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import sys
import tempfile
import time
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grappe
from commun import CommandError, Node, nodes, run, settings
from stockage import BASE

CEPH = Path("/var/lib/ceph")
PLACEMENT_GROUPS = "32"
MAJORITY_S, JOINED_S, POOL_S, POLL_S = 120.0, 120.0, 180.0, 0.5
AS_CEPH = ("setpriv", "--reuid=ceph", "--regid=ceph", "--clear-groups")
GUESTS = "profile rbd pool={pool}"


class Work:
    """One step on one node."""

    def __init__(self, told: dict[str, Any], *, check: bool) -> None:
        self.told, self.check = told, check
        self.nodes = nodes(told)
        self.here = self.nodes[told["node"]]
        self.pool = str(told["pool"])

    def change(self, text: str, act: Callable[[], Any]) -> None:
        """Tell a change, and make it unless they are only counted."""
        sys.stdout.write(f"{text}\n")
        if not self.check:
            act()

    def moniteur(self) -> None:
        folder = CEPH / "mon" / f"ceph-{self.here.name}"
        if not (folder / "store.db").exists():
            self.change(f"monitor {self.here.name}", self._make_monitor)

    def _make_monitor(self) -> None:
        for folder in ("mon", "mgr", "osd", "tmp"):
            _folder(CEPH / folder)
        with _scratch() as scratch:
            members = [word for node in self.nodes.values() for word in ("--addv", node.name, addresses(node))]
            run("monmaptool", "--create", "--fsid", self.told["fsid"], *members, str(scratch / "monmap"))
            (scratch / "keys").write_text(keyring(self.told["keys"], self.pool, self.nodes), encoding="ascii")
            for path in (scratch, *scratch.iterdir()):
                _give(path)
            where = ("--monmap", str(scratch / "monmap"), "--keyring", str(scratch / "keys"))
            run(*AS_CEPH, "ceph-mon", "--mkfs", "--id", self.here.name, *where, limit_s=60.0)

    def reserve(self) -> None:
        _wait(_majority, MAJORITY_S, "the monitors have no majority")
        known = {each["uuid"] for each in json.loads(run("ceph", "osd", "dump", "--format", "json"))["osds"]}
        for node in self.nodes.values():
            identity = disk_uuid(self.told["fsid"], node)
            if identity not in known:
                self.change(f"disk of {node.name} announced", lambda one=node, name=identity: self._announce(one, name))
        if self.pool not in run("ceph", "osd", "pool", "ls").split():
            order = ("ceph", "osd", "pool", "create", self.pool, PLACEMENT_GROUPS, PLACEMENT_GROUPS)
            self.change(f"pool {self.pool}", lambda: run(*order, limit_s=60.0))

    def _announce(self, node: Node, identity: str) -> None:
        secret = json.dumps({"cephx_secret": self.told["keys"]["osd"]})
        number = run("ceph", "osd", "new", identity, "-i", "-", stdin=secret, limit_s=60.0).strip()
        if number != disk(node):
            raise CommandError(f"the disk of {node.name} is number {number}, {disk(node)} was expected")

    def disque(self) -> None:
        manager = CEPH / "mgr" / f"ceph-{self.here.name}"
        keys = entry(f"mgr.{self.here.name}", self.told["keys"]["mgr"])
        if not _holds(manager / "keyring", keys):
            self.change(f"key of manager {self.here.name}", lambda: _write(manager / "keyring", keys))
        folder = CEPH / "osd" / f"ceph-{disk(self.here)}"
        if not (folder / "ready").exists():
            self.change(f"disk {folder.name}", lambda: self._make_disk(folder))

    def _make_disk(self, folder: Path) -> None:
        if folder.exists():
            shutil.rmtree(folder)
        _write(folder / "keyring", entry(f"osd.{disk(self.here)}", self.told["keys"]["osd"]))
        identity = disk_uuid(self.told["fsid"], self.here)
        made = ("--mkfs", "--id", disk(self.here), "--osd-uuid", identity)
        run(*AS_CEPH, "ceph-osd", *made, limit_s=120.0)

    def grappe(self) -> None:
        _wait(self._all_joined, JOINED_S, "not every node has joined the cluster")
        wanted = properties(self.told)
        present = run("cibadmin", "--query", "--scope", "configuration", limit_s=15.0)
        if missing := differences(present, wanted):
            text = f"Pacemaker: {', '.join(missing)}"
            order = ("cibadmin", "--modify", "--allow-create", "--scope", "configuration", "--xml-text", wanted)
            self.change(text, lambda: run(*order))

    def _all_joined(self) -> bool:
        try:
            seen = grappe.look()
        except CommandError:
            # Pacemaker does not answer before it has found a coordinator.
            return False
        return seen.quorate and all(seen.alive(name) for name in self.nodes)

    def modele(self) -> None:
        image = f"base-{self.told['template']['vmid']}-disk-0"
        run("rbd", "pool", "init", self.pool, limit_s=POOL_S)
        if image not in json.loads(run("rbd", "ls", self.pool, "--format", "json")):
            self.change(f"model of the guests: {image}", lambda: self._make_template(image))

    def _make_template(self, image: str) -> None:
        """Named last: an image of this name is complete."""
        draft = f"{self.pool}/{image}.draft"
        if f"{image}.draft" in json.loads(run("rbd", "ls", self.pool, "--format", "json")):
            run("rbd", "snap", "purge", "--no-progress", draft)
            run("rbd", "rm", "--no-progress", draft)
        with _scratch() as scratch:
            disk_file = scratch / "disk"
            disk_file.touch()
            os.truncate(disk_file, int(self.told["template"]["disk_mib"]) << 20)
            run("mkfs.ext4", "-q", "-F", str(disk_file))
            run("rbd", "import", "--no-progress", "--image-format", "2", str(disk_file), draft, limit_s=POOL_S)
        run("rbd", "snap", "create", "--no-progress", f"{draft}@{BASE}")
        run("rbd", "rename", draft, f"{self.pool}/{image}")
        run("rbd", "snap", "protect", f"{self.pool}/{image}@{BASE}")


def addresses(node: Node) -> str:
    """Where a monitor listens, in both versions of its protocol."""
    return f"[v2:{node.storage}:3300,v1:{node.storage}:6789]"


def disk(node: Node) -> str:
    """The number of the disk of a node: the first one is 0."""
    return str(node.number - 1)


def disk_uuid(fsid: str, node: Node) -> str:
    return str(uuid.uuid5(uuid.UUID(fsid), node.name))


def entry(who: str, key: str, caps: dict[str, str] | None = None) -> str:
    """A key in a keyring."""
    allowed = "".join(f'\tcaps {kind} = "{what}"\n' for kind, what in (caps or {}).items())
    return f"[{who}]\n\tkey = {key}\n{allowed}"


def keyring(keys: dict[str, str], pool: str, members: dict[str, Node]) -> str:
    """Everybody whom the first monitors know."""
    everything = dict.fromkeys(("mon", "osd", "mds", "mgr"), "allow *")
    told = entry("mon.", keys["mon"], {"mon": "allow *"}) + entry("client.admin", keys["admin"], everything)
    manager = {"mon": "allow profile mgr", "osd": "allow *", "mds": "allow *"}
    told += "".join(entry(f"mgr.{name}", keys["mgr"], manager) for name in members)
    images = GUESTS.format(pool=pool)
    return told + entry("client.machines", keys["guests"], {"mon": "profile rbd", "osd": images, "mgr": images})


def properties(told: dict[str, Any]) -> str:
    """What Pacemaker must know beside the guests: how to fence each node, and what it may assume."""
    root = ET.Element("configuration")
    options = {
        "stonith-enabled": "true",
        "stonith-action": "reboot",
        "stonith-timeout": "150s",
        "no-quorum-policy": "stop",
        # A guest that did not start once, while the storage was settling, is tried again there.
        "start-failure-is-fatal": "false",
        "cluster-recheck-interval": "60s",
        "migration-limit": "2",
    }
    _pairs(ET.SubElement(root, "crm_config"), "cluster_property_set", "cib-bootstrap-options", options)
    resources, constraints = ET.SubElement(root, "resources"), ET.SubElement(root, "constraints")
    for name in nodes(told):
        fence = {"plug": name, "way": told["fencing"], "wait": "120"}
        # Pacemaker may look whether the node is one of those of this device; it is the only one.
        fence |= {"pcmk_host_list": name, "pcmk_host_check": "static-list", "pcmk_reboot_timeout": "140s"}
        device = ET.SubElement(
            resources, "primitive", {"id": f"fence-{name}", "class": "stonith", "type": "fence_recette"}
        )
        _pairs(device, "instance_attributes", f"fence-{name}-instance_attributes", fence)
        watch = {"id": f"fence-{name}-monitor", "name": "monitor", "interval": "60s", "timeout": "20s"}
        ET.SubElement(ET.SubElement(device, "operations"), "op", watch)
        # No node is asked to fence itself.
        apart = {"id": f"loc-fence-{name}", "rsc": f"fence-{name}", "node": name, "score": "-INFINITY"}
        ET.SubElement(constraints, "rsc_location", apart)
    defaults = ET.SubElement(root, "rsc_defaults")
    # Guests do not go back to a node because it has come back.
    _pairs(defaults, "meta_attributes", "rsc-defaults", {"resource-stickiness": "100"})
    return ET.tostring(root, encoding="unicode")


def _pairs(parent: ET.Element, kind: str, identifier: str, pairs: dict[str, str]) -> None:
    holder = ET.SubElement(parent, kind, {"id": identifier})
    for name, value in pairs.items():
        ET.SubElement(holder, "nvpair", {"id": f"{identifier}-{name}", "name": name, "value": value})


def differences(present: str, wanted: str) -> list[str]:
    """Identifiers of what is wanted and is not there, or is otherwise."""
    there = {each.get("id"): each.attrib for each in ET.fromstring(present).iter() if each.get("id")}  # noqa: S314
    asked = [each for each in ET.fromstring(wanted).iter() if each.get("id")]  # noqa: S314 - made above
    return [each.get("id", "") for each in asked if there.get(each.get("id")) != each.attrib]


def _majority() -> bool:
    try:
        run("ceph", "--connect-timeout", "5", "quorum_status", limit_s=15.0)
    except CommandError:
        return False
    return True


def _wait(met: Callable[[], bool], limit_s: float, missing: str) -> None:
    deadline = time.monotonic() + limit_s
    while not met():
        if time.monotonic() > deadline:
            raise CommandError(f"{missing} after {limit_s:.0f} s")
        time.sleep(POLL_S)


@contextmanager
def _scratch() -> Iterator[Path]:
    """A folder that holds keys for a moment; on a disk: an image of a guest passes through it too."""
    with tempfile.TemporaryDirectory(prefix="hyperviseur-", dir="/var/tmp") as folder:
        yield Path(folder)


def _holds(path: Path, content: str) -> bool:
    return path.is_file() and path.read_text(encoding="ascii") == content


def _write(path: Path, content: str) -> None:
    _folder(path.parent)
    path.touch(mode=0o600)
    path.write_text(content, encoding="ascii")
    _give(path)


def _folder(path: Path) -> None:
    path.mkdir(parents=True, exist_ok=True)
    _give(path)


def _give(path: Path) -> None:
    user = pwd.getpwnam("ceph")
    os.chown(path, user.pw_uid, user.pw_gid)


def main() -> int:
    """usage: amorce.py STEP [--check]"""
    work = Work(settings(), check="--check" in sys.argv)
    steps = {name: getattr(work, name) for name in ("moniteur", "reserve", "disque", "grappe", "modele")}
    try:
        steps[sys.argv[1]]()
    except CommandError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
