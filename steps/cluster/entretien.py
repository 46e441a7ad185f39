"""Steps of planned maintenance."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_bdd import parsers, then, when

from recette.evidence import Recorder
from recette.measure.outage import upper_bound_s
from recette.platform import Platform
from recette.probes.hypervisor import Guest
from recette.probes.watch import Watch
from recette.trials.cluster import state
from recette.trials.cluster.users import Users
from steps.reseau.en_service import measured_within

LONGEST_S, ANSWERS = 180.0, 50
"""Guard: a bound that a feature states is judged before."""


@when(parsers.parse('"{name}" migre vers un nœud libre'), target_fixture="moved")
def guest_moves(name: str, platform: Platform) -> tuple[Guest, str]:
    guest, node = state.named(platform, name), state.free_node(platform)
    platform.machines.move(guest, node)
    return guest, node


@then("elle y tourne")
def it_runs_there(moved: tuple[Guest, str], platform: Platform, users: Users, preuves: Recorder) -> None:
    assert_there(*moved, platform, users, preuves)


def assert_there(guest: Guest, node: str, platform: Platform, users: Users, preuves: Recorder) -> None:
    """A guest that has moved runs where it was sent, and every guest serves."""
    now = platform.hypervisor.guest(guest.vmid)
    preuves.note(f"{guest.name} : de {guest.node} à {now.node}")
    assert now.node == node, f"Obtenu : sur {now.node} — Attendu : sur {node}"
    assert now.runs, f"Obtenu : {now} — Attendu : elle tourne"
    silent = users.silent(LONGEST_S)
    assert not silent, f"Obtenu : {', '.join(silent)} n'acquitte plus rien — Attendu : en service"


@then(
    parsers.re(r"aucune machine n'est injoignable plus de (?P<limit>\d+) secondes?"),
    converters={"limit": int},
)
def guests_stay_in_reach(limit: int, watches: dict[str, Watch], preuves: Recorder) -> None:
    held = []
    for name, calls in watches.items():
        latest_s = max((sample.sent_s for sample in calls.samples), default=0.0)
        calls.wait_answered(ANSWERS, LONGEST_S, since_s=latest_s)
        away_s = upper_bound_s(calls.outages())
        held.append(measured_within(preuves, f"{name} injoignable", round(away_s, 2), "s", limit))
    assert all(held), f"Obtenu : plus de {limit} s pour l'une d'elles (voir les mesures) — Attendu : au plus {limit} s"


@when(parsers.parse('le nœud de "{name}" est mis en maintenance'), target_fixture="emptied")
def node_is_in_maintenance(name: str, platform: Platform) -> Iterator[str]:
    node = state.named(platform, name).node
    with platform.machines.maintenance(node):
        yield node
    state.await_whole(platform)


@then(parsers.parse("il ne porte plus aucune machine en au plus {limit:d} secondes"))
def node_is_empty(limit: int, emptied: str, platform: Platform, preuves: Recorder) -> None:
    delay_s = state.await_empty(platform, emptied, LONGEST_S)
    held = measured_within(preuves, f"{emptied} vidé", round(delay_s, 1), "s", limit)
    assert held, f"Obtenu : {delay_s:.0f} s — Attendu : au plus {limit} s"
