"""Steps about the morning rush."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_bdd import given, parsers, then, when

from recette.actions import Fault
from recette.evidence import Recorder
from recette.platform import Platform
from recette.site import Host
from recette.trials.morning import Morning, begin, picture
from recette.trials.people import People
from recette.trials.replication import replicating_again
from steps.annuaire.en_service import View


@given(
    parsers.parse("{count:d} employés ouvrent leur session dans tous les bâtiments, {pace:d} par minute"),
    target_fixture="morning",
)
def people_arrive(
    count: int, pace: int, platform: Platform, personnel: People, postes: tuple[Host, ...]
) -> Iterator[Morning]:
    with begin(platform.remote, personnel, [poste.name for poste in postes], count, pace) as morning:
        yield morning


@when(parsers.parse('"{name}" subit une coupure de courant'))
def server_is_cut(name: str, morning: Morning, platform: Platform) -> Iterator[None]:
    nominal = replicating_again(platform)
    morning.await_arrivals(morning.expected // 3)
    with platform.faults.inject(Fault.POWER_CUT, platform.site.host(name), nominal=nominal) as injection:
        morning.cut(injection.at_monotonic_s, f"coupure de {name}")
        morning.await_end()
        yield


@then(parsers.parse("une session s'ouvre de nouveau en au plus {limit:d} secondes"))
def next_session(limit: int, morning: Morning, view: View) -> None:
    view.preuves.attach("arrivees.png", picture(morning).png(), "image/png")
    view.preuves.attach("arrivees.csv", morning.table())
    delay = morning.next_success_s()
    view.require_within("première session ouverte après la coupure", delay, limit, f"Aucune session en {limit} s")


@then(parsers.parse("jamais plus de {limit:d} secondes ne passent sans qu'une session s'ouvre"))
def never_long_without(limit: int, morning: Morning, view: View) -> None:
    longest = morning.longest_silence_s()
    otherwise = f"Obtenu : {longest:.1f} s sans session ouverte — Attendu : au plus {limit} s"
    view.require_within("plus long temps sans session ouverte", longest, limit, otherwise)


@then(parsers.parse("aucune ouverture de session n'a échoué"))
def nobody_is_sent_back(morning: Morning, preuves: Recorder) -> None:
    failed = morning.failures()
    preuves.measure("ouvertures de session échouées", len(failed), "sessions", "= 0", not failed)
    assert not failed, "\n".join(failed)


@then(parsers.parse("{count:d} ouvertures de session ont été tentées, la plus longue en au plus {limit:d} secondes"))
def everybody_tried(count: int, limit: int, morning: Morning, view: View) -> None:
    found, longest = len(morning.logons), morning.longest_s()
    view.preuves.measure("ouvertures de session tentées", found, "sessions", f"= {count}", found == count)
    assert found == count, f"Obtenu : {found} — Attendu : {count}"
    view.preuves.measure("durée médiane avant la coupure", morning.median_s(), "s")
    otherwise = f"Obtenu : {longest:.1f} s — Attendu : au plus {limit} s"
    view.require_within("ouverture de session la plus longue", longest, limit, otherwise)
