"""Steps about the loss of a server of the directory."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from pytest_bdd import given, parsers, then, when

from recette.actions import Fault, Injection
from recette.evidence import Recorder
from recette.personnel import Account
from recette.platform import Platform
from recette.probes.directory import Directory
from recette.site import Host
from recette.trials import replication
from recette.trials.delays import seconds_until
from recette.trials.people import People
from recette.trials.replication import Link, described, replicating_again, shows
from steps.annuaire.en_service import View, require_none

CHANGED = 30
"""Rank of the first employee of these scenarios, in the trade « administration »."""
TRADE = "administration"
TEXT = "Changé sur {server}"


@dataclass(frozen=True)
class Written:
    """Accounts described on a server, and the instant of the last change."""

    server: Host
    accounts: tuple[Account, ...]
    text: str
    at_s: float


@dataclass(frozen=True)
class Back:
    """A server that was given its power back, and when that was asked for."""

    server: Host
    asked_s: float


@dataclass
class Compared:
    """What a comparison of the servers found."""

    accounts: int
    differences: list[str]
    links: tuple[Link, ...]
    partitions: tuple[str, ...] = field(default=())


@when("les contrôleurs sont comparés", target_fixture="compared")
def compare_servers(platform: Platform, personnel: People) -> Compared:
    directory = platform.directory
    accounts, lines = replication.differences(directory, personnel)
    found = replication.links(platform.remote, directory.servers)
    return Compared(accounts, lines, found, replication.partitions(directory))


@then("les comptes et les groupes sont identiques sur les deux contrôleurs")
def same_content(compared: Compared, preuves: Recorder) -> None:
    preuves.measure("comptes comparés", compared.accounts, "comptes", "≥ 1", compared.accounts > 0)
    require_none(preuves, "différences entre contrôleurs", "différences", compared.differences)


@then("la dernière réplication de chaque partition, dans chaque sens, est réussie")
def every_link_works(compared: Compared, annuaire: Directory, preuves: Recorder) -> None:
    preuves.measure("partitions", len(compared.partitions), "partitions", "≥ 1", bool(compared.partitions))
    wrong = replication.broken(compared.links, annuaire.servers, compared.partitions)
    require_none(preuves, "réplications absentes ou en échec", "liens", wrong)


@when("un compte est changé sur chaque contrôleur", target_fixture="written")
def change_on_each(platform: Platform, personnel: People) -> Iterator[list[Written]]:
    with ExitStack() as stack:
        done = []
        for rank, server in enumerate(platform.directory.servers):
            chosen = (personnel.one(CHANGED + rank, trade=TRADE),)
            text = TEXT.format(server=server.name)
            done.append(Written(server, chosen, text, stack.enter_context(described(platform, chosen, server, text))))
        yield done


@then(parsers.parse("chaque changement est arrivé sur l'autre contrôleur en au plus {limit:d} secondes"))
def changes_arrive(limit: int, written: list[Written], view: View) -> None:
    for one in written:
        for other in view.platform.directory.servers:
            if other != one.server:
                require_arrived(one, other, limit, view)


def require_arrived(one: Written, other: Host, limit: int, view: View) -> None:
    """Refuse if a change is not on the other server within the limit."""
    for account in one.accounts:
        delay = seconds_until(shows(view.platform.directory, account, one.text, other), one.at_s, limit)
        name = f"{account.login}, de {one.server.name} à {other.name}"
        otherwise = f"{name} — Obtenu : changement absent après {limit} s — Attendu : répliqué"
        view.require_within(f"réplication de {name}", delay, limit, otherwise)


@given(parsers.parse('"{name}" a subi une coupure de courant'), target_fixture="injection")
def server_was_cut(name: str, platform: Platform) -> Iterator[Injection]:
    nominal = replicating_again(platform)
    with platform.faults.inject(Fault.POWER_CUT, platform.site.host(name), nominal=nominal) as injection:
        yield injection


@given(parsers.parse('{count:d} comptes ont été changés sur "{name}"'), target_fixture="written")
def accounts_were_changed(
    count: int, name: str, injection: Injection, platform: Platform, personnel: People
) -> Iterator[list[Written]]:
    assert injection.repaired_at_monotonic_s is None, "La panne est déjà réparée"
    server, text = platform.site.host(name), TEXT.format(server=name)
    chosen = tuple(personnel.one(CHANGED + rank, trade=TRADE) for rank in range(count))
    with described(platform, chosen, server, text) as at_s:
        yield [Written(server, chosen, text, at_s)]


@when("le contrôleur perdu revient en service", target_fixture="back")
def server_returns(injection: Injection, preuves: Recorder) -> Back:
    asked_s = time.monotonic()
    injection.repair()
    name = injection.target.name
    preuves.measure(f"retour de {name}, réplication comprise", round(time.monotonic() - asked_s, 3), "s")
    return Back(injection.target, asked_s)


@then(parsers.parse("les {count:d} changements y sont en au plus {limit:d} secondes"))
def nothing_is_lost(count: int, limit: int, written: list[Written], back: Back, view: View) -> None:
    (one,) = written
    made = len(one.accounts)
    view.preuves.measure("changements faits pendant la perte", made, "comptes", f"= {count}", made == count)
    require_arrived(replace(one, at_s=back.asked_s), back.server, limit, view)


@then("les contrôleurs se répliquent de nouveau dans les deux sens")
def replicating(platform: Platform, personnel: People, preuves: Recorder) -> None:
    compared = compare_servers(platform, personnel)
    every_link_works(compared, platform.directory, preuves)
    same_content(compared, preuves)
