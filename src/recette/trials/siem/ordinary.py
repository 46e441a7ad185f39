"""Ordinary life, which looks a little like an attack and must not be told."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass

from recette.errors import Inconclusive
from recette.platform import Platform
from recette.probes.directory import ADMINISTRATION
from recette.probes.siem import Alert, Event, Mark, Siem
from recette.trials.passwords import WRONG, refused
from recette.trials.people import People
from recette.trials.siem.guesses import WORKSTATIONS, one_of
from recette.trials.siem.intrusions import BACKUP
from recette.trials.siem.watch import nonce
from recette.trials.siem.wires import PORTS, knock
from recette.waiting import wait_until

CLUMSY, TRIES = 46, 5
"""Rank of the employee who mistypes his password, and how often."""
WITNESS_LIMIT_S = 20.0
PACKAGE = """set -e
folder=$(mktemp --directory) && trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder" && mkdir "$folder/DEBIAN" "$folder/etc"
printf '%s\\n' 'Package: {name}' 'Version: 1' 'Architecture: all' 'Maintainer: recette <recette@localhost>' \
    'Description: essai' >"$folder/DEBIAN/control"
echo essai >"$folder/etc/{name}.conf"
dpkg-deb --build "$folder" "$folder.deb" >/dev/null
dpkg --install "$folder.deb" >/dev/null
rm "$folder.deb\""""


@dataclass(frozen=True, slots=True)
class Quiet:
    """What no alert may speak of. `witness` is a text of an event that the act leaves in the archive."""

    witness: str
    concerns: Callable[[Alert], bool]


@dataclass(frozen=True, slots=True)
class Calm:
    """The alerts that an ordinary act raised, and the events that prove that it was seen."""

    words: str
    alerts: tuple[Alert, ...]
    witnesses: tuple[Event, ...]


Life = Callable[[Platform, People], AbstractContextManager[Quiet]]


@contextmanager
def mistyped(platform: Platform, people: People) -> Iterator[Quiet]:
    """Five wrong passwords of one employee, at his desk."""
    desk, server, person = one_of(platform, WORKSTATIONS), platform.directory.servers[0], people.one(CLUMSY)
    address = str(desk.address)
    with platform.accounts.changed("compte verrouillé", server.name, [], [("unlock", person.login)]):
        for _ in range(TRIES):
            login = people.login(person, WRONG)
            answer = platform.directory.talk(login=login, server=server, origin=desk.name).bind
            if not refused(answer):
                raise Inconclusive(f"{server.name} n'a pas refusé le mot de passe de {person.login} : {answer}")
        yield Quiet(person.login, lambda alert: alert.source_ip == address or alert.user == person.login)


@contextmanager
def upgraded(platform: Platform, _people: People) -> Iterator[Quiet]:
    """A package brings a file of its own under /etc."""
    name = nonce()
    with platform.traces.installed(BACKUP, name, PACKAGE.format(name=name)):
        yield Quiet(f"{name}.conf", lambda alert: alert.kind == "file-changed" and name in alert.object)


@contextmanager
def inspected(platform: Platform, _people: People) -> Iterator[Quiet]:
    """The bastion, which has the right to, scans a server."""
    bastion, server = platform.site.host(ADMINISTRATION), platform.directory.servers[0]
    address = str(bastion.address)
    knock(platform, bastion, str(server.address), PORTS)
    yield Quiet(f"source={address} target={server.address}", lambda alert: alert.source_ip == address)


LIVES: Mapping[str, Life] = {
    "un employé se trompe cinq fois de mot de passe": mistyped,
    "un paquet est installé": upgraded,
    "le bastion balaye un serveur": inspected,
}
"""Words of the feature -> what happens."""


def lived(platform: Platform, people: People, acts: Sequence[str], watch_s: float) -> tuple[Calm, ...]:
    """Let ordinary things happen, and collect the alerts that speak of each, for so long after the last one.

    KeyError for unknown words. Inconclusive if the archive holds no event of one: an act that nobody saw raises nothing
    either.
    """
    siem = platform.siem
    since = siem.mark()
    with ExitStack() as stack:
        quiet = {words: stack.enter_context(LIVES[words](platform, people)) for words in acts}
        end_s = time.monotonic() + watch_s
        witnesses = {words: _witnesses(siem, since, words, one.witness) for words, one in quiet.items()}
        # What is being waited for is that nothing comes.
        time.sleep(max(0.0, end_s - time.monotonic()))
        alerts = siem.alerts(since)
    return tuple(
        Calm(words, tuple(alert for alert in alerts if one.concerns(alert)), witnesses[words])
        for words, one in quiet.items()
    )


def _witnesses(siem: Siem, since: Mark, words: str, text: str) -> tuple[Event, ...]:
    what = f"L'événement témoin ({words}), dans l'archive"
    return tuple(wait_until(lambda: siem.events(since, text), WITNESS_LIMIT_S, what))
