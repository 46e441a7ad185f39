"""Guesses: somebody tries passwords and keys until one is right."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from recette.errors import Inconclusive
from recette.platform import Platform
from recette.probes.calls.stranger import guess
from recette.site import Host
from recette.trials.passwords import WRONG, refused
from recette.trials.people import People
from recette.trials.siem.watch import Expected, nonce
from recette.trials.telephony import exchange, intrusions, parties
from recette.trials.tunnels import roamers

SERVERS, MAIL, WORKSTATIONS = "serveurs", "messagerie", "postes"
BRUTE, SPRAY = "T1110.001", "T1110.003"
SPRAYED, VPN_TRIES, SIP_TRIES = 12, 4, 12
APART = 4
"""Of the roaming users whose password is searched, others than those of the VPN's own scenarios."""
FIRST, EVERY_S = 320, 30
"""Rank of the first account that is sprayed, and seconds after which others are: five failures lock one."""
SIP_WAIT_S, SIP_GAP_S = 0.3, 0.05
KEYS = """folder=$(mktemp --directory) && trap 'rm -rf "$folder"' EXIT
for key in 1 2 3; do ssh-keygen -q -t ed25519 -N '' -f "$folder/$key"; done
for turn in 1 2 3; do
  ssh -F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ConnectTimeout=5 \
    -o IdentitiesOnly=yes -i "$folder/1" -i "$folder/2" -i "$folder/3" {user}@{address} true 2>&1
done | grep --count --extended-regexp 'Permission denied|Too many authentication failures'"""
TURNS = 3
"""Connections: sshd itself drops the source once it has insisted for about 15 s of penalties, 5 for each of them."""


@contextmanager
def ssh(platform: Platform, _people: People) -> Iterator[Expected]:
    """Keys of nobody's, three in each of a few connections, offered by a server to its neighbour."""
    attacker = platform.site.sondes()[SERVERS]
    target = one_of(platform, MAIL)
    user = nonce()
    done = platform.remote.run(attacker.name, KEYS.format(user=user, address=target.address), timeout_s=60.0)
    if done.stdout.strip() != str(TURNS):
        told = f"{done.stdout.strip() or 0} connexions refusées sur {TURNS}"
        raise Inconclusive(f"{target.name} n'a pas refusé les clés de {attacker.name} comme prévu : {told}")
    yield Expected("ssh-guessing", frozenset({target.name}), BRUTE, str(attacker.address), user, user)


@contextmanager
def spray(platform: Platform, people: People) -> Iterator[Expected]:
    """One wrong password for each of many accounts, from a desk."""
    desk, server = one_of(platform, WORKSTATIONS), platform.directory.servers[0]
    start = FIRST + int(time.time()) // EVERY_S * SPRAYED % max(1, len(people.active) - FIRST - SPRAYED)
    sprayed = people.active[start : start + SPRAYED]
    if len(sprayed) < SPRAYED:
        raise Inconclusive(f"Fichier du personnel : moins de {FIRST + SPRAYED} employés en activité")
    for person in sprayed:
        login = people.login(person, WRONG)
        answer = platform.directory.talk(login=login, server=server, origin=desk.name).bind
        if not refused(answer):
            raise Inconclusive(f"{server.name} n'a pas refusé le mot de passe de {person.login} : {answer}")
    yield Expected("password-spray", frozenset({server.name}), SPRAY, str(desk.address), sprayed[0].login)


@contextmanager
def vpn(platform: Platform, people: People) -> Iterator[Expected]:
    """Wrong passwords and codes in the name of somebody who may roam."""
    laptop, gateway = roamers.laptop(platform), platform.active(1)
    person = roamers.guessed(people, APART)
    right = roamers.badge(people, person)
    for rank in range(VPN_TRIES):
        wrong = replace(right, password=f"Faux-{rank}-mot", code=f"{rank:06}")
        if not roamers.refused_once(platform, laptop, wrong).refused:
            raise Inconclusive(f"{gateway.name} n'a pas refusé un mauvais mot de passe")
    yield Expected("vpn-guessing", frozenset({gateway.name}), BRUTE, str(laptop.address), person.login, person.login)


@contextmanager
def sip(platform: Platform, people: People) -> Iterator[Expected]:
    """Wrong passwords of a telephone."""
    phone, owner = parties.telephone(platform.site, intrusions.INTRUDER), exchange.active(platform)
    person = parties.employee(people, 1)
    wrong = [f"Faux-{rank}-mot" for rank in range(SIP_TRIES)]
    members = [host.name for host in platform.site.group(parties.EXCHANGE)]
    with platform.exchanges.forgiving(members):
        door = intrusions.door(platform.site)
        told = guess(platform.remote, phone.name, door, person.extension, wrong, wait_s=SIP_WAIT_S, gap_s=SIP_GAP_S)
        if not any(answer.messages for answer in told):
            raise Inconclusive(f"{owner.name} n'a répondu à aucun essai")
        yield Expected("sip-guessing", frozenset({owner.name}), BRUTE, str(phone.address), person.extension)


def one_of(platform: Platform, group: str) -> Host:
    """The first host of a group. Inconclusive if it has none."""
    found = platform.site.members(group)
    if not found:
        raise Inconclusive(f"Aucun hôte du groupe {group} à l'inventaire")
    return found[0]
