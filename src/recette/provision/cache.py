"""Skip hosts to which the same inputs were already applied.

A drift made by hand on a host is left as it is: the recette must show it, not mend it in silence.
`recette provision` always applies.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

from recette.paths import ROOT, STATE
from recette.provision.runner import Progress, Provisioned, provision
from recette.site import Site

INPUTS = ("roles", "playbooks", "plugins", "ansible.cfg", "src/recette/site", "src/recette/policy")


def ensure(site: Site, machines: Mapping[str, str], progress: Progress | None = None) -> Provisioned:
    """Apply every role to the hosts whose inputs have changed since they were last provisioned.

    `machines` gives what identifies each host's machine (its container): a new machine is provisioned again, with the
    other members of its redundancy group.
    Raises RecetteError if a task fails; hosts that failed will be tried again.
    """
    memory = STATE / site.name / "provisioned.json"
    known = json.loads(memory.read_text(encoding="utf-8")) if memory.exists() else {}
    digest = _digest(site)
    wanted = {host: f"{digest}:{machine}" for host, machine in machines.items()}
    stale = [host for host, stamp in wanted.items() if known.get(host) != stamp]
    if not stale:
        return Provisioned()
    # The other members of a group know the keys of a former machine: the new one is introduced to them.
    groups = {group for host in stale if (group := site.host(host).redundancy)}
    stale = [host for host in wanted if host in stale or site.host(host).redundancy in groups]
    outcome = provision(site, hosts=() if len(stale) == len(wanted) else stale, progress=progress)
    known |= {host: wanted[host] for host in stale if host not in outcome.failures}
    memory.write_text(json.dumps(known), encoding="utf-8")
    outcome.require_success()
    return outcome


def _digest(site: Site) -> str:
    digest = hashlib.sha256()
    for path in sorted(_files(site)):
        digest.update(os.path.relpath(path, ROOT).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _files(site: Site) -> list[Path]:
    roots = [*(ROOT / name for name in INPUTS), site.path]
    files = [path for root in roots for path in ([root] if root.is_file() else root.rglob("*")) if path.is_file()]
    return [path for path in files if path.suffix != ".pyc"]
