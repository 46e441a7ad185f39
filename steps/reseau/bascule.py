"""Steps of the failovers: what breaks, what users see, who owns the addresses."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack

from pytest_bdd import given, parsers, then, when

from recette.actions import Fault
from recette.evidence import Recorder
from recette.platform import Platform
from recette.probes.watch import Mode, Watch
from recette.site import Cell
from recette.trials.failover import Blow, repair, strike, timeline, worst_outage
from recette.trials.redundancy import Readiness, readiness
from steps.reseau.en_service import measured_within, stream
from steps.reseau.matrice_de_flux import require_taken_over
from steps.reseau.scene import Scene

BLOWS = {
    "une coupure de courant": Blow(Fault.POWER_CUT, "coupure de courant"),
    "une panique du noyau": Blow(Fault.KERNEL_PANIC, "panique du noyau"),
    "l'arrêt brutal de keepalived": Blow(Fault.SERVICE_KILLED, "keepalived tué", unit="keepalived.service"),
}
LEVEL_STREAMS = {1: "d'Internet au mandataire", 2: "d'un bureau à l'annuaire"}


@given(parsers.parse("le flux {words} est sondé en continu"))
def watch_flow(words: str, platform: Platform, cells: tuple[Cell, ...], scene: Scene) -> Iterator[None]:
    with stream(platform, cells, words).watched(platform.remote) as watch:
        scene.watches.append(watch)
        yield


@given(parsers.parse("une session et un téléchargement sont ouverts sur le flux {words}"))
def open_sessions(words: str, platform: Platform, cells: tuple[Cell, ...], scene: Scene) -> Iterator[None]:
    flow = stream(platform, cells, words)
    with ExitStack() as stack:
        for mode in (Mode.SESSION, Mode.DOWNLOAD):
            scene.watches.append(stack.enter_context(flow.watched(platform.remote, mode)))
        yield


@given(parsers.parse("le pare-feu actif de niveau {level:d} a été perdu"))
def active_firewall_was_lost(level: int, platform: Platform, scene: Scene) -> Iterator[None]:
    with strike(platform, level, BLOWS["une coupure de courant"]) as scene.struck:
        require_taken_over(scene.strike)
        yield


@when(parsers.re(r"le pare-feu actif de niveau (?P<level>\d) subit (?P<words>une .+|l'.+)"))
def break_active_firewall(level: str, words: str, platform: Platform, scene: Scene) -> Iterator[None]:
    with strike(platform, int(level), BLOWS[words], scene.watches) as scene.struck:
        yield


@when(parsers.parse('le pare-feu actif de niveau {level:d} subit la perte du lien "{zone}"'))
def unplug_active_firewall(level: int, zone: str, platform: Platform, scene: Scene) -> Iterator[None]:
    with strike(platform, level, Blow(Fault.LINK_DOWN, f"lien {zone} perdu", zone), scene.watches) as scene.struck:
        yield


@when("le pare-feu perdu revient en service")
def lost_firewall_returns(scene: Scene) -> None:
    repair(scene.strike, scene.watches)


@then(parsers.re(r"le flux sondé est coupé au plus (?P<limit>[\d.]+) secondes?"), converters={"limit": float})
def outage_is_within(limit: float, scene: Scene, preuves: Recorder) -> None:
    outage, upper_s = worst_outage(scene.watch)
    preuves.attach("sondes.png", timeline(scene.watch, scene.struck, f"Flux {scene.watch.name}").png(), "image/png")
    preuves.measure("sondes envoyées", len(scene.watch.samples), "sondes")
    ok = measured_within(preuves, "coupure vue de l'usager, borne haute", upper_s, "s", limit)
    assert ok, f"{scene.watch.name} — Obtenu : {outage} — Attendu : au plus {limit:g} s"


@then(parsers.parse("le pare-feu de secours de niveau {level:d} porte toutes les adresses virtuelles"))
def standby_owns_everything(level: int, scene: Scene, preuves: Recorder) -> None:
    require_taken_over(scene.strike)
    preuves.note(f"Niveau {level} : {scene.strike.heir.name} porte toutes les adresses virtuelles.")


@then("aucune adresse virtuelle n'a eu deux porteurs")
def never_two_owners(scene: Scene, preuves: Recorder) -> None:
    overlaps = scene.strike.overlaps()
    preuves.measure("adresses virtuelles à deux porteurs", len(overlaps), "adresses", "= 0", not overlaps)
    assert not overlaps, "\n".join(
        f"{span.address} portée par {' et '.join(span.hosts)} pendant {span.duration_s:.3f} s" for span in overlaps
    )


@then("aucune adresse virtuelle n'a changé de porteur")
def owner_unchanged(scene: Scene, preuves: Recorder) -> None:
    moved = scene.strike.moved(scene.strike.returned_s or 0.0)
    preuves.measure("adresses virtuelles déplacées par le retour", len(moved), "adresses", "= 0", not moved)
    assert not moved, f"Adresses virtuelles déplacées : {', '.join(moved)}"


@then(parsers.parse("la session reprend sans être rouverte en au plus {limit:g} secondes"))
def session_survives(limit: float, scene: Scene, preuves: Recorder) -> None:
    session = scene.watches[0]
    require_unbroken(session, "la même session")
    outage, upper_s = worst_outage(session)
    preuves.attach("session.png", timeline(session, scene.struck, f"Session {session.name}").png(), "image/png")
    ok = measured_within(preuves, "silence de la session, borne haute", upper_s, "s", limit)
    assert ok, f"{session.name} — Obtenu : {outage} — Attendu : au plus {limit:g} s"


@then("le téléchargement s'achève sans perte ni altération")
def download_survives(scene: Scene, preuves: Recorder) -> None:
    download = scene.watches[1]
    require_unbroken(download, "un flux d'octets intact")
    outage, upper_s = worst_outage(download)
    assert math.isfinite(upper_s), f"{download.name} — Obtenu : {outage} — Attendu : un flux d'octets intact"
    preuves.measure("arrêt du téléchargement, borne haute", upper_s, "s")


def require_unbroken(watch: Watch, wanted: str) -> None:
    """A connection that broke shows no outage: it must be judged first."""
    watch.stop()
    broken = watch.broken
    assert broken is None, f"{watch.name} — Obtenu : rompu ({broken.why if broken else ''}) — Attendu : {wanted}"


@when("l'état de la redondance est relevé", target_fixture="ready")
def observe_redundancy(platform: Platform, cells: tuple[Cell, ...], preuves: Recorder) -> Readiness:
    ready = readiness(platform, {level: stream(platform, cells, words) for level, words in LEVEL_STREAMS.items()})
    for group, owners in ready.owners.items():
        preuves.note(f"Porteurs des adresses virtuelles de {group} : {', '.join(owners) or 'aucun'}.")
    return ready


@then("chaque adresse virtuelle a exactement un porteur")
def one_owner_each(ready: Readiness) -> None:
    odd = {group: owners for group, owners in ready.owners.items() if len(owners) != 1}
    assert ready.owners, "Aucun groupe de pare-feux observé"
    assert not odd, f"Obtenu : {odd} — Attendu : un porteur pour chaque groupe"


@then("les pare-feux d'un même niveau n'ont pas la même priorité")
def priorities_differ(ready: Readiness, preuves: Recorder) -> None:
    for group, found in ready.priorities.items():
        preuves.note(f"Priorités VRRP de {group} : {', '.join(map(str, found))}.")
    assert all(ready.priorities.values()), f"Aucune priorité lue : {ready.priorities}"
    assert not ready.tied, (
        f"Obtenu : priorités égales dans {', '.join(ready.tied)} — Attendu : des priorités distinctes"
    )


@then("les services de redondance fonctionnent sur les deux pare-feux de chaque niveau")
def services_run(ready: Readiness) -> None:
    stopped = [f"{host} : {', '.join(units)} arrêté" for host, units in ready.stopped.items()]
    assert not stopped, "\n".join(stopped)


@then("le pare-feu de secours connaît les sessions ouvertes du pare-feu actif")
def sessions_are_shared(ready: Readiness) -> None:
    assert not ready.unknown_sessions, "\n".join(ready.unknown_sessions)
