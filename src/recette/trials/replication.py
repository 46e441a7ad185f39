"""Whether the servers of the directory say the same thing, and tell each other what changes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from recette.actions.nominal import Nominal, systemd_is_running
from recette.errors import Inconclusive
from recette.personnel import Account
from recette.platform import Platform
from recette.probes.directory import Directory
from recette.shell import Remote
from recette.site import Host
from recette.trials.people import People
from recette.trials.register import changes, compare
from recette.waiting import NotYet

SHOW = "samba-tool drs showrepl --json"
SHOW_LIMIT_S = 30.0


@dataclass(frozen=True, slots=True)
class Link:
    """What a server says of one partition that it takes from another."""

    server: str
    source: str
    partition: str
    failures: int
    said: str

    def __str__(self) -> str:
        return f"{self.server} depuis {self.source}, {self.partition} : {self.failures} échecs ({self.said})"


def links(remote: Remote, servers: Sequence[Host]) -> tuple[Link, ...]:
    """What every server takes from the others. Inconclusive if one does not tell."""
    told = remote.map([server.name for server in servers], SHOW, timeout_s=SHOW_LIMIT_S)
    silent = [f"{name} : {done.stderr.strip()[-200:]}" for name, done in told.items() if done.rc != 0]
    if silent:
        raise Inconclusive(f"Réplication non relevée : {' ; '.join(silent)}")
    return tuple(link for name, done in told.items() for link in parse(name, json.loads(done.stdout)))


def parse(server: str, told: Mapping[str, Any]) -> Iterator[Link]:
    """The links of a server to those that are, as `samba-tool drs showrepl --json` tells them.

    Those to a controller that was replaced stay for some minutes, and name nobody.
    """
    for one in (one for one in told["repsFrom"] if not one["is deleted"]):
        source = str(one["DSA"]).rsplit("\\", 1)[-1].lower()
        yield Link(server, source, one["NC dn"], int(one["consecutive failures"]), str(one["last attempt message"]))


def broken(found: Sequence[Link], servers: Sequence[Host], partitions: Sequence[str]) -> list[str]:
    """Partitions that a server does not take from another, or whose last attempt failed."""
    known = {(one.server, one.source, one.partition): one for one in found}
    lines = []
    for server in servers:
        for source in servers:
            for partition in partitions if source is not server else ():
                one = known.get((server.name, source.name, partition))
                if one is None:
                    lines.append(f"{server.name} ne prend pas {partition} de {source.name}")
                elif one.failures:
                    lines.append(str(one))
    return lines


def partitions(directory: Directory) -> tuple[str, ...]:
    """The partitions of the directory, as its first server names them."""
    told = directory.talk(
        [{"do": "search", "base": "", "filter": "(objectClass=*)", "attributes": ["namingContexts"], "scope": "base"}]
    ).only()
    if not told.entries:
        raise Inconclusive(f"L'annuaire ne dit pas ses partitions : {told}")
    return told.entries[0].all("namingContexts")


def differences(directory: Directory, people: People) -> tuple[int, list[str]]:
    """How many accounts were compared on every server, and what differs from the first server."""
    first, *others = [compare(directory, people.accounts, server) for server in directory.servers]
    lines = [line for other in others for line in (*changes(first, other), *_groups(first.groups, other.groups))]
    return len(first.entries), lines


def _groups(ours: Mapping[str, frozenset[str]], theirs: Mapping[str, frozenset[str]]) -> list[str]:
    names = sorted(set(ours) | set(theirs))
    return [f"{name} : membres différents" for name in names if ours.get(name) != theirs.get(name)]


@contextmanager
def described(platform: Platform, people: Sequence[Account], server: Host, text: str) -> Iterator[float]:
    """Accounts described on a server, and put back when the block ends; yields the instant of the last change."""
    with ExitStack() as stack:
        for one in people:
            act, undo = ("describe", one.login, text), ("describe", one.login, "")
            stack.enter_context(platform.accounts.changed("description d'un compte", server.name, [act], [undo]))
        yield time.monotonic()


def shows(directory: Directory, one: Account, text: str, server: Host) -> Callable[[], bool]:
    """Tell whether a server shows this description of an account."""
    return lambda: directory.account(one.login, ("description",), server=server).first("description") == text


def replicating_again(platform: Platform) -> Nominal:
    """Nominal state of a server of the directory: booted, and every partition taken in both directions."""
    directory, booted = platform.directory, systemd_is_running(platform.remote)
    wanted = partitions(directory)

    def nominal(host: Host) -> bool | NotYet:
        state = booted(host)
        if not state:
            return state if isinstance(state, NotYet) else NotYet(f"{host.name} démarre")
        try:
            wrong = broken(links(platform.remote, directory.servers), directory.servers, wanted)
        except Inconclusive as error:
            return NotYet(str(error))
        return NotYet(" ; ".join(wrong)) if wrong else True

    return nominal
