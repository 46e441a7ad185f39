"""Ansible, by ansible-runner: Mitogen on the twin (five to six times less CPU), plain ssh on a real site."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ansible_runner  # type: ignore[import-untyped] # it ships none

from recette.errors import RecetteError
from recette.paths import ROOT
from recette.site import Site

PLAYBOOK = ROOT / "playbooks" / "site.yml"

Progress = Callable[[str, int], None]
"""Told the name of the task that starts and how many task results have come in."""


@dataclass
class Provisioned:
    """What an application of the roles did: tasks changed and first failure, by host, and what modules warned of."""

    changed: dict[str, int] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    results: int = 0
    warnings: list[str] = field(default_factory=list)

    @property
    def changes(self) -> int:
        return sum(self.changed.values())

    def require_success(self) -> None:
        """Raises RecetteError naming the first host and task that failed."""
        for host, message in self.failures.items():
            others = f" (and {len(self.failures) - 1} other hosts)" if len(self.failures) > 1 else ""
            raise RecetteError(f"provision: {host}: {message}{others}")


def provision(
    site: Site,
    *,
    hosts: Collection[str] = (),
    roles: Collection[str] = (),
    variables: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Provisioned:
    """Apply `roles` (all by default) to `hosts` (all by default).

    Raises RecetteError if a role or a host is unknown. A task that fails does not raise: see `require_success`.
    """
    known = {path.name for path in (ROOT / "roles").iterdir() if path.is_dir()}
    for role in roles:
        if role not in known:
            raise RecetteError(f"provision: role {role} is unknown; known roles: {', '.join(sorted(known))}")
    for host in hosts:
        site.host(host)
    outcome = Provisioned()
    with tempfile.TemporaryDirectory(prefix="recette-ansible-") as scratch:
        run = ansible_runner.run(
            private_data_dir=scratch,
            project_dir=str(ROOT),
            playbook=str(PLAYBOOK),
            inventory=str(site.path),
            limit=",".join(hosts) or None,
            tags=",".join(roles) or None,
            extravars=dict(variables or {}),
            envvars=_environment(site),
            quiet=True,
            # Without one, ansible-runner would take Ctrl-C and SIGTERM for itself, for good.
            cancel_callback=lambda: False,
            event_handler=lambda event: _record(event, outcome, progress),
        )
        if run.rc != 0 and not outcome.failures:
            tail = Path(run.config.artifact_dir, "stdout").read_text(encoding="utf-8").strip().splitlines()[-3:]
            raise RecetteError(f"provision: Ansible stopped with code {run.rc}: {' '.join(tail)}")
    return outcome


def _environment(site: Site) -> dict[str, str]:
    environment = {
        # Host keys are the business of the ssh configuration, which Mitogen would otherwise override.
        "ANSIBLE_HOST_KEY_CHECKING": "False",
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    if site.kind == "twin":
        environment["ANSIBLE_STRATEGY"] = "mitogen_linear"
    return environment


def _record(event: dict[str, Any], outcome: Provisioned, progress: Progress | None) -> bool:
    kind, data = event["event"], event.get("event_data", {})
    host = data.get("host", "")
    if kind in ("runner_on_ok", "runner_on_failed", "runner_on_unreachable"):
        outcome.results += 1
        result = data.get("res", {})
        outcome.warnings += result.get("warnings") or ()
        if kind == "runner_on_ok" and result.get("changed"):
            outcome.changed[host] = outcome.changed.get(host, 0) + 1
        elif kind != "runner_on_ok" and not data.get("ignore_errors"):
            reason = " ".join(str(result.get("stderr") or result.get("msg") or "failed").split())[:300]
            outcome.failures.setdefault(host, f"{data.get('task', 'connection')}: {reason}")
    if progress and kind in ("playbook_on_task_start", "runner_on_ok"):
        progress(data.get("task", ""), outcome.results)
    return False
