"""Services whose data are destroyed, then restored by the written procedure, and judged by what they serve."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from recette.errors import Inconclusive
from recette.platform import Platform
from recette.probes import kerberos
from recette.probes.backups import Restored
from recette.probes.directory import Login
from recette.provision import provision
from recette.secrets import Secrets
from recette.site import Host
from recette.trials.backup.markers import digests
from recette.trials.backup.rounds import require_copied
from recette.waiting import NotYet, wait_until

SAMBA, SAMBA_UNITS = ("/var/lib/samba/private", "/var/lib/samba/sysvol"), ("samba-ad-dc.service",)
ACCOUNTS = ("recette-copie", "recette-perdu")
"""Made before the copy, and after it."""
SERVES_LIMIT_S, LOOK_S = 120.0, 0.5
AUTHORITY = "/etc/site-pki/authority"
STAR = "/var/lib/asterisk/astdb.sqlite3"
SQL = "runuser -u postgres -- psql --no-psqlrc --tuples-only --no-align"


@dataclass
class Returned:
    """A service after its restoration."""

    host: Host
    done: Restored
    kept: bool = False
    """What the copy held is there."""
    lost: bool = True
    """What was written after it is not."""
    notes: list[str] = field(default_factory=list)


@contextmanager
def directory(platform: Platform, first: Host, second: Host) -> Iterator[Returned]:
    """Lose the directory on both controllers, restore the first from its copy, have the second join it by its role."""
    secret = _secret(platform)
    with ExitStack() as stack:
        stack.enter_context(_accounts(platform, first, secret))
        stack.enter_context(platform.losses.lost(second.name, SAMBA, SAMBA_UNITS))
        stack.enter_context(platform.losses.lost(first.name, SAMBA, SAMBA_UNITS))
        start = time.monotonic()
        returned = Returned(first, platform.backups.restore(first, "annuaire"))
        if returned.done.done:
            _logs_on(platform, first, ACCOUNTS[0], secret)
            returned.kept = _known(platform, first, ACCOUNTS[0])
            returned.lost = not _known(platform, first, ACCOUNTS[1])
            returned.notes.append(f"Premier contrôleur servi après {time.monotonic() - start:.0f} s.")
            provision(platform.site, hosts=[first.name, second.name], roles=["annuaire"]).require_success()
            _logs_on(platform, second, ACCOUNTS[0], secret)
            returned.notes.append(f"Second contrôleur joint après {time.monotonic() - start:.0f} s.")
        yield returned


@contextmanager
def _accounts(platform: Platform, server: Host, secret: str) -> Iterator[None]:
    """One account, a copy of the directory, another account; both go away with the block."""
    with platform.losses.account(server.name, ACCOUNTS[0], secret):
        require_copied(platform, [server], ["annuaire"])
        with platform.losses.account(server.name, ACCOUNTS[1], secret):
            yield


def _known(platform: Platform, server: Host, account: str) -> bool:
    # Its own code for an unknown account is the one by which ssh tells that it reached nobody.
    return platform.remote.run(server.name, f"samba-tool user show {shlex.quote(account)} || exit 1").rc == 0


def ticket_after(platform: Platform, server: Host, login: str, secret: str) -> tuple[float | None, str]:
    """How long until a controller gives a ticket to an account, in seconds; None, and what it said, if it does not."""
    said = ""
    start = time.monotonic()
    while time.monotonic() - start < SERVES_LIMIT_S:
        try:
            ticket = kerberos.ask(platform.remote, platform.directory, server, Login(login, secret))
        except Inconclusive as error:
            said = str(error)  # it may not serve yet
        else:
            if ticket is kerberos.Ticket.GRANTED:
                return time.monotonic() - start, ""
            said = f"{server.name} refuse {login}"
        time.sleep(LOOK_S)  # between two requests: a controller that starts has other things to do
    return None, said


def _logs_on(platform: Platform, server: Host, login: str, secret: str) -> None:
    """Wait until a controller gives a ticket to an account."""
    delay_s, said = ticket_after(platform, server, login, secret)
    if delay_s is None:
        raise Inconclusive(f"{server.name} ne donne pas de ticket à {login} : {said}")


@contextmanager
def account(platform: Platform, server: Host) -> Iterator[tuple[str, str]]:
    """An account made on a controller, and its password; it goes away with the block."""
    secret = _secret(platform)
    with platform.losses.account(server.name, ACCOUNTS[0], secret):
        yield ACCOUNTS[0], secret


def _secret(platform: Platform) -> str:
    return Secrets.of_site(platform.site.name, platform.site.kind, platform.site.path).of("compte/recette-copie")


@contextmanager
def exchange(platform: Platform, host: Host) -> Iterator[Returned]:
    """Lose the database of an exchange, which remembers forwards and registrations."""
    with _remembered(platform, host):
        require_copied(platform, [host], ["messages"])
        with platform.losses.lost(host.name, [STAR], ["asterisk.service"]):
            returned = Returned(host, platform.backups.restore(host, "messages"))
            if returned.done.done:
                returned.kept = _remembers(platform, host)
            yield returned


@contextmanager
def _remembered(platform: Platform, host: Host) -> Iterator[None]:
    written = platform.remote.run(host.name, "asterisk -rx 'database put recette copie 1'")
    if written.rc != 0:
        raise Inconclusive(f"{host.name} : {written.stderr.strip()}")
    try:
        yield
    finally:
        platform.remote.run(host.name, "asterisk -rx 'database del recette copie'")


def _remembers(platform: Platform, host: Host) -> bool:
    """What it says once it answers: it may have been started just now."""

    def told() -> str | NotYet:
        done = platform.remote.run(host.name, "asterisk -rx 'database get recette copie'")
        return done.stdout.strip() or NotYet(done.stderr.strip())

    return "Value: 1" in str(wait_until(told, SERVES_LIMIT_S, f"La mémoire de {host.name}"))


@dataclass(frozen=True, slots=True)
class Counted:
    """Rows of a live database, and of what its copy gave."""

    live: dict[str, int]
    restored: dict[str, int]
    took_s: float


def writing_database(platform: Platform) -> Host:
    """The supervision server whose database takes writes: after a failover, not always the one that supervises."""
    for host in platform.site.members("supervision"):
        told = platform.remote.run(host.name, f"cd /; {SQL} --command='SELECT pg_is_in_recovery()'")
        if told.rc == 0 and told.stdout.strip() == "f":
            return host
    raise Inconclusive("Aucune base de la supervision n'accepte d'écriture")


def database(platform: Platform, host: Host, folder: str) -> Counted:
    """Load the copy of the supervision's database beside the live one, and count what both hold."""
    tables = ("hosts", "items", "triggers", "users")
    require_copied(platform, [host], ["base"])
    done = platform.backups.restore(host, "base", beside=folder)
    if not done.done:
        raise Inconclusive(f"{host.name} : {done.said}")
    dump = f"{folder}/var/lib/sauvegarde-client/etape/base/zabbix.dump"
    start = time.monotonic()
    script = (
        "set -e; cd /; runuser -u postgres -- createdb recette_copie; "
        f"runuser -u postgres -- pg_restore --exit-on-error --no-owner --dbname=recette_copie <{dump}"
    )
    loaded = platform.remote.run(host.name, script, timeout_s=600.0)
    try:
        if loaded.rc != 0:
            raise Inconclusive(f"{host.name} : {loaded.stderr.strip()}")
        took_s = done.took_s + time.monotonic() - start
        return Counted(_rows(platform, host, "zabbix", tables), _rows(platform, host, "recette_copie", tables), took_s)
    finally:
        platform.remote.run(host.name, "cd /; runuser -u postgres -- dropdb --if-exists recette_copie")


def _rows(platform: Platform, host: Host, base: str, tables: tuple[str, ...]) -> dict[str, int]:
    found = {}
    for table in tables:
        command = f"cd /; {SQL} --dbname={base} --command='SELECT count(*) FROM {table}'"  # noqa: S608 - names of ours
        done = platform.remote.run(host.name, command)
        if done.rc != 0:
            raise Inconclusive(f"{host.name} : {done.stderr.strip()}")
        found[table] = int(done.stdout)
    return found


@contextmanager
def authority(platform: Platform, host: Host) -> Iterator[tuple[Returned, dict[str, str], dict[str, str]]]:
    """Lose the certificate authority; what it holds before and after."""
    require_copied(platform, [host], ["autorite"])
    before = digests(platform, host, AUTHORITY)
    with platform.losses.lost(host.name, [AUTHORITY]):
        returned = Returned(host, platform.backups.restore(host, "autorite"))
        yield returned, before, digests(platform, host, AUTHORITY) if returned.done.done else {}
