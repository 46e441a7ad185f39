"""Steps of the two levels: each alone, and no way round them."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_bdd import given, parsers, then, when

from recette.actions import Fault
from recette.evidence import Recorder
from recette.platform import Platform
from recette.probes.attacks import Attack, Attacks
from recette.trials.assault import require_controls
from recette.trials.matrix import Trial, not_refused, told
from recette.trials.topology import Survey, survey


@given(parsers.parse("le niveau {level:d} de pare-feux est ouvert en grand"))
def level_is_open(level: int, platform: Platform) -> Iterator[None]:
    with platform.faults.inject(Fault.LEVEL_OPEN, platform.active(level)):
        yield


@then(parsers.parse("chaque flux interdit est refusé par le niveau {level:d}"))
def level_refuses_alone(level: int, trial: Trial, preuves: Recorder) -> None:
    tried = trial.refused()
    wrong = not_refused(tried, level)
    preuves.measure(f"refus par le seul niveau {level}", len(tried) - len(wrong), "flux", f"= {len(tried)}", not wrong)
    assert not wrong, told(wrong, len(tried))


@then(parsers.parse("le niveau {level:d} n'a rien refusé"))
def level_refused_nothing(level: int, trial: Trial) -> None:
    refused = [str(result) for result in trial.refused() if result.level == level]
    assert not refused, told(refused, len(trial.results))


@when("la configuration réseau des machines est relevée", target_fixture="found")
def survey_hosts(platform: Platform, preuves: Recorder) -> Survey:
    found = survey(platform)
    preuves.measure("machines relevées", len(found.hosts), "machines")
    return found


@then("seuls les pare-feux et les routeurs relaient des paquets")
def only_routers_forward(found: Survey) -> None:
    assert not found.relaying(), "\n".join(found.relaying())


@then("aucune machine n'a d'adresse ni de route non déclarée")
def nothing_undeclared(found: Survey) -> None:
    assert not found.undeclared(), "\n".join(found.undeclared())


@when(parsers.parse('"{sender}" envoie à "{relay}" un paquet destiné à la zone "{zone}"'), target_fixture="volley")
def send_through_relay(sender: str, relay: str, zone: str, platform: Platform, preuves: Recorder) -> tuple[Attack, ...]:
    fired = Attacks(platform.site, platform.remote).relay(sender, relay, inside=zone)
    for attack in fired:
        preuves.measure(f"{attack.name} : paquets envoyés", attack.sent, "paquets")
    return fired


@then(parsers.parse('le paquet n\'arrive pas dans la zone "{zone}"'))
def packet_does_not_arrive(zone: str, volley: tuple[Attack, ...], preuves: Recorder) -> None:
    require_controls(volley)
    arrived = sum(attack.arrived for attack in volley)
    preuves.measure(f"paquets relayés vers {zone}", arrived, "paquets", "= 0", arrived == 0)
    assert arrived == 0, f"{arrived} paquets relayés vers la zone {zone} — Attendu : aucun"
