"""What one Kerberos server answers to a password."""

from __future__ import annotations

from enum import Enum, auto

from recette.errors import Inconclusive
from recette.probes.directory import ADMINISTRATION, Directory, Login
from recette.shell import Remote
from recette.site import Host

# One server alone is written in the configuration: no other can answer in its place. Nothing is left on the host.
SCRIPT = """set -e
file=$(mktemp); trap 'rm -f "$file"' EXIT
printf '[libdefaults]\\ndns_lookup_kdc = false\\nudp_preference_limit = 1\\n[realms]\\n%s = {{\\nkdc = %s\\n}}\\n' \
    {realm} {address} >"$file"
LC_ALL=C KRB5_CONFIG=$file KRB5CCNAME=MEMORY:recette kinit {user}@{realm}"""
REFUSALS = ("have been revoked", "Preauthentication failed", "Password incorrect", "Client not found")


class Ticket(Enum):
    """What a server answers to a request for a ticket."""

    GRANTED = auto()
    REFUSED = auto()


def ask(remote: Remote, directory: Directory, server: Host, person: Login) -> Ticket:
    """Ask one server for a ticket, from the bastion. Inconclusive if it does not answer."""
    user = person.user.split("@", maxsplit=1)[0]
    script = SCRIPT.format(realm=directory.realm, address=server.address, user=user)
    done = remote.run(ADMINISTRATION, script, stdin=f"{person.password}\n")
    if done.rc == 0:
        return Ticket.GRANTED
    if any(words in done.stderr for words in REFUSALS):
        return Ticket.REFUSED
    raise Inconclusive(f"Kerberos sur {server.name} : {' '.join(done.stderr.split()) or 'aucune réponse'}")
