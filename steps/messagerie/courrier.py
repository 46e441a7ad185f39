"""Steps of the exchanges: who writes to whom, and what is read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_bdd import given, parsers, then, when

from recette.evidence import Recorder
from recette.platform import Platform
from recette.trials.mail.exchange import Delivery, send
from recette.trials.mail.letters import Letter, differences, header
from recette.trials.mail.lists import Mailing, mail_list
from recette.trials.mail.parties import Movement, Parties
from steps.reseau.en_service import measured_within

SUBJECT = "Libération du lot n° 26-0417 : vérifié à l'été, « conforme »"
ANSWER = "Re: " + SUBJECT


@when(
    parsers.re(
        r"(?P<writer>un salarié|un correspondant extérieur) envoie à (?P<reader>un .+) "
        r"un courriel accentué avec une pièce jointe"
    ),
    target_fixture="delivery",
)
def write(writer: str, reader: str, platform: Platform, parties: Parties, preuves: Recorder) -> Delivery:
    author, target = parties.named(writer), parties.named(reader)
    letter = Letter(author.address, target.address, SUBJECT)
    return record(send(platform.remote, author, target, letter), preuves)


@given("un correspondant extérieur a reçu le courriel d'un salarié", target_fixture="first")
def outsider_was_written_to(platform: Platform, parties: Parties) -> Delivery:
    author, target = parties.employee, parties.outsider
    first = send(platform.remote, author, target, Letter(author.address, target.address, SUBJECT))
    assert first.found, f"{first.letter.subject} — Obtenu : {first.fate} — Attendu : distribué"
    return first


@when("le correspondant lui répond", target_fixture="delivery")
def answer(first: Delivery, platform: Platform, parties: Parties, preuves: Recorder) -> Delivery:
    author, target = parties.outsider, parties.employee
    letter = Letter(author.address, target.address, ANSWER, answers=first.letter.identifier)
    return record(send(platform.remote, author, target, letter), preuves)


def record(delivery: Delivery, preuves: Recorder) -> Delivery:
    """Keep what was sent, what was said to the server, and what was read."""
    preuves.attach("envoye.eml", delivery.letter.raw, "message/rfc822")
    preuves.note(f"Dépôt : {delivery.dialogue}.")
    for found in delivery.found:
        if found.raw is not None:
            preuves.attach("lu.eml", found.raw, "message/rfc822")
    return delivery


@then("le lecteur a reçu, octet pour octet, ce qui a été écrit")
def read_as_written(delivery: Delivery, preuves: Recorder) -> None:
    assert len(delivery.found) == 1, f"Obtenu : {delivery.fate} — Attendu : distribué une fois"
    raw = delivery.found[0].raw or b""
    wrong = differences(delivery.letter.raw, raw)
    preuves.measure("différences entre l'envoyé et le lu", len(wrong), "différences", "= 0", not wrong)
    assert not wrong, "\n".join(wrong)


@then(parsers.parse("le courriel est lu au plus {limit:d} secondes après son dépôt"))
def read_in_time(limit: int, delivery: Delivery, preuves: Recorder) -> None:
    delay_s = delivery.delay_s
    assert delay_s is not None, f"Obtenu : {delivery.fate} — Attendu : lu en au plus {limit} s"
    ok = measured_within(preuves, "du dépôt à la lecture", round(delay_s, 2), "s", limit)
    assert ok, f"Obtenu : {delay_s:.2f} s — Attendu : au plus {limit} s"


@then("la réponse se range dans le fil du premier courriel")
def threaded(first: Delivery, delivery: Delivery) -> None:
    named = header(delivery.found[0].raw or b"", "In-Reply-To")
    assert named == [first.letter.identifier], f"Obtenu : {named} — Attendu : {first.letter.identifier}"


@given(
    parsers.parse('un salarié est entré dans le groupe "{group}" et qu\'un autre en est sorti'),
    target_fixture="movement",
)
def members_moved(group: str, platform: Platform, parties: Parties) -> Iterator[Movement]:
    with parties.moved(platform, group) as movement:
        yield movement


@pytest.fixture
def movement() -> Movement | None:
    """Who entered or left a group, where the scenario says so."""
    return None


@when(parsers.parse('un salarié écrit à la liste "{group}"'), target_fixture="mailing")
def write_to_list(
    group: str, movement: Movement | None, platform: Platform, parties: Parties, preuves: Recorder
) -> Mailing:
    mailing = mail_list(platform, parties.employee, group, parties.members(group, movement))
    preuves.note(f"Dépôt : {mailing.dialogue}.")
    return mailing


@then("chaque membre du groupe a reçu le courriel exactement une fois")
def members_served(mailing: Mailing, preuves: Recorder) -> None:
    wrong = mailing.without()
    served = len(mailing.members) - len(wrong)
    preuves.measure("membres servis une fois", served, "membres", f"= {len(mailing.members)}", not wrong)
    assert not wrong, f"{mailing.letter.recipient} — Obtenu : {' ; '.join(wrong)} — Attendu : un exemplaire chacun"


@then("aucune autre boîte ne l'a reçu")
def nobody_else(mailing: Mailing, preuves: Recorder) -> None:
    wrong = mailing.strangers()
    preuves.measure("boîtes étrangères au groupe qui l'ont reçu", len(wrong), "boîtes", "= 0", not wrong)
    assert not wrong, f"{mailing.letter.recipient} — Obtenu : reçu aussi par {', '.join(wrong)} — Attendu : personne"


@then("celui qui est entré a reçu le courriel")
def newcomer_served(movement: Movement, mailing: Mailing) -> None:
    login = movement.joined.account.login
    assert mailing.copies[login] == 1, f"{login} — Obtenu : {mailing.copies[login]} exemplaires — Attendu : un"


@then("celui qui est sorti ne l'a pas reçu")
def leaver_not_served(movement: Movement, mailing: Mailing) -> None:
    login = movement.left.account.login
    assert login not in mailing.strangers(), f"{login} — Obtenu : courriel reçu — Attendu : aucun"
