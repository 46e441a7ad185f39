"""Steps of what the cluster is while nothing breaks."""

from __future__ import annotations

from threading import Event

from pytest_bdd import parsers, then, when

from recette.errors import Inconclusive
from recette.evidence import Recorder
from recette.platform import Platform
from recette.probes.hypervisor import Guest, Members, Storage, broken
from recette.trials.cluster.users import Users


@when("la grappe est interrogée", target_fixture="members")
def cluster_is_asked(platform: Platform) -> Members:
    return platform.hypervisor.members()


@then(parsers.parse("ses {count:d} nœuds sont présents et la majorité est acquise"))
def members_are_there(count: int, members: Members, preuves: Recorder) -> None:
    present = len(members.online) - len(members.absent)
    preuves.measure("nœuds présents", present, "nœuds", f"= {count}", ok=present == count)
    assert present == count == len(members.online), f"Obtenu : absents : {members.absent} — Attendu : {count} nœuds"
    assert members.quorate, "Obtenu : majorité perdue — Attendu : majorité acquise"


@when("le stockage réparti est interrogé", target_fixture="storage")
def storage_is_asked(platform: Platform) -> Storage:
    return platform.hypervisor.storage()


@then(parsers.parse("il est sain, avec {up:d} disques en service sur {count:d}"))
def storage_is_healthy(up: int, count: int, storage: Storage, preuves: Recorder) -> None:
    preuves.measure("disques en service", storage.disks_up, "disques", f"= {up}", ok=storage.disks_up == up)
    healthy = (storage.health, storage.clean, storage.disks_up, storage.disks) == ("HEALTH_OK", True, up, count)
    assert healthy, f"Obtenu : {storage} — Attendu : sain, {up} disques sur {count}"


@when("la place de chaque machine est relevée", target_fixture="guests")
def guests_are_located(platform: Platform, preuves: Recorder) -> tuple[Guest, ...]:
    found = platform.hypervisor.guests()
    preuves.note(" ; ".join(map(str, found)))
    return found


@then("aucune des règles de séparation n'est enfreinte")
def rules_are_kept(guests: tuple[Guest, ...], platform: Platform, preuves: Recorder) -> None:
    rules = [rule for rule in platform.hypervisor.rules() if rule.affinity == "negative"]
    preuves.measure("règles de séparation", len(rules), "règles", "≥ 1", ok=bool(rules))
    assert rules, "Obtenu : aucune règle — Attendu : les machines qui se remplacent sont séparées"
    wrong = broken(guests, rules)
    assert not wrong, f"Obtenu : {' ; '.join(wrong)} — Attendu : un nœud chacune"


@then("son hyperviseur dit de chacune qu'elle tourne")
def guests_run(guests: tuple[Guest, ...], platform: Platform, preuves: Recorder) -> None:
    told = {guest.name: platform.hypervisor.qmp_status(guest) for guest in guests}
    wrong = [f"{name} : {state}" for name, state in told.items() if state != "running"]
    preuves.measure("machines qui tournent", len(told) - len(wrong), "machines", f"= {len(told)}", ok=not wrong)
    assert not wrong, f"Obtenu : {', '.join(wrong)} — Attendu : chacune tourne"


@when(parsers.parse("l'écriture dure {seconds:d} secondes"))
def writing_lasts(seconds: int, users: Users) -> None:
    Event().wait(seconds)
    if silent := users.silent(seconds):
        raise Inconclusive(f"Plus aucun acquittement : {', '.join(silent)}")
