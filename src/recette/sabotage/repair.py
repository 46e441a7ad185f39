"""Repair a sabotage by the roles alone, prove it, and do so at the next start if this one is killed."""

from __future__ import annotations

from collections.abc import Sequence

from recette.actions.journal import Act, Drivers
from recette.errors import RecetteError
from recette.sabotage.model import Sabotage
from recette.sabotage.tools import Tools


def undo_of(sabotage: Sabotage, hosts: Sequence[str]) -> tuple[Act, ...]:
    """What the journal must hold. A script is named by its sabotage, not copied: the journal holds no code."""
    roles = Act(driver="roles", verb="apply", args=(",".join(hosts), ",".join(sabotage.repair)))
    if sabotage.undo_shell is None:
        return (roles,)
    return (Act(driver="sabotage", verb="undo", args=(sabotage.id, ",".join(hosts))), roles)


def drivers(tools: Tools, known: dict[str, Sabotage]) -> Drivers:
    """The verbs that the journal of sabotages may name; applying roles proves that they hold."""

    def apply(hosts: str, roles: str) -> None:
        problem = apply_twice(tools, hosts.split(","), roles.split(","), drifted=False)
        if problem:
            raise RecetteError(problem)

    def undo(name: str, hosts: str) -> None:
        if name in known:
            tools.shell(hosts.split(","), known[name].undo_shell or "")

    return {"roles": {"apply": apply}, "sabotage": {"undo": undo}}


def apply_twice(tools: Tools, hosts: Sequence[str], roles: Sequence[str], *, drifted: bool) -> str:
    """Apply the roles until nothing is left to change; return what speaks against a repair, nothing if it is proven.

    With `drifted`, a first application that changes nothing is a fault of the role: it did not see the drift.
    """
    for turn in ("repair", "second application"):
        outcome = tools.provision(hosts, roles, {})
        for host, message in outcome.failures.items():
            return f"{turn} failed on {host}: {message}"
        if turn == "repair" and drifted and not outcome.changes:
            return f"{', '.join(roles)} saw no drift to repair"
    return f"a second application still changed {outcome.changes} tasks" if outcome.changes else ""
