"""Steps of what the guests survive."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from pytest_bdd import parsers, then, when

from recette.actions import Fault
from recette.actions.faults import Injection
from recette.evidence import Recorder
from recette.platform import Platform
from recette.probes.hypervisor import Guest
from recette.site import Host
from recette.trials.cluster import disks, power, state
from recette.trials.cluster.users import Users
from steps.cluster.entretien import assert_there
from steps.reseau.en_service import measured_within

LONGEST_S, SETTLED_S = 180.0, 5.0
"""Guard: a bound that a feature states is judged before."""


@dataclass(frozen=True, slots=True)
class Minority:
    """A node that is left alone, and what the others lost."""

    left: Host
    cuts: tuple[Injection, ...]


FAULTS = {
    "perd son courant": Fault.POWER_CUT,
    "se fige": Fault.KERNEL_PANIC,
    "est isolé du réseau": Fault.ISOLATED,
}


@when(
    parsers.re(r'le nœud de "(?P<name>[^"]+)" (?P<what>perd son courant|se fige|est isolé du réseau)'),
    target_fixture="lost",
)
def node_is_lost(name: str, what: str, platform: Platform, users: Users) -> Iterator[tuple[Guest, Injection]]:
    guest = state.named(platform, name)
    with platform.faults.inject(FAULTS[what], platform.site.host(guest.node)) as injection:
        users.struck = guest, injection.at_monotonic_s
        yield guest, injection
    state.await_whole(platform)


@then(parsers.parse('"{name}" tourne sur un autre nœud en au plus {limit:d} secondes'))
def guest_runs_elsewhere(
    name: str, limit: int, lost: tuple[Guest, Injection], platform: Platform, preuves: Recorder
) -> None:
    guest, injection = lost
    now = state.elsewhere(platform, guest, LONGEST_S)
    assert now, f"Obtenu : {name} nulle part ailleurs en {LONGEST_S:.0f} s — Attendu : en au plus {limit} s"
    delay_s = time.monotonic() - injection.at_monotonic_s
    preuves.note(f"{name} : de {guest.node} à {now.node}")
    held = measured_within(preuves, f"{name} tourne ailleurs", round(delay_s, 1), "s", limit)
    assert held, f"Obtenu : {delay_s:.0f} s — Attendu : au plus {limit} s"


@then("ce nœud avait été éteint auparavant")
def node_was_off_before(lost: tuple[Guest, Injection], platform: Platform, preuves: Recorder) -> None:
    guest, injection = lost
    off_s = power.cut_after(platform, guest.node, injection.at_monotonic_s)
    started_s = power.started_at(platform, platform.hypervisor.guest(guest.vmid))
    preuves.measure(
        "du nœud éteint au démarrage de la machine", round(started_s - off_s, 1), "s", "> 0 s", ok=started_s > off_s
    )
    assert started_s > off_s, f"Obtenu : démarrée {off_s - started_s:.1f} s avant l'extinction — Attendu : après"


@then(
    parsers.re(r"aucune machine ne reste plus de (?P<limit>\d+) secondes? sans acquitter d'écriture"),
    converters={"limit": int},
)
def guests_answer(limit: int, platform: Platform, users: Users, preuves: Recorder) -> None:
    gaps = users.gaps(LONGEST_S)
    if users.struck and platform.twin and math.isfinite(gaps[users.struck[0].name]):
        draw_death(users.struck, platform, users, preuves)
    held = [measured_within(preuves, f"{name} sans acquitter", round(gap, 2), "s", limit) for name, gap in gaps.items()]
    told = ", ".join(f"{name} : {gap:.1f} s" for name, gap in gaps.items())
    assert all(held), f"Obtenu : {told} — Attendu : au plus {limit} s"


def draw_death(struck: tuple[Guest, float], platform: Platform, users: Users, preuves: Recorder) -> None:
    """What the silence of a guest was made of: fencing, start elsewhere, service."""
    guest, _ = struck
    events = power.death(platform, users, *struck)
    for (before_s, _), (at_s, label) in pairwise(events):
        preuves.measure(label, round(at_s - before_s, 1), "s")
    preuves.attach(f"mort-du-noeud-{guest.name}.png", users.timeline(guest, events).png(), "image/png")


@then("aucune écriture acquittée n'est perdue")
def nothing_is_lost(users: Users, preuves: Recorder) -> None:
    silent = users.silent(LONGEST_S)
    assert not silent, f"Obtenu : {', '.join(silent)} n'acquitte plus rien — Attendu : de nouveau en service"
    told = users.stop()
    lost = {name: journal.lost(told[name]) for name, journal in users.journals().items()}
    for name, numbers in lost.items():
        preuves.measure(f"{name} : écritures acquittées", len(told[name]), "écritures")
        preuves.measure(f"{name} : écritures perdues", len(numbers), "écritures", "= 0", ok=not numbers)
    assert not any(lost.values()), f"Obtenu : perdues : {lost} — Attendu : aucune"


@then("jamais deux exemplaires d'une machine n'ont écrit tour à tour")
def never_two_copies(users: Users, preuves: Recorder) -> None:
    users.stop()
    journals = users.journals()
    twice = {name: journal.interleaved() for name, journal in journals.items()}
    for name, journal in journals.items():
        preuves.measure(f"{name} : démarrages qui ont écrit", journal.boots(), "démarrages")
    assert not any(twice.values()), f"Obtenu : exemplaires mêlés : {twice} — Attendu : l'un après l'autre"


@when(parsers.parse('le disque de "{node}" est détruit'), target_fixture="disk_lost_s")
def disk_is_lost(node: str, platform: Platform) -> Iterator[float]:
    with disks.lost(platform, node) as since_s:
        yield since_s
    state.await_whole(platform)


@then(parsers.parse("le stockage réparti signale un disque de moins en au plus {limit:d} secondes"))
def storage_tells(limit: int, disk_lost_s: float, platform: Platform, preuves: Recorder) -> None:
    found = state.await_disk_lost(platform, LONGEST_S)
    delay_s = time.monotonic() - disk_lost_s
    preuves.note(str(found))
    held = measured_within(preuves, "disque perdu signalé", round(delay_s, 1), "s", limit)
    assert held, f"Obtenu : {delay_s:.0f} s — Attendu : au plus {limit} s"


@then(parsers.parse("un disque neuf, posé par l'automatisation, a toutes les copies en au plus {limit:d} secondes"))
def new_disk_is_filled(limit: int, platform: Platform, preuves: Recorder) -> None:
    delay_s = disks.replaced(platform)
    held = measured_within(preuves, "disque neuf rempli, pose comprise", round(delay_s, 1), "s", limit)
    assert held, f"Obtenu : {delay_s:.0f} s — Attendu : au plus {limit} s"


@when("deux nœuds perdent leur courant", target_fixture="minority")
def two_nodes_are_lost(platform: Platform) -> Iterator[Minority]:
    first, second, left = (platform.site.host(name) for name in platform.hypervisor.nodes)
    with (
        platform.faults.inject(Fault.POWER_CUT, first) as one,
        platform.faults.inject(Fault.POWER_CUT, second, beside=one) as other,
    ):
        yield Minority(left, (one, other))
    state.await_whole(platform)


@then(parsers.parse("plus aucune écriture n'est acquittée pendant {seconds:d} secondes"))
def nothing_is_acknowledged(seconds: int, minority: Minority, users: Users, preuves: Recorder) -> None:
    # What was asked just before the second cut may be acknowledged just after it.
    late = users.acknowledged_within(SETTLED_S, float(seconds))
    preuves.note(f"Il reste {minority.left.name}.")
    count = sum(late.values())
    preuves.measure("écritures acquittées sans majorité", count, "écritures", "= 0", ok=count == 0)
    assert count == 0, f"Obtenu : {late} — Attendu : aucune, la majorité étant perdue"


@then(parsers.parse("le nœud restant ne porte plus aucune machine en au plus {limit:d} secondes"))
def last_node_is_empty(limit: int, minority: Minority, platform: Platform, preuves: Recorder) -> None:
    delay_s = state.emptied(platform, minority.left, LONGEST_S)
    assert delay_s is not None, f"Obtenu : {minority.left.name} garde des machines — Attendu : aucune"
    held = measured_within(preuves, f"{minority.left.name} sans aucune machine", round(delay_s, 1), "s", limit)
    assert held, f"Obtenu : {delay_s:.0f} s — Attendu : au plus {limit} s"


@then(
    parsers.parse(
        "une fois les deux nœuds revenus, la grappe est entière et saine en au plus {limit:d} secondes",
    )
)
def cluster_is_whole_again(limit: int, minority: Minority, platform: Platform, preuves: Recorder) -> None:
    since_s = time.monotonic()
    for each in reversed(minority.cuts):
        each.repair()
    state.await_whole(platform)
    delay_s = time.monotonic() - since_s
    held = measured_within(preuves, "grappe de nouveau entière", round(delay_s, 1), "s", limit)
    assert held, f"Obtenu : {delay_s:.0f} s — Attendu : au plus {limit} s"


@then(parsers.parse('une fois ce nœud revenu, "{name}" y migre et y tourne'))
def node_serves_again(
    name: str, lost: tuple[Guest, Injection], platform: Platform, users: Users, preuves: Recorder
) -> None:
    guest, injection = lost
    injection.repair()
    state.await_whole(platform)
    platform.machines.move(state.named(platform, name), guest.node)
    assert_there(guest, guest.node, platform, users, preuves)
