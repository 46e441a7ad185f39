"""Another identity than its own, presented by a host that speaks IKE, and forgotten afterwards."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from recette.actions.journal import Act, Drivers, Journal
from recette.actions.undoing import undone
from recette.errors import Inconclusive
from recette.shell import Remote

DRIVER, NAME = "impostor", "essai"
FOLDER = "/run/recette-essai"
PATIENCE_S, CROWD_PATIENCE_S, CROWD_AT_ONCE = 10, 15, 8
FORGET = f"""swanctl --list-sas --noblock | sed -n 's/^\\({NAME}[-0-9]*\\): #.*/\\1/p' | sort -u |
  xargs -r -I % swanctl --terminate --ike % --force --timeout 1 >/dev/null 2>&1
rm -rf {FOLDER}
systemctl reload strongswan.service"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a negotiation ended: whether a tunnel stood, and what strongSwan said of it."""

    accepted: bool
    said: str

    @property
    def refused(self) -> bool:
        """Whether the other end answered that it does not believe: silence is no refusal."""
        return not self.accepted and ("AUTHENTICATION_FAILED" in self.said or "AUTH_FAILED" in self.said)


class Impostor:
    """The verbs that the undo journal may name; each takes the name of a host, and is idempotent."""

    def __init__(self, remote: Remote, journal: Journal) -> None:
        self._remote = remote
        self._journal = journal

    def verbs(self) -> Drivers:
        """For the replay of the journal."""
        return {DRIVER: {"forget": self.forget}}

    @contextmanager
    def presented(self, host: str, connection: str, files: Mapping[str, str]) -> Iterator[Outcome]:
        """Open a connection `essai`, written in swanctl's language, from a host.

        `files`: what stands beside it, by path (`x509/essai.pem`). Until the block ends the tunnel stays as it is.
        """
        with self._forgotten("identité d'emprunt", host):
            yield self._present(host, {"swanctl.conf": connection, **files})

    @contextmanager
    def crowd(self, host: str, connections: Sequence[str]) -> Iterator[list[Outcome]]:
        """Open many connections of one host at once, each with its own secrets; how each try ended, in their order.

        Each is a laptop's settings for `site`, renamed so that they live side by side.
        """
        with self._forgotten("sessions simultanées", host):
            yield self._open_crowd(host, connections)

    def forget(self, host: str) -> None:
        """Close the connection and give the host its own settings again."""
        done = self._remote.run(host, FORGET)
        if done.rc != 0:
            raise Inconclusive(f"{host} : strongSwan n'a pas repris ses réglages ({done.stderr.strip()})")

    def _forgotten(self, what: str, host: str) -> AbstractContextManager[None]:
        act = Act(driver=DRIVER, verb="forget", args=(host,))
        return undone(self._journal, what, (host,), (act,), self.verbs())

    def _open_crowd(self, host: str, connections: Sequence[str]) -> list[Outcome]:
        renamed = [
            re.sub(r"\bsite \{", f"{NAME}-{rank} {{", text).replace("eap-person", f"eap-{rank}")
            for rank, text in enumerate(connections)
        ]
        # In its own folder the laptop's certificate and key are found; the file is gone at once.
        path = "/etc/swanctl/recette-essai.conf"
        load = f"umask 077; cat >{path}; swanctl --load-all --file {path} --noprompt; rc=$?; rm -f {path}; exit $rc"
        prepared = self._remote.run(host, load, stdin="\n".join(renamed))
        if prepared.rc != 0:
            raise Inconclusive(f"{host} : connexions d'essai refusées par strongSwan ({prepared.stderr.strip()})")
        said = f"{FOLDER}/%s"
        each = f"swanctl --initiate --child {NAME}-%s --timeout {CROWD_PATIENCE_S} >{said} 2>&1; echo $? >>{said}"
        ranks = range(len(connections))
        script = f"""mkdir -p {FOLDER}
seq 0 {ranks[-1]} | xargs -P {CROWD_AT_ONCE} -I %s sh -c '{each}'
for rank in $(seq 0 {ranks[-1]}); do cat {FOLDER}/$rank; printf '\\036'; done"""
        patience_s = CROWD_PATIENCE_S * len(connections) / CROWD_AT_ONCE + 30
        told = self._remote.run(host, script, timeout_s=patience_s).stdout.split("\x1e")[:-1]
        if len(told) != len(connections):
            raise Inconclusive(f"{host} : {len(told)} essais racontés sur {len(connections)}")
        return [Outcome(text.rstrip().endswith("\n0"), text) for text in told]

    def _present(self, host: str, files: Mapping[str, str]) -> Outcome:
        # swanctl looks for every folder that it knows.
        folders = "x509 x509ca x509ocsp x509aa x509ac x509crl pubkey private rsa ecdsa pkcs8 pkcs12"
        write = [f"umask 077; mkdir -p {FOLDER} && cd {FOLDER} && mkdir -p {folders}"]
        write += [f"printf %s {shlex.quote(text)} >{shlex.quote(path)}" for path, text in files.items()]
        load = f"swanctl --load-all --file {FOLDER}/swanctl.conf --noprompt"
        prepared = self._remote.run(host, " && ".join([*write, load]))
        if prepared.rc != 0:
            raise Inconclusive(f"{host} : connexion d'essai refusée par strongSwan ({prepared.stderr.strip()})")
        script = f"swanctl --initiate --child {NAME} --timeout {PATIENCE_S}"
        done = self._remote.run(host, script, timeout_s=PATIENCE_S + 20)
        return Outcome(done.rc == 0, done.stdout + done.stderr)
