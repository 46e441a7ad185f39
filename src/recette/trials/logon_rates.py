"""Log-ons a second, on the workstations of a site, against a bare loop that asks Kerberos for tickets."""

from __future__ import annotations

import time
from dataclasses import dataclass

from recette.errors import Inconclusive
from recette.platform import Platform
from recette.probes.directory import ADMINISTRATION
from recette.probes.logon import PATIENCE_S
from recette.trials import morning
from recette.trials.people import People

COUNT, AT_ONCE = 200, 8
A_MINUTE = 60_000
"""Log-ons asked for: more than any directory grants."""
LIMIT_S = 240.0
# Passwords never stand on a command line; a ticket is forgotten with the process that asked for it.
LOOP = """file=$(mktemp); trap 'rm -f "$file"' EXIT
printf '[libdefaults]\\ndns_lookup_kdc = false\\nudp_preference_limit = 1\\n[realms]\\n{realm} = {{\\n' >"$file"
printf 'kdc = %s\\n' {servers} >>"$file"; printf '}}\\n' >>"$file"
export KRB5_CONFIG="$file" KRB5CCNAME=MEMORY:recette; count=0
while read -r user password; do
    {{ printf '%s\\n' "$password" | kinit "$user@{realm}" >/dev/null 2>&1 || echo "$user"; }} &
    count=$((count + 1)); [ $((count % {at_once})) -ne 0 ] || wait
done; wait"""


@dataclass(frozen=True, slots=True)
class Rates:
    """A second: sessions that opened on workstations, and tickets that a bare loop was granted."""

    sessions: float
    tickets: float

    def __str__(self) -> str:
        return f"{self.sessions:.0f}/s; bare Kerberos loop: {self.tickets:.0f}/s"


def measured(platform: Platform, people: People) -> Rates:
    """The same people both times. Inconclusive if somebody does not get in, or gets no ticket."""
    return Rates(_sessions(platform, people), _tickets(platform, people))


def _sessions(platform: Platform, people: People) -> float:
    offices = [host.name for host in platform.site.members("postes")]
    with morning.begin(platform.remote, people, offices, COUNT, A_MINUTE) as under_way:
        logons = under_way.rush.wait_ended(LIMIT_S + PATIENCE_S)
    refused = [one.user for one in logons if not one.accepted]
    if refused:
        raise Inconclusive(f"{len(refused)} sessions refusées sur {len(logons)}, dont {refused[0]}")
    return len(logons) / (max(one.ended_s for one in logons) - min(one.due_s for one in logons))


def _tickets(platform: Platform, people: People) -> float:
    chosen = people.active[morning.FIRST : morning.FIRST + COUNT]
    directory = platform.directory
    servers = " ".join(str(server.address) for server in directory.servers)
    script = LOOP.format(realm=directory.realm, servers=servers, at_once=AT_ONCE)
    typed = "".join(f"{one.login} {people.password(one)}\n" for one in chosen)
    began = time.monotonic()
    done = platform.remote.run(ADMINISTRATION, script, stdin=typed, timeout_s=LIMIT_S)
    elapsed_s = time.monotonic() - began
    if done.rc != 0 or done.stdout.split():
        raise Inconclusive(f"{len(done.stdout.split())} billets refusés sur {COUNT} ({done.stderr.strip()})")
    return COUNT / elapsed_s
