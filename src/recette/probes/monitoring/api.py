"""What the supervision knows, asked of its API by an administrator, from where he works."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from recette.errors import Inconclusive
from recette.probes.agents import source
from recette.secrets import Secrets
from recette.shell import Remote
from recette.site import Site

SERVERS, CONSOLE = "sup", "bastion"
"""Redundancy group of the servers; host from which they are administered (FLX-072)."""
ADMINISTRATOR, SECRET = "Admin", "supervision/administrateur"
TRUST_ANCHOR = "/etc/site-pki/ca.pem"
CONNECT_S, CALL_S, LIMIT_S = 2.0, 10.0, 60.0
ACTIVE_NODE, STANDBY_NODE = "3", "0"
"""A server in service, and one that waits for its turn."""
WATCHED, AVAILABLE = "0", "1"
"""A host that is watched, an agent that answers."""
WARNING = 2
"""Least severity of which on call is told."""

Call = tuple[str, Any]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that the supervision holds for broken."""

    host: str
    name: str
    severity: int

    def __str__(self) -> str:
        return f"{self.host} : {self.name}"


@dataclass(frozen=True, slots=True)
class Item:
    """Something that is measured. `measured_at` is when its last value was, in seconds of the epoch, 0 for none."""

    host: str
    key: str
    measured_at: int


class Monitoring:
    """Asks whichever server answers."""

    def __init__(self, site: Site, remote: Remote) -> None:
        self._site = site
        self._remote = remote

    @property
    def servers(self) -> tuple[str, ...]:
        return tuple(host.name for host in self._site.group(SERVERS))

    def ask(self, *calls: Call) -> list[Any]:
        """Results of several calls of one session. Inconclusive if no server answers, or if one refuses."""
        secrets = Secrets.of_site(self._site.name, self._site.kind, self._site.path)
        wish = {
            "urls": [f"https://{name}.{self._site.dns}/api_jsonrpc.php" for name in self.servers],
            "ca": TRUST_ANCHOR,
            "user": ADMINISTRATOR,
            "password": secrets.of(SECRET),
            "calls": [list(call) for call in calls],
            "connect_s": CONNECT_S,
            "call_s": CALL_S,
        }
        told = self._remote.python(CONSOLE, source("monitoring/rpc"), wish, timeout_s=LIMIT_S)
        if "error" in told:
            raise Inconclusive(f"La supervision ne répond pas à son interface : {told['error']}")
        return list(told["results"])

    def nodes(self) -> dict[str, str]:
        """Status of each server of the pair (« 3 »: in service), as the database holds it."""
        (told,) = self.ask(("hanode.get", {"output": ["name", "status"]}))
        return {node["name"]: node["status"] for node in told}

    def active(self) -> str:
        """The server in service. Inconclusive if there is not exactly one."""
        found = [name for name, status in self.nodes().items() if status == ACTIVE_NODE]
        if len(found) != 1:
            raise Inconclusive(f"Supervision : un serveur en service et un seul était attendu, obtenu : {found}")
        return found[0]

    def problems(self, *, suppressed: bool = False) -> tuple[Problem, ...]:
        """What is broken now, and told to on call; or what a maintenance keeps from it."""
        severities = list(range(WARNING, 6))
        asked = {"output": "extend", "severities": severities, "suppressed": suppressed}
        (told,) = self.ask(("problem.get", asked))
        if not told:
            return ()
        triggers = sorted({each["objectid"] for each in told})
        wanted = {"output": ["triggerid"], "triggerids": triggers, "selectHosts": ["host"]}
        (shown,) = self.ask(("trigger.get", wanted))
        hosts = {each["triggerid"]: each["hosts"][0]["host"] for each in shown if each["hosts"]}
        return tuple(Problem(hosts.get(each["objectid"], "?"), each["name"], int(each["severity"])) for each in told)

    def unsent(self, since_s: int) -> tuple[int, int]:
        """Alerts that are still to be sent, and changes of state since an instant (seconds of the epoch)."""
        waiting = {"filter": {"status": ["0", "3"]}, "countOutput": True, "time_from": since_s - 600}
        changes = {"countOutput": True, "time_from": since_s, "source": 0, "object": 0}
        alerts, events = self.ask(("alert.get", waiting), ("event.get", changes))
        return int(alerts), int(events)

    def answering(self) -> frozenset[str]:
        """Watched hosts whose agent answers. A shared address, which has no agent, is none of them."""
        asked = {"output": ["host", "status"], "selectInterfaces": ["available"]}
        (told,) = self.ask(("host.get", asked))
        return frozenset(
            host["host"]
            for host in told
            if host["status"] == WATCHED and AVAILABLE in [each["available"] for each in host["interfaces"]]
        )

    def told_of(self) -> frozenset[tuple[str, str]]:
        """Host and key of every item that some trigger, of which on call is told, looks at alone.

        One that wants several things at once, such as a service that came back, is silent where one of them fails.
        """
        asked = {
            "output": ["triggerid"],
            "monitored": True,
            "min_severity": WARNING,
            "selectHosts": ["host"],
            "selectItems": ["key_"],
        }
        (told,) = self.ask(("trigger.get", asked))
        alone = [(each["hosts"][0]["host"], each["items"]) for each in told if len(each["items"]) == 1]
        return frozenset((host, item["key_"]) for host, (item,) in alone)

    def items(self, pattern: str) -> tuple[Item, ...]:
        """Watched items whose key begins so."""
        asked = {
            "output": ["key_", "lastclock"],
            "selectHosts": ["host"],
            "monitored": True,
            "search": {"key_": pattern},
            "startSearch": True,
        }
        (told,) = self.ask(("item.get", asked))
        return tuple(
            Item(host=each["hosts"][0]["host"], key=each["key_"], measured_at=int(each["lastclock"])) for each in told
        )
