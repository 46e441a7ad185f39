"""What a trial puts on hosts for the supervision to notice: a disk that fills, a certificate, a mains failure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from recette.actions.authority import Credential
from recette.actions.journal import Act, Drivers, Journal
from recette.actions.undoing import undone
from recette.errors import Inconclusive
from recette.shell import Completed, Remote

DRIVER = "staging"
VOLUME, VOLUME_MEBIBYTES, VOLUME_PERCENT = "/srv/recette-volume", 16, 97
"""A file system of its own, in memory: the disk of the machine is never filled."""
CERTIFICATE = "/etc/site-pki/recette-essai.pem"
SIMULATION = "/etc/nut/simulation.dev"
MOUNT = f"mkdir -p {VOLUME} && mount -t tmpfs -o size={VOLUME_MEBIBYTES}m,mode=0700 recette {VOLUME}"
UNMOUNT = f"mountpoint -q {VOLUME} && umount {VOLUME}; rmdir {VOLUME} 2>/dev/null; ! mountpoint -q {VOLUME}"
FILL = f"head -c {VOLUME_MEBIBYTES * VOLUME_PERCENT * 1024 * 1024 // 100} /dev/zero >{VOLUME}/plein"
PSQL = "/usr/lib/postgresql/*/bin/psql -XAtqh /run/postgresql -U postgres -c"
"""As root of a server of the supervision; the database itself, not Debian's wrapper, which chooses among clusters."""
PAUSE = f"""{PSQL} 'SELECT pg_wal_replay_pause()' &&
timeout 10 sh -c 'until [ "$({PSQL} "SELECT pg_get_wal_replay_pause_state()")" = paused ]; do sleep 0.2; done'"""
# A base that was promoted or stopped meanwhile holds nothing back.
RESUME = f"{PSQL} 'SELECT pg_wal_replay_resume() WHERE pg_is_in_recovery()' || ! systemctl -q is-active 'postgresql@*'"
TABLE = "inet recette_essai"
OPEN = f"nft 'add table {TABLE}; delete table {TABLE}'"
SHUT = f"""nft 'add table {TABLE}; delete table {TABLE}; add table {TABLE};
add chain {TABLE} entree {{ type filter hook input priority -300; }};
add chain {TABLE} sortie {{ type filter hook output priority -300; }};
add rule {TABLE} entree tcp dport PORT drop;
add rule {TABLE} sortie tcp dport PORT drop'"""
RESTORE = f"[ ! -e {SIMULATION}.avant ] || {{ mv {SIMULATION}.avant {SIMULATION} && touch {SIMULATION}; }}"


class Staging:
    """The verbs that the undo journal may name; each takes the name of a host first, and is idempotent."""

    def __init__(self, remote: Remote, journal: Journal) -> None:
        self._remote = remote
        self._journal = journal

    def verbs(self) -> Drivers:
        """For the replay of the journal."""
        return {
            DRIVER: {
                "unmount": lambda host: self._must(host, UNMOUNT),
                "forget": lambda host: self._must(host, f"rm -f {CERTIFICATE}"),
                "restore": lambda host: self._must(host, RESTORE),
                "resume": lambda host: self._must(host, RESUME),
                "open": lambda host: self._must(host, OPEN),
                "start": lambda host, unit: self._must(host, f"systemctl start {shlex.quote(unit)}"),
            }
        }

    @contextmanager
    def volume(self, host: str) -> Iterator[None]:
        """A small file system, empty, until the block ends."""
        with self._undone("volume d'essai", [host], "unmount"):
            self._must(host, MOUNT)
            yield

    def fill(self, host: str) -> None:
        """Fill that file system up to what it may hold for the supervision, and beyond."""
        self._must(host, FILL)

    def empty(self, host: str) -> None:
        self._must(host, f"rm -f {VOLUME}/plein")

    @contextmanager
    def certificate(self, host: str, credential: Credential) -> Iterator[None]:
        """A certificate among those of a host, until the block ends; nobody uses it."""
        with self._undone("certificat d'essai", [host], "forget"):
            self.renew(host, credential)
            yield

    def renew(self, host: str, credential: Credential) -> None:
        """Put another certificate in its place."""
        text = shlex.quote(credential.certificate)
        self._must(host, f"umask 022; printf %s {text} >{CERTIFICATE}.new && mv {CERTIFICATE}.new {CERTIFICATE}")

    @contextmanager
    def power(self, host: str, told: Mapping[str, str]) -> Iterator[None]:
        """Have the simulated UPS of a host tell other values, until the block ends."""
        changes = " ".join(f"-e {shlex.quote(f's/^{name}: .*/{name}: {value}/')}" for name, value in told.items())
        with self._undone("onduleur simulé", [host], "restore"):
            self._must(host, f"cp -p {SIMULATION} {SIMULATION}.avant && sed -i {changes} {SIMULATION}")
            yield

    @contextmanager
    def halted(self, hosts: Sequence[str], unit: str) -> Iterator[None]:
        """Stop a unit on several hosts, the last one of a pair included: twin only, since the service is lost."""
        with self._undone(f"{unit} arrêté partout", hosts, "start", unit):
            # At once: the second of a pair would otherwise take over for a while.
            stopped = self._remote.map(hosts, f"systemctl stop {shlex.quote(unit)}")
            for host, done in stopped.items():
                self._accept(host, done)
            yield

    @contextmanager
    def unapplied(self, host: str) -> Iterator[None]:
        """Have the database of the supervision that follows apply no more of what it receives, until the block ends."""
        with self._undone("réplication de la base suspendue", [host], "resume"):
            self._must(host, PAUSE)
            yield

    @contextmanager
    def shut(self, host: str, port: int) -> Iterator[None]:
        """Let nothing through a host to a TCP port, neither its own nor another's, until the block ends."""
        with self._undone(f"port {port} fermé", [host], "open"):
            self._must(host, SHUT.replace("PORT", str(port)))
            yield

    @contextmanager
    def _undone(self, what: str, hosts: Sequence[str], verb: str, *words: str) -> Iterator[None]:
        acts = [Act(driver=DRIVER, verb=verb, args=(host, *words)) for host in hosts]
        with undone(self._journal, what, hosts, acts, self.verbs()):
            yield

    def _must(self, host: str, script: str) -> None:
        self._accept(host, self._remote.run(host, script))

    @staticmethod
    def _accept(host: str, done: Completed) -> None:
        if done.rc != 0:
            raise Inconclusive(f"{host} : mise en scène refusée ({' '.join(done.stderr.split()) or 'sans message'})")
