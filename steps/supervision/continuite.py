"""Steps of what the supervision itself survives."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

from pytest_bdd import parsers, then, when

from recette.actions import Fault
from recette.actions.faults import Injection
from recette.errors import Inconclusive
from recette.evidence import Recorder
from recette.platform import Platform
from recette.probes.monitoring import OnCall, of
from recette.trials.supervision import incidents, receiving, watchers
from recette.trials.supervision.incidents import Incident
from recette.trials.supervision.receiving import Wanted
from steps.reseau.en_service import measured_within
from steps.supervision.alertes import MESSAGE, told

LOST = ("réseau", "Désastre")
MUTE, HEARD = "muette", "de nouveau"


@when("le serveur de supervision en service perd son courant", target_fixture="cut")
def server_loses_power(platform: Platform) -> Iterator[Injection]:
    with platform.faults.inject(Fault.POWER_CUT, watchers.active(platform)) as cut:
        yield cut


@then(parsers.parse("l'astreinte est prévenue de la perte de ce serveur en au plus {limit:d} secondes"))
def loss_is_told(limit: int, cut: Injection, oncall: OnCall, preuves: Recorder) -> None:
    told(preuves, oncall, Wanted("panne", cut.target.name, *LOST), cut.at_monotonic_s, limit)


@then(parsers.parse("un autre serveur est en service en au plus {limit:d} secondes"))
def other_server_works(limit: int, cut: Injection, platform: Platform, preuves: Recorder) -> None:
    now = watchers.active(platform)
    delay_s = time.monotonic() - cut.at_monotonic_s
    # Looked at once the message was received: a bound, since it may have worked for long.
    assert now != cut.target, f"Obtenu : {now.name}, qui est éteint — Attendu : l'autre serveur"
    held = measured_within(preuves, "l'autre serveur en service", round(delay_s, 1), "s", limit)
    assert held, f"Obtenu : {delay_s:.0f} s — Attendu : au plus {limit} s"


@when(parsers.parse('un service de "{host}" s\'arrête pendant ce temps'), target_fixture="happening")
def service_stops_meanwhile(host: str, cut: Injection, platform: Platform) -> Iterator[Incident]:
    found = platform.site.host(host)
    with platform.faults.inject(Fault.SERVICE_STOPPED, found, unit=incidents.RADIUS, beside=cut) as stopped:
        yield Incident(stopped.at_monotonic_s, host)


@when("le service de supervision s'arrête sur ses deux serveurs", target_fixture="happening")
def both_servers_stop(platform: Platform) -> Iterator[Incident]:
    with incidents.incident(platform, ("les serveurs de supervision arrêtés", "sup")) as happening:
        yield happening


@then(
    parsers.parse("la passerelle SMS prévient l'astreinte que la supervision est muette en au plus {limit:d} secondes")
)
def gateway_warns(limit: int, happening: Incident, oncall: OnCall, preuves: Recorder) -> None:
    _noticed(preuves, oncall, MUTE, happening.since_s, limit, after_s=happening.since_s)


@then(parsers.parse("une fois les serveurs relancés, elle l'apprend en au plus {limit:d} secondes"))
def gateway_hears_again(limit: int, happening: Incident, oncall: OnCall, preuves: Recorder) -> None:
    happening.mend()
    since_s = happening.mended_s or time.monotonic()
    _noticed(preuves, oncall, HEARD, since_s, limit, after_s=happening.mending_s)


@when("la messagerie s'arrête sur ses deux serveurs", target_fixture="happening")
def mail_stops(platform: Platform) -> Iterator[Incident]:
    with incidents.incident(platform, ("la messagerie arrêtée", "mail")) as happening:
        yield happening


@then(
    parsers.re(rf"l'astreinte apprend par SMS en au plus (?P<limit>\d+) secondes : {MESSAGE}"),
    converters={"limit": int},
    target_fixture="wanted",
)
def told_by_sms(words: str, limit: int, happening: Incident, oncall: OnCall, preuves: Recorder) -> Wanted:
    wanted = Wanted.named(words, happening.host)
    # The mail is not waited for: it must leave before the supervision gives it up.
    delay_s = receiving.delays(oncall, wanted, happening.since_s, limit, ["SMS"])["SMS"]
    held = measured_within(preuves, "SMS, panne", round(delay_s, 1), "s", limit)
    assert held, f"SMS — {receiving.refusal(oncall, wanted, 'SMS')} en au plus {limit} s"
    happening.told.append(wanted)
    return wanted


@then(parsers.parse("le courriel arrive en au plus {limit:d} secondes une fois la messagerie relancée"))
def mail_follows(limit: int, happening: Incident, wanted: Wanted, oncall: OnCall, preuves: Recorder) -> None:
    early = [alert for alert in of(oncall.alerts, channel="courriel") if wanted.met_by(alert)]
    if early:
        raise Inconclusive("Le courriel est arrivé sans messagerie : elle n'était pas arrêtée")
    happening.mend()
    since_s = happening.mended_s or time.monotonic()
    delay_s = receiving.delays(oncall, wanted, since_s, limit, ["courriel"])["courriel"]
    held = measured_within(preuves, "courriel, messagerie relancée", round(delay_s, 1), "s", limit)
    assert held, f"courriel — {receiving.refusal(oncall, wanted, 'courriel')} en au plus {limit} s"


def _noticed(  # noqa: PLR0913 - what is wanted, and from when to when
    preuves: Recorder, oncall: OnCall, word: str, since_s: float, limit: int, *, after_s: float
) -> None:
    """Judge that the gateway wrote by itself within a limit."""

    def first() -> float:
        come = (notice for notice in oncall.notices if word in notice.text and notice.seen_s >= after_s)
        return next((max(0.0, notice.seen_s - since_s) for notice in come), math.inf)

    oncall.wait(lambda: math.isfinite(first()), limit + receiving.MARGIN_S)
    held = measured_within(preuves, f"passerelle SMS, supervision {word}", round(first(), 1), "s", limit)
    said = [notice.text for notice in oncall.notices]
    assert held, f"Obtenu : {said or 'aucun message de la passerelle'} — Attendu : « {word} » en au plus {limit} s"
