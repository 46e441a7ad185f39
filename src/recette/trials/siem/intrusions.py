"""What somebody does on a host that he has entered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from recette.actions.catalogue import Fault
from recette.errors import Inconclusive
from recette.personnel import Account
from recette.platform import Platform
from recette.probes.listeners import listening
from recette.site import Host
from recette.trials.people import People
from recette.trials.sessions import employee, open_session, rights
from recette.trials.siem.guesses import WORKSTATIONS, one_of
from recette.trials.siem.watch import Act, Expected, nonce

BACKUP, PRODUCTION = "bkp1", "lignes"
MAINTENANCE, MAINTENANCE_DESK, OTHER_BUILDING = "maintenance", "b40-maintenance", "b25-labo"
ADMIN_RANK, USER_RANK = 40, 41
CHANGED, SUDO, VIRUS = "T1565.001", "T1548.003", "T1204.002"
LISTENER, SILENCED, IMPAIRED = "T1571", "T1562.001", "T1562"
FORWARDERS = {"embedded": "journaux-transmission.service", "wazuh": "wazuh-agent.service"}
"""Engine -> what forwards the events of a host."""
WATCHER = "journaux-agent.service"
AHEAD_S = 600
# The machine's own clock is everybody's on a twin: the program that tells the time is shown another one.
MOVED = "[Service]\nEnvironment=LD_PRELOAD={library} FAKETIME=+{seconds} DONT_FAKE_MONOTONIC=1\n"
LIBRARY = "find /usr/lib -name libfaketime.so.1 -print -quit"
# In two parts, so that no scanner takes this file for what it writes.
EICAR = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-" + "ANTIVIRUS-TEST-FILE!$H+H*"
FAMILIES = {
    "un fichier de /etc est écrit": "/etc/{}.conf",
    "une unité de systemd est écrite": "/etc/systemd/system/{}.service",
    "un programme de /usr/local est écrit": "/usr/local/sbin/{}",
    "une clé SSH de root est écrite": "/root/.ssh/{}",
    "une tâche planifiée est écrite": "/var/spool/cron/crontabs/{}",
}
"""Words of the feature -> a path of this family, to be filled with a name."""


def changed(family: str) -> Act:
    """A file written where nobody but the administration writes. KeyError for an unknown family."""
    pattern = FAMILIES[family]

    @contextmanager
    def act(platform: Platform, _people: People) -> Iterator[Expected]:
        path = pattern.format(nonce())
        with platform.traces.left(BACKUP, path, "recette\n"):
            yield Expected("file-changed", frozenset({BACKUP}), CHANGED, user="root", trace=path)

    return act


@contextmanager
def virus(platform: Platform, _people: People) -> Iterator[Expected]:
    """The EICAR test file among the files of a desk."""
    desk, path = one_of(platform, WORKSTATIONS), f"/srv/{nonce()}.com"
    with platform.traces.left(desk.name, path, EICAR):
        yield Expected("malware", frozenset({desk.name}), VIRUS, user="root", trace=path)


@contextmanager
def became_root(platform: Platform, people: People) -> Iterator[Expected]:
    """Somebody of the maintenance becomes root at his desk."""
    desk = platform.site.sondes()[MAINTENANCE_DESK]
    person = people.one(ADMIN_RANK, trade=MAINTENANCE)
    _sudo(platform, people, desk, person, granted=True)
    yield Expected("privilege-used", frozenset({desk.name}), SUDO, user=person.login, trace=person.login)


@contextmanager
def refused_root(platform: Platform, people: People) -> Iterator[Expected]:
    """Somebody else tries the same."""
    desk = platform.site.sondes()[OTHER_BUILDING]
    person = people.one(USER_RANK, building=OTHER_BUILDING)
    _sudo(platform, people, desk, person, granted=False)
    yield Expected("privilege-refused", frozenset({desk.name}), SUDO, user=person.login, trace=person.login)


@contextmanager
def listens(platform: Platform, _people: People) -> Iterator[Expected]:
    """A service that nobody declared, on a production host."""
    host = one_of(platform, PRODUCTION)
    # Between the ranges of the flow matrix and the ports that the kernel lends.
    port = 20000 + int(nonce()[-4:], 16) % 8000
    with listening(platform.remote, {host.name: [("tcp", port)]}):
        yield Expected("listener", frozenset({host.name}), LISTENER, user="0", trace=f"tcp/{port}")


@contextmanager
def silenced(platform: Platform, _people: People) -> Iterator[Expected]:
    """The forwarder of a host is stopped."""
    host = platform.site.host(BACKUP)
    with platform.faults.inject(Fault.SERVICE_STOPPED, host, unit=FORWARDERS[platform.siem.name]) as fault:
        yield Expected("log-silence", frozenset({host.name}), SILENCED, trace=host.name, since_s=fault.at_monotonic_s)


@contextmanager
def moved_clock(platform: Platform, _people: People) -> Iterator[Expected]:
    """The clock of a host is moved ahead by ten minutes."""
    found = platform.remote.run(BACKUP, LIBRARY).stdout.strip()
    if not found:
        raise Inconclusive(f"{BACKUP} : son horloge ne peut pas être déplacée (libfaketime absente)")
    with platform.traces.overridden(BACKUP, WATCHER, MOVED.format(library=found, seconds=AHEAD_S)):
        yield Expected("clock-moved", frozenset({BACKUP}), IMPAIRED, trace=BACKUP)


def _sudo(platform: Platform, people: People, desk: Host, person: Account, *, granted: bool) -> None:
    logon = open_session(platform.remote, desk.name, employee(people, person))
    if rights(logon) is not granted:
        raise Inconclusive(f"{person.login} sur {desk.name} : sudo {'refusé' if granted else 'accordé'}")
