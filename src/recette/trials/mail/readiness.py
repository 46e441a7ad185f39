"""When the mail system is ready: a filter takes seconds to start, and refuses everything until then."""

from __future__ import annotations

from recette.platform import Platform
from recette.trials.mail.parties import Parties
from recette.waiting import NotYet, wait_until

READY_LIMIT_S = 120.0
FILTER = 11332
LISTENING = "ss -Hltn | awk '{ sub(/.*:/, \"\", $4); print $4 }'"
SERVER_PORTS, RELAY_PORTS = frozenset({25, 465, 587, 993}), frozenset({25, FILTER})


def await_ready(platform: Platform, parties: Parties) -> None:
    """Wait until every service of the mail path listens. Raises Inconclusive naming those that do not."""
    wanted = {host.name: SERVER_PORTS for host in platform.site.group("mail")}
    wanted |= {parties.relay_host: RELAY_PORTS, parties.outsider.host: RELAY_PORTS}

    def ready() -> bool | NotYet:
        told = platform.remote.map(wanted, LISTENING)
        missing = {name: wanted[name] - {int(line) for line in done.stdout.split()} for name, done in told.items()}
        late = [f"{name} : ports {sorted(ports)} fermés" for name, ports in missing.items() if ports]
        return not late or NotYet(" ; ".join(late))

    wait_until(ready, READY_LIMIT_S, "La mise en service de la messagerie")
