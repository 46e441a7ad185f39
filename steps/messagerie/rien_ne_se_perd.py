"""Steps of the losses: what is posted, what loses its power, what can be read afterwards."""

from __future__ import annotations

import os
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from pytest_bdd import given, parsers, then, when

from recette.evidence import Recorder
from recette.platform import Platform
from recette.probes.mail import Fate, Load, Posting, Writer, posting
from recette.site import Host
from recette.trials.mail.continuity import Absence, Diligent, diligent, lose_server
from recette.trials.mail.letters import PREFIX
from recette.trials.mail.loss import told
from recette.trials.mail.ordeal import Ordeal
from recette.trials.mail.parties import Parties
from steps.reseau.en_service import measured_within

SEED = "RECETTE_GRAINE"
"""Environment variable that replays a draw."""
RATE = 25.0
"""Messages a second."""
STAFF, STRANGERS = "des salariés", "des correspondants du dehors"


@dataclass
class UnderWay:
    """Messages being posted, and how many there will be."""

    posting: Posting
    load: Load


def victim_of(words: str, platform: Platform) -> Host:
    """The machine that the words of the feature mean. Raises KeyError for words that mean none."""
    site = platform.site
    return {
        "d'un serveur de messagerie": lambda: site.group("mail")[0],
        "du relais": lambda: site.members("relais_messagerie")[0],
        "du pare-feu actif de niveau 1": lambda: platform.active(1),
        "du pare-feu actif de niveau 2": lambda: platform.active(2),
    }[words]()


@given(
    parsers.re(r"(?P<count>\d+) messages sont déposés à cadence constante par (?P<who>des .+)"),
    target_fixture="under_way",
)
def post_steadily(count: str, who: str, platform: Platform, parties: Parties) -> Iterator[UnderWay]:
    platform.settle()
    outsider, crowd = parties.outsider, parties.crowd
    host, door, writers = {
        STAFF: (parties.desk, parties.doors.posting, [one.writer for one in crowd]),
        STRANGERS: (outsider.host, parties.doors.relay, [Writer(outsider.address)]),
    }[who]
    prefix = f"{PREFIX}{uuid.uuid4().hex[:8]}-"
    load = Load(
        writers, [one.address for one in crowd], int(count), RATE, prefix[1:], "recette.invalid", helo=outsider.helo
    )
    with posting(platform.remote, host, door, load) as sent:
        yield UnderWay(sent, load)


@when(parsers.re(r"le courant (?P<words>du .+|d'un .+) est coupé à un instant tiré au sort"), target_fixture="ordeal")
def cut_power(words: str, under_way: UnderWay, platform: Platform, parties: Parties, preuves: Recorder) -> Ordeal:
    seed = int(os.environ.get(SEED) or random.SystemRandom().randrange(10**6))
    preuves.note(f"Graine du tirage : {seed} ({SEED}={seed} le rejoue).")
    queues = (*(host.name for host in platform.site.group("mail")), parties.relay_host)
    ordeal = Ordeal(platform, victim_of(words, platform), parties.crowd, queues, seed)
    ordeal.strike(under_way.posting, under_way.load.count)
    record(ordeal, preuves)
    return ordeal


def record(ordeal: Ordeal, preuves: Recorder) -> None:
    """Keep the two sets, the picture, and what the senders went through."""
    for server, reckoning in ordeal.reckonings().items():
        preuves.attach(f"messages-{server}.csv", reckoning.csv())
    title = f"Dépôts, {ordeal.victim.name} sans courant"
    preuves.attach("depots.png", ordeal.timeline(title).png(), "image/png")
    for fate, name in ((Fate.ACCEPTED, "messages acceptés"), (Fate.UNCERTAIN, "messages au sort inconnu")):
        preuves.measure(name, sum(one.fate is fate for one in ordeal.settled), "messages")
    preuves.measure("durée sans courant", round(ordeal.back_s - ordeal.cut_s, 1), "s")
    preuves.measure("plus longue attente entre deux dépôts acceptés", round(ordeal.longest_wait_s, 2), "s")


@then("chaque message accepté se lit exactement une fois sur chaque serveur")
def read_once(ordeal: Ordeal, preuves: Recorder) -> None:
    wrong = []
    for server, reckoning in ordeal.reckonings().items():
        lost, twice = reckoning.lost, reckoning.twice
        preuves.measure(f"messages perdus, lus sur {server}", len(lost), "messages", "= 0", not lost)
        preuves.measure(f"messages en double, lus sur {server}", len(twice), "messages", "= 0", not twice)
        if lost:
            wrong.append(f"{server} — Obtenu : {len(lost)} messages perdus ({told(lost)}) — Attendu : 0")
        if twice:
            wrong.append(f"{server} — Obtenu : {len(twice)} messages en double ({told(twice)}) — Attendu : 0")
    assert not wrong, "\n".join(wrong)


@then("chaque message a fini par être accepté")
def none_refused(ordeal: Ordeal, preuves: Recorder) -> None:
    refused = [one for one in ordeal.settled if one.fate is Fate.REFUSED]
    preuves.measure("messages qu'aucun serveur n'a pris", len(refused), "messages", "= 0", not refused)
    assert not refused, f"Obtenu : {len(refused)} messages refusés ({refused[0].reply}) — Attendu : 0"


@given("un salarié écrit et lit sans arrêt depuis son bureau", target_fixture="worker")
def write_and_read(platform: Platform, parties: Parties) -> Iterator[Diligent]:
    prefix = f"{PREFIX}{uuid.uuid4().hex[:8]}-"
    with diligent(platform.remote, parties.diligent, prefix) as worker:
        worker.wait_served(0.0, "Le courrier du salarié, avant toute panne")
        worker.wait_alike()
        yield worker


@when(parsers.parse('le courant du serveur de messagerie "{name}" est coupé'), target_fixture="absence")
def cut_server(name: str, worker: Diligent, platform: Platform, preuves: Recorder) -> Iterator[Absence]:
    with lose_server(platform, worker, platform.site.host(name)) as absence:
        preuves.attach("lectures.png", worker.timeline(absence.events, f"Lectures, {name} perdu").png(), "image/png")
        yield absence


@then(parsers.parse("il dépose de nouveau un courriel en au plus {limit:d} secondes"))
def posts_again(limit: int, absence: Absence, preuves: Recorder) -> None:
    ok = measured_within(preuves, "arrêt du dépôt, borne haute", round(absence.posting_s, 2), "s", limit)
    assert ok, f"dépôt — Obtenu : {absence.posting_s:.1f} s d'arrêt — Attendu : au plus {limit} s"


@then(parsers.parse("il lit de nouveau sa boîte en au plus {limit:d} secondes"))
def reads_again(limit: int, absence: Absence, preuves: Recorder) -> None:
    ok = measured_within(preuves, "arrêt de la lecture, borne haute", round(absence.reading_s, 2), "s", limit)
    assert ok, f"lecture — Obtenu : {absence.reading_s:.1f} s d'arrêt — Attendu : au plus {limit} s"


@then("tout ce qui lui avait été remis avant la coupure se lit sur l'autre serveur")
def nothing_out_of_reach(absence: Absence, preuves: Recorder) -> None:
    missing = sorted(absence.before - absence.after)
    preuves.measure("courriels lus avant la coupure", len(absence.before), "courriels")
    preuves.measure("courriels devenus illisibles", len(missing), "courriels", "= 0", not missing)
    assert not missing, f"Obtenu : {len(missing)} courriels illisibles ({told(missing)}) — Attendu : 0"
