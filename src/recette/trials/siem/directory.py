"""Accounts and rights that appear in the directory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from recette.errors import Inconclusive
from recette.platform import Platform
from recette.probes.directory import ADMINISTRATION, ADMINISTRATOR, SUCCESS
from recette.trials.auditing import sid
from recette.trials.people import People
from recette.trials.siem.watch import Expected, nonce

PEOPLE, ADMINISTRATORS = "OU=Personnel", "Domain Admins"
CREATED, ADDED = "T1136.002", "T1098.007"
EMPLOYEE_ID = 16
"""Characters that the schema of the directory allows for it."""
PROMOTED = 44
"""Rank of the employee who is made an administrator."""


@contextmanager
def created(platform: Platform, _people: People) -> Iterator[Expected]:
    """An account that the personnel file does not know, made from the bastion."""
    directory, name = platform.directory, nonce()
    server = directory.servers[0]
    attributes = {
        "objectClass": ["top", "person", "organizationalPerson", "user"],
        "sAMAccountName": [name],
        "employeeID": [name[-EMPLOYEE_ID:]],
    }
    request = {"do": "add", "dn": f"CN={name},{PEOPLE},{directory.base}", "attributes": attributes}
    with platform.accounts.changed("compte créé", server.name, [], [("remove", name)]):
        answer = directory.talk([request], server=server).only()
        if answer.code != SUCCESS:
            raise Inconclusive(f"{server.name} : l'administrateur n'a pas pu créer de compte : {answer}")
        yield _expected(platform, "account-created", CREATED, name)


@contextmanager
def promoted(platform: Platform, people: People) -> Iterator[Expected]:
    """An employee made a member of the administrators of the domain."""
    server, login = platform.directory.servers[0], people.one(PROMOTED).login
    join, leave = ("join", login, ADMINISTRATORS), ("leave", login, ADMINISTRATORS)
    with platform.accounts.changed("administrateur de trop", server.name, [join], [leave]):
        yield _expected(platform, "domain-admin", ADDED, f"CN={login},")


def _expected(platform: Platform, kind: str, technique: str, trace: str) -> Expected:
    directory = platform.directory
    administrator = sid(directory.account(ADMINISTRATOR, ("objectSid",)).first("objectSid"))
    bastion = str(platform.site.host(ADMINISTRATION).address)
    return Expected(kind, frozenset({directory.servers[0].name}), technique, bastion, administrator, trace)
