"""The storage of the guests: images in the pool, and what Ceph says of itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from commun import CommandError, run

ASK_S, COPY_S = 15.0, 600.0
BASE = "__base__"
"""The snapshot from which Proxmox clones a template."""
DUMPS = Path("/var/lib/vz/dump")


class Pool:
    """One pool of one Ceph, as the user who may only use this pool."""

    def __init__(self, name: str, user: str) -> None:
        self._name, self._user = name, user

    def has(self, image: str) -> bool:
        return image in json.loads(self._rbd("ls", self._name, "--format", "json"))

    def clone(self, template: int, vmid: int, *, full: bool) -> None:
        """A new disk out of the template's. Raises CommandError if there is one already."""
        target = f"{self._name}/vm-{vmid}-disk-0"
        self._rbd("clone", f"{self._name}/base-{template}-disk-0@{BASE}", target)
        if full:
            self._rbd("flatten", "--no-progress", target, limit_s=COPY_S)

    def remove(self, vmid: int) -> None:
        self._rbd("rm", "--no-progress", f"{self._name}/vm-{vmid}-disk-0", limit_s=COPY_S)

    def dump(self, vmid: int, stamp: str) -> Path:
        """A copy of the disk of a guest as it is at one instant, compressed, in the folder of this node."""
        image = f"{self._name}/vm-{vmid}-disk-0@vzdump-{stamp}"
        DUMPS.mkdir(parents=True, exist_ok=True)
        path = DUMPS / f"vzdump-qemu-{vmid}-{stamp}.rbd.gz"
        draft = path.with_suffix(".part")
        self._rbd("snap", "create", "--no-progress", image)
        try:
            export = f"rbd --id '{self._user}' export --no-progress --export-format 2 '{image}' - | gzip -1 >'{draft}'"
            run("bash", "-o", "pipefail", "-c", export, limit_s=COPY_S)
        finally:
            self._rbd("snap", "rm", "--no-progress", image)
        draft.rename(path)
        return path

    def _rbd(self, *words: str, limit_s: float = ASK_S) -> str:
        return run("rbd", "--id", self._user, *words, limit_s=limit_s)


def ceph_status() -> dict[str, Any]:
    """What `ceph -s` says. Raises CommandError when the monitors have no majority."""
    told = run("ceph", "--connect-timeout", "5", "status", "--format", "json", limit_s=ASK_S)
    try:
        read: dict[str, Any] = json.loads(told)
    except ValueError as error:
        raise CommandError(f"ceph: {error}") from error
    return read
