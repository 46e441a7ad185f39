"""Steps of what an administrator sees of the supervision, in a real browser."""

from __future__ import annotations

from pytest_bdd import parsers, then, when

from recette.evidence import Recorder
from recette.platform import Platform
from recette.probes.browser import View
from recette.site.names import EVERY_HOST
from recette.trials.supervision import console

SHOWN = 20


@when("un administrateur ouvre la console depuis le bastion", target_fixture="page")
def console_is_opened(platform: Platform, preuves: Recorder) -> View:
    # What stands last in the list: once it is there, everything before it is.
    last = max(host.name for host in platform.site.members(EVERY_HOST))
    return shown(preuves, console.look(platform, console.HOSTS, last))


@then("elle montre chaque hôte de l'inventaire")
def every_host_is_shown(page: View, platform: Platform, preuves: Recorder) -> None:
    expected = [host.name for host in platform.site.members(EVERY_HOST)]
    missed = sorted(set(expected) - console.listed(page))
    preuves.measure("hôtes de l'inventaire absents de la console", len(missed), "hôtes", "= 0", ok=not missed)
    assert not missed, f"Obtenu : {page.stage}, sans {', '.join(missed[:SHOWN])} — Attendu : {len(expected)} hôtes"


@then(parsers.parse('la console montre "{problem}" sur "{host}"'))
def problem_is_shown(problem: str, host: str, platform: Platform, preuves: Recorder) -> None:
    page = shown(preuves, console.look(platform, console.PROBLEMS, problem))
    found = console.shows(page, host, problem)
    preuves.measure("panne montrée par la console", int(found), "panne", "= 1", ok=found)
    assert found, f"console — Obtenu : {page.stage}, {console.brief(page)} — Attendu : « {problem} » sur {host}"


def shown(preuves: Recorder, page: View) -> View:
    """Keep the picture."""
    preuves.attach("console.png", page.picture, "image/png")
    preuves.measure("de la connexion à la page attendue", round(page.took_s, 2), "s")
    return page
