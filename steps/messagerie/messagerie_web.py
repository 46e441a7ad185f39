"""Steps of the webmail, in a real browser."""

from __future__ import annotations

import uuid

from pytest_bdd import given, parsers, then, when

from recette.evidence import Recorder
from recette.platform import Platform
from recette.probes.mail.browser import Page, browse
from recette.trials.mail.exchange import Delivery, send
from recette.trials.mail.letters import Letter
from recette.trials.mail.parties import Parties

WRONG = "mauvais-mot-de-passe"


@given("un courriel vient d'être remis à un salarié", target_fixture="delivery")
def just_delivered(platform: Platform, parties: Parties) -> Delivery:
    author, reader = parties.colleague, parties.employee
    subject = f"Réunion du {uuid.uuid4().hex[:8]}"
    delivery = send(platform.remote, author, reader, Letter(author.address, reader.address, subject))
    assert delivery.found, f"Obtenu : {delivery.fate} — Attendu : distribué"
    return delivery


@when(parsers.re(r"le salarié ouvre la messagerie web depuis (?P<place>un bureau|Internet)"), target_fixture="page")
def open_webmail(place: str, delivery: Delivery, platform: Platform, parties: Parties, preuves: Recorder) -> Page:
    host, door = parties.web[place]
    login = (parties.author.address, parties.author.password)
    return record(browse(platform.remote, host, door, login, delivery.letter.subject), preuves)


@when("le salarié ouvre la messagerie web avec un mauvais mot de passe", target_fixture="page")
def open_with_wrong_password(platform: Platform, parties: Parties, preuves: Recorder) -> Page:
    host, door = parties.web["un bureau"]
    return record(browse(platform.remote, host, door, (parties.author.address, WRONG), "Réunion"), preuves)


def record(page: Page, preuves: Recorder) -> Page:
    """Keep the picture, and how long each step took."""
    if page.png:
        preuves.attach("navigateur.png", page.png, "image/png")
    for what, seconds in page.steps.items():
        preuves.measure(f"navigateur : {what}", seconds, "s")
    preuves.note(f"Le navigateur montre : {page}.")
    return page


@then("le navigateur montre le courriel qui vient d'arriver")
def message_is_shown(page: Page, delivery: Delivery) -> None:
    assert page.seen, f"navigateur — Obtenu : {page} — Attendu : « {delivery.letter.subject} »"


@then("le navigateur montre un refus")
def refusal_is_shown(page: Page) -> None:
    assert not page.error, f"navigateur — Obtenu : {page.error} — Attendu : un refus"
    assert page.refused, f"navigateur — Obtenu : {page} — Attendu : le formulaire, et un refus"
    assert "formulaire" in page.steps, f"navigateur — Obtenu : {page} — Attendu : un formulaire"
    assert "boîte" not in page.steps, f"navigateur — Obtenu : {page} — Attendu : un refus"
