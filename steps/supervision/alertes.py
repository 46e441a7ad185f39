"""Steps of what on call is told, and of what it is not."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from pytest_bdd import given, parsers, then, when

from recette.actions import Fault
from recette.evidence import Recorder
from recette.platform import Platform
from recette.probes.monitoring import OnCall
from recette.site import Host
from recette.trials.supervision import incidents, receiving
from recette.trials.supervision.incidents import Incident
from recette.trials.supervision.receiving import CHANNELS, Wanted
from recette.trials.supervision.watchers import following, undisturbed_since
from steps.reseau.en_service import measured_within

MESSAGE = r'(?P<words>"[^"]+" en panne sur "[^"]+" \([^)]+\))'
"""What a message must name: a service, a host, how bad it is."""
QUIET_S = 15.0
"""What is broken would be told by then: Zabbix looks each 3 s for whom it must tell, and a mail takes a few more."""


@given(parsers.parse('un disque d\'essai sur "{host}", que la supervision connaît'))
def test_disk(host: str, platform: Platform) -> Iterator[None]:
    with incidents.known_volume(platform, host):
        yield


@when(parsers.parse('survient {words} sur "{host}"'), target_fixture="happening")
def something_breaks(words: str, host: str, platform: Platform) -> Iterator[Incident]:
    with incidents.incident(platform, (words, host)) as happening:
        yield happening


@when(parsers.parse('surviennent à la fois {words} sur "{host}" et {others} sur "{other}"'), target_fixture="happening")
def two_things_break(words: str, host: str, others: str, other: str, platform: Platform) -> Iterator[Incident]:
    with incidents.incident(platform, (words, host), (others, other)) as happening:
        yield happening


@when("la base de secours de la supervision n'applique plus ce qu'elle reçoit", target_fixture="happening")
def standby_applies_nothing(platform: Platform) -> Iterator[Incident]:
    with incidents.incident(platform, ("une réplication suspendue", following(platform).name)) as happening:
        yield happening


@when("le siège ferme son tunnel", target_fixture="happening")
def tunnel_is_closed(platform: Platform) -> Iterator[Incident]:
    with incidents.incident(platform, ("un tunnel fermé", incidents.tunnel_gateway(platform))) as happening:
        # The member in service holds the tunnel, and misses it.
        happening.host = platform.active(1).name
        yield happening


@then(
    parsers.re(rf"l'astreinte apprend en au plus (?P<limit>\d+) secondes : {MESSAGE}"),
    converters={"limit": int},
    target_fixture="wanted",
)
def on_call_is_told(words: str, limit: int, happening: Incident, oncall: OnCall, preuves: Recorder) -> Wanted:
    wanted = told(preuves, oncall, Wanted.named(words, happening.host), happening.since_s, limit)
    happening.told.append(wanted)
    return wanted


@then(parsers.parse("une fois la panne réparée, elle l'apprend en au plus {limit:d} secondes"))
def on_call_is_told_of_the_end(limit: int, happening: Incident, oncall: OnCall, preuves: Recorder) -> None:
    happening.mend()
    for wanted in happening.told:
        since_s = happening.mended_s or time.monotonic()
        told(preuves, oncall, wanted.ended(), since_s, limit, after_s=happening.mending_s)


@when(parsers.parse("le pare-feu actif de niveau {level:d} perd son alimentation"), target_fixture="lost")
def firewall_loses_power(level: int, platform: Platform) -> Iterator[Host]:
    lost = platform.active(level)
    with platform.faults.inject(Fault.POWER_CUT, lost):
        yield lost
    platform.settle()


@then(
    parsers.parse(
        "en {seconds:d} secondes, l'astreinte reçoit par chaque voie un seul message de panne, qui nomme ce pare-feu"
    )
)
def one_message(seconds: int, lost: Host, oncall: OnCall, preuves: Recorder) -> None:
    received = receiving.storm(oncall, seconds)
    for channel in CHANNELS:
        preuves.measure(f"messages de panne par {channel}", len(received[channel]), "messages", "= 1")
    for channel in CHANNELS:
        named = [alert.host for alert in received[channel]]
        assert named == [lost.name], (
            f"{channel} — Obtenu : {[str(alert) for alert in received[channel]] or 'rien'} — "
            f"Attendu : un seul message, qui nomme {lost.name}"
        )
    assert not oncall.strays, f"Obtenu : {oncall.strays} — Attendu : des messages qui se lisent"


@given(parsers.parse('une maintenance de "{host}" est déclarée'))
def maintenance_is_declared(host: str, platform: Platform) -> Iterator[None]:
    with platform.muting.muted([host]):
        yield


@when(
    parsers.parse('"{muted}" s\'éteint pendant la maintenance, et un service de "{other}" s\'arrête'),
    target_fixture="happening",
)
def both_break(muted: str, other: str, platform: Platform) -> Iterator[Incident]:
    with platform.faults.inject(Fault.POWER_CUT, platform.site.host(muted)) as cut:
        unit = incidents.RADIUS
        with platform.faults.inject(Fault.SERVICE_STOPPED, platform.site.host(other), unit=unit, beside=cut) as stopped:
            yield Incident(stopped.at_monotonic_s, other)


@then(parsers.parse('rien ne lui est dit de "{host}"'))
def nothing_of(host: str, platform: Platform, oncall: OnCall, preuves: Recorder) -> None:
    incidents.await_seen(platform, host)
    oncall.wait(lambda: any(alert.host == host for alert in oncall.alerts), QUIET_S)
    oncall.read(strict=True)
    said = [str(alert) for alert in oncall.alerts if alert.host == host]
    preuves.measure(f"messages au sujet de {host}", len(said), "messages", "= 0", ok=not said)
    assert not said, f"{host} — Obtenu : {said} — Attendu : aucun message pendant sa maintenance"


@when(parsers.parse("rien ne tombe en panne pendant {seconds:d} secondes"))
def nothing_breaks(seconds: int, platform: Platform, oncall: OnCall, preuves: Recorder) -> None:
    """The calm that reigned before counts: what was received meanwhile can still be read."""
    now = time.time()
    since = max(now - seconds, undisturbed_since(platform))
    oncall.listen(since)
    oncall.read()
    oncall.wait(lambda: bool(oncall.alerts or oncall.notices), seconds - (now - since))
    oncall.read(strict=True)
    preuves.measure("calme éprouvé", round(time.time() - since), "s")
    preuves.note(f"Messages lus depuis le {datetime.fromtimestamp(since, UTC):%d/%m/%Y à %H:%M:%S} UTC.")


@then("l'astreinte n'a reçu aucun message de la supervision")
def no_message(oncall: OnCall, preuves: Recorder) -> None:
    said = [*map(str, oncall.alerts), *(notice.text for notice in oncall.notices), *oncall.strays]
    preuves.measure("messages reçus au calme", len(said), "messages", "= 0", ok=not said)
    assert not said, f"Obtenu : {said} — Attendu : aucun message"


def told(  # noqa: PLR0913 - what is wanted, and from when to when
    preuves: Recorder, oncall: OnCall, wanted: Wanted, since_s: float, limit: int, *, after_s: float = -math.inf
) -> Wanted:
    """Judge that a message came on each way within a limit, and says when it happened."""
    found = receiving.delays(oncall, wanted, since_s, limit, after_s=after_s)
    others = ", ".join(f"{channel} : {delay_s:.0f} s" for channel, delay_s in found.items())
    for channel, delay_s in found.items():
        what = f"{channel}, {wanted.service} de {wanted.host}, {wanted.state}"
        held = measured_within(preuves, what, round(delay_s, 1), "s", limit)
        assert held, f"{channel} — {receiving.refusal(oncall, wanted, channel)} en au plus {limit} s ({others})"
    misdated = receiving.misdated([alert for alert in oncall.alerts if wanted.met_by(alert)], limit)
    assert not misdated, f"Obtenu : {misdated} — Attendu : un message qui dit l'heure"
    return wanted
