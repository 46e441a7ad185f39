"""When a repaired host counts as repaired."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

from recette.actions.drivers import RemoteDriver
from recette.errors import Inconclusive
from recette.site import Host
from recette.waiting import NotYet

Nominal = Callable[[Host], object]
"""Truthy once the host is nominal; until then a `NotYet` that tells its state."""

ANSWER_LIMIT_S = 5.0
"""A host that boots may leave a connection unanswered: better to ask again than to wait for it."""

STATE = "systemctl is-system-running; systemctl list-units --state=failed --plain --no-legend"


def systemd_is_running(remote: RemoteDriver) -> Nominal:
    """The default: the host answers, its boot is over, and no unit has failed."""

    def nominal(host: Host) -> bool | NotYet:
        try:
            answer = remote.run(host.name, STATE, timeout_s=ANSWER_LIMIT_S)
        except (Inconclusive, OSError, subprocess.SubprocessError) as error:
            return NotYet(f"{host.name} ne répond pas ({error})")
        state, *failed = answer.stdout.splitlines() or ["sans réponse"]
        if state == "running" and not failed:
            return True
        units = ", ".join(line.split()[0] for line in failed if line.strip())
        return NotYet(f"{host.name} est {state}" + (f", en échec : {units}" if units else ""))

    return nominal
