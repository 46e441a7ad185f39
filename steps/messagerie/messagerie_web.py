"""Steps of the webmail, in a real browser."""

from __future__ import annotations

import uuid

from pytest_bdd import given, parsers, then, when

from recette.evidence import Recorder
from recette.platform import Platform
from recette.probes.browser import Stage, View, log_on
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
def open_webmail(place: str, delivery: Delivery, platform: Platform, parties: Parties, preuves: Recorder) -> View:
    return visit(platform, parties, preuves, place, parties.author.password, delivery.letter.subject)


@when("le salarié ouvre la messagerie web avec un mauvais mot de passe", target_fixture="page")
def open_with_wrong_password(platform: Platform, parties: Parties, preuves: Recorder) -> View:
    return visit(platform, parties, preuves, "un bureau", WRONG, "")


def visit(  # noqa: PLR0913, PLR0917 - who, where, and what is awaited
    platform: Platform, parties: Parties, preuves: Recorder, place: str, password: str, awaited: str
) -> View:
    """Log on, and keep the picture."""
    host, door = parties.web[place]
    url = f"https://{door.name}/"
    page = log_on(platform.remote, host, url, parties.author.address, password, awaited=awaited)
    preuves.attach("navigateur.png", page.picture, "image/png")
    preuves.measure("de la connexion à la page attendue", round(page.took_s, 2), "s")
    preuves.note(f"{host}, {url} : {page.stage}, « {page.title} », certificat {page.certificate[:16]}….")
    return page


@then("le navigateur montre le courriel qui vient d'arriver")
def message_is_shown(page: View, delivery: Delivery) -> None:
    subject = delivery.letter.subject
    assert page.shows(subject), f"navigateur — Obtenu : {page.stage}, {brief(page)} — Attendu : « {subject} »"


@then("le navigateur montre un refus")
def refusal_is_shown(page: View) -> None:
    assert page.stage is Stage.REFUSED, f"navigateur — Obtenu : {page.stage}, {brief(page)} — Attendu : un refus"


def brief(page: View) -> str:
    return " ".join(page.text.split())[:200] or "page vide"
