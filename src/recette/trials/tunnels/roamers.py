"""Roaming users: who may connect, with what, and what each factor is worth."""

from __future__ import annotations

import itertools
import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from recette.actions.impostor import NAME
from recette.errors import Inconclusive
from recette.personnel import Account
from recette.personnel.accounts import ROAMING_GROUP
from recette.platform import Platform
from recette.probes.associations import Association, associations
from recette.probes.roaming import STEP_S, Attempt, Badge, code, connect, disconnect
from recette.site import Host
from recette.trials.people import People
from recette.waiting import wait_until

LAPTOPS = "portables"
CONNECTION = "/etc/vpn-nomade.conf"
"""What role nomade writes on a laptop, with ADDRESS, LOGIN and SECRET to be filled in."""
CONNECTION_NAME = "nomades"
"""Of the gateway, for everybody who roams."""
GUESSED, SHARED, CROWD = range(8), range(8, 32), 32
"""Ranks, among the roaming users, of those whose password is searched, of those of most scenarios, of the crowd."""
PEOPLE_A_STEP = len(SHARED) // 4
OUTDATED = -3
"""Steps after which a code is right no more: one is tolerated, and one may pass while it travels."""
REPLICATED_S = 20.0
LOCKED_S = 600
"""How long somebody whose password was searched is left alone: longer than the RADIUS servers refuse him."""
_TURNS = itertools.count(os.getpid())
"""Two runs that follow each other closely begin with different people."""


def laptop(platform: Platform, rank: int = 0) -> Host:
    """A laptop of the site. Inconclusive if there are not so many."""
    found = [host for host in platform.site.hosts.values() if LAPTOPS in host.groups]
    if len(found) <= rank:
        raise Inconclusive(f"Moins de {rank + 1} portables à l'inventaire")
    return found[rank]


def roamer(people: People, rank: int) -> Account:
    """Somebody who may roam, by rank: each scenario has its own, for a code serves once."""
    return _ranked([one for one in people.active if ROAMING_GROUP in one.groups], rank)


def _ranked(found: list[Account], rank: int) -> Account:
    if len(found) <= rank:
        raise Inconclusive(f"Fichier du personnel : moins de {rank + 1} employés de cette sorte")
    return found[rank]


def badge(people: People, person: Account, step: int = 0) -> Badge:
    """The right badge of somebody; `step` chooses one of the three codes that are right at any instant (-1, 0, 1)."""
    return Badge(person.login, people.password(person), code(people.secrets.totp(person.login), step))


def someone(people: People) -> Account:
    """A roaming user whose codes nobody has used for two minutes, in this run or in another: a code serves once."""
    turn = int(time.time()) // STEP_S * PEOPLE_A_STEP + next(_TURNS)
    return roamer(people, SHARED.start + turn % len(SHARED))


def wrong_badges(people: People) -> dict[str, Badge]:
    """Words of the features -> a badge with one factor missing or wrong. Each is somebody else's."""
    right = [badge(people, someone(people)) for _ in range(3)]
    late = badge(people, someone(people), OUTDATED)
    unknown = Badge("inconnu37", "Faux-37-mot", code(people.secrets.totp("inconnu37")))
    return {
        "le bon mot de passe": replace(right[0], password="Faux-37-mot"),  # noqa: S106 - wrong on purpose
        "le code": replace(right[1], code=""),
        "un code juste": replace(right[2], code=f"{(int(right[2].code) + 1) % 1_000_000:06}"),
        "un code encore valable": late,
        "un compte": unknown,
    }


def ask_without(platform: Platform, people: People, words: str) -> Attempt:
    """Ask for access with a factor missing or wrong; a connection accepted all the same is let go at once."""
    host, who = laptop(platform), badge(people, someone(people))
    if words == "le certificat de la machine":
        return _without_certificate(platform, host, who)
    if words == "un code neuf":
        with connected(platform, host, who):
            pass
        return refused_once(platform, host, who)
    if words == "le droit d'être nomade":
        with excluded(platform, who.login):
            return refused_once(platform, host, who)
    return refused_once(platform, host, wrong_badges(people)[words])


@contextmanager
def excluded(platform: Platform, login: str) -> Iterator[None]:
    """Take somebody out of the group of roaming users, with all that he needs to connect otherwise."""
    leave, join = ("leave", login, ROAMING_GROUP), ("join", login, ROAMING_GROUP)
    servers = platform.directory.servers
    with platform.accounts.changed("sortie d'un groupe", servers[0].name, [leave], [join]):
        for server in servers:
            wait_until(lambda at=server: not _is_member(platform, login, at), REPLICATED_S, "La sortie du groupe")  # type: ignore[misc]
        yield


def _is_member(platform: Platform, login: str, server: Host) -> bool:
    entry = platform.directory.account(login, ("memberOf",), server=server)
    return any(group.startswith(f"CN={ROAMING_GROUP},") for group in entry.all("memberOf"))


def refused_once(platform: Platform, host: Host, who: Badge) -> Attempt:
    """One attempt that should be refused; accepted, it is let go at once."""
    with tried(platform, host, who) as attempt:
        return attempt


@contextmanager
def tried(platform: Platform, host: Host, who: Badge) -> Iterator[Attempt]:
    """One attempt, whatever comes of it, let go when the block ends."""
    try:
        yield connect(platform.remote, host.name, who)
    finally:
        disconnect(platform.remote, host.name)


@contextmanager
def connected(platform: Platform, host: Host, who: Badge) -> Iterator[Attempt]:
    """A connection, let go when the block ends. Inconclusive if the right badge is not accepted."""
    try:
        attempt = connect(platform.remote, host.name, who)
        if not attempt.accepted:
            raise Inconclusive(f"{who.login} n'a pas pu se connecter : {attempt.answer}")
        if not session(platform, who.login):
            raise Inconclusive(f"La session de {who.login} n'est pas vue sur la passerelle")
        yield attempt
    finally:
        disconnect(platform.remote, host.name)


def session(platform: Platform, login: str) -> Association | None:
    """The open session of somebody on the gateway in service, if there is one."""
    return next((each for each in sessions(platform) if each.person == login), None)


@dataclass(frozen=True, slots=True)
class Guessing:
    """Wrong passwords tried in somebody's name, what a right badge then got, and the refusals that were written."""

    attempts: tuple[Attempt, ...]
    afterwards: Attempt
    written: int


def guessed(people: People, apart: int = 0) -> Account:
    """Somebody whose password may be searched now; `apart` gives each kind of trial people of its own."""
    return roamer(people, GUESSED.start + (int(time.time()) // LOCKED_S + apart) % len(GUESSED))


def guess(platform: Platform, people: People, count: int) -> Guessing:
    """Try `count` wrong passwords, then the right badge."""
    host, person = laptop(platform), guessed(people)
    right, began = badge(people, person), int(time.time())
    wrong = [replace(right, password=f"Faux-{rank}-mot", code=f"{rank:06}") for rank in range(count)]
    attempts = tuple(refused_once(platform, host, each) for each in wrong)
    afterwards = refused_once(platform, host, badge(people, person))
    servers = [server.name for server in platform.directory.servers]
    script = f"journalctl -u freeradius.service --since @{began} -o cat | grep -c 'refused: user={person.login} '"
    told = platform.remote.map(servers, script)
    return Guessing(attempts, afterwards, sum(int(done.stdout or 0) for done in told.values()))


def _without_certificate(platform: Platform, host: Host, who: Badge) -> Attempt:
    text = _settings(platform, host)
    bare = text[: text.index("    local-machine {")] + text[text.index("    local-person {") :]
    began = time.monotonic()
    connection = filled(bare, who, gateway(platform)).replace("site {", f"{NAME} {{")
    trust = {"x509ca/site.pem": platform.remote.run(host.name, "cat /etc/site-pki/ca.pem").stdout}
    with platform.impostor.presented(host.name, connection, trust) as outcome:
        return Attempt(outcome.accepted, time.monotonic() - began, outcome.said)


@dataclass(frozen=True, slots=True)
class Crowd:
    """Sessions that the gateway has of many people at once, and what the tries that failed said."""

    sessions: tuple[Association, ...]
    failures: tuple[str, ...]


@contextmanager
def crowd(platform: Platform, people: People, count: int) -> Iterator[Crowd]:
    """Many people on one laptop, each with a connection of his own."""
    host, address = laptop(platform), gateway(platform)
    # The next code is right for longer than the present one: the last to be heard waits for all the others.
    badges = [badge(people, roamer(people, CROWD + rank), 1) for rank in range(count)]
    # On one laptop, only one of them may take all the traffic, and none may follow the addresses lent to the others.
    server = platform.directory.servers[0]
    text = _settings(platform, host).replace("remote_ts = 0.0.0.0/0", f"remote_ts = {server.address}/32")
    text = text.replace("version = 2", f"version = 2\n    local_addrs = {host.address}\n    mobike = no")
    with platform.impostor.crowd(host.name, [filled(text, who, address) for who in badges]) as outcomes:
        names = {who.login for who in badges}
        failures = [f"{who.login}\n{one.said}" for who, one in zip(badges, outcomes, strict=True) if not one.accepted]
        yield Crowd(tuple(each for each in sessions(platform) if each.person in names), tuple(failures))


def gateway(platform: Platform) -> str:
    """The address of the gateway on the preferred access."""
    active = platform.active(1)
    zone = next(zone for zone in active.zones if platform.site.zone(zone).role == "operateur")
    return str(platform.site.vips[active.redundancy or ""][zone])


def back_at(platform: Platform, people: People, host: Host, until_s: float) -> float:
    """Connect again and again, as the user would; the instant when it worked, infinite if it never did in time."""
    while time.monotonic() < until_s:
        if connect(platform.remote, host.name, badge(people, someone(people))).accepted:
            return time.monotonic()
    return math.inf


def sessions(platform: Platform) -> list[Association]:
    """The open sessions of roaming users on the gateway in service."""
    found = associations(platform.remote, platform.active(1).name)
    return [each for each in found if each.name == CONNECTION_NAME and each.stands]


def _settings(platform: Platform, host: Host) -> str:
    return platform.remote.run(host.name, f"cat {CONNECTION}").stdout


def filled(text: str, who: Badge, address: str) -> str:
    """The connection of a laptop, for somebody."""
    words = {"ADDRESS": address, "LOGIN": who.login, "SECRET": who.password + who.code}
    for word, value in words.items():
        text = text.replace(word, value)
    return text
