"""Whether the standby of each level is really ready before anything breaks."""

from __future__ import annotations

from dataclasses import dataclass

from recette.errors import Inconclusive
from recette.platform import Platform
from recette.probes.watch import Mode
from recette.trials.streams import Stream

UNITS = ("keepalived.service", "conntrackd.service", "pare-feu.service", "ulogd2.service")


@dataclass(frozen=True)
class Readiness:
    """For each firewall group its owners and its members' VRRP priorities; units that do not run, by host.

    `unknown_sessions` tells the open sessions that a standby does not know.
    """

    owners: dict[str, tuple[str, ...]]
    priorities: dict[str, tuple[int, ...]]
    stopped: dict[str, tuple[str, ...]]
    unknown_sessions: tuple[str, ...]

    @property
    def tied(self) -> list[str]:
        """Groups whose members announce one priority: nothing would tell them apart."""
        return [group for group, found in self.priorities.items() if len(set(found)) != len(found)]


def readiness(platform: Platform, streams: dict[int, Stream]) -> Readiness:
    """Observe it; `streams` gives for each level a flow on which a session is opened meanwhile."""
    firewalls = [host.name for host in platform.site.hosts.values() if host.level]
    script = "; ".join(f"systemctl is-active --quiet {unit} || echo {unit}" for unit in UNITS)
    answers = platform.remote.map(firewalls, script)
    unknown = []
    for level, stream in streams.items():
        try:
            standby = platform.standby(level)
        except Inconclusive as error:
            unknown.append(str(error))
            continue
        with stream.watched(platform.remote, Mode.SESSION):
            if not _knows(platform, standby.name, stream):
                unknown.append(f"{standby.name} ne connaît pas la session ouverte sur le flux {stream.name}")
    return Readiness(
        owners={name: tuple(host.name for host in hosts) for name, hosts in platform.owners().items()},
        priorities=_priorities(platform),
        stopped={host: tuple(done.stdout.split()) for host, done in answers.items() if done.stdout.strip()},
        unknown_sessions=tuple(unknown),
    )


def _knows(platform: Platform, standby: str, stream: Stream) -> bool:
    query = (
        f"conntrack -L -p tcp --state ESTABLISHED --orig-src {stream.source.address} "
        f"--orig-port-dst {stream.cell.service.port} 2>/dev/null"
    )
    return bool(platform.remote.run(standby, query).stdout.strip())


def _priorities(platform: Platform) -> dict[str, tuple[int, ...]]:
    """Priorities in keepalived's configuration, of each member of each group."""
    groups = {name: platform.site.group(name) for name in platform.owners()}
    script = "sed -n 's/^ *priority *//p' /etc/keepalived/keepalived.conf | sort -u"
    answers = platform.remote.map([host.name for members in groups.values() for host in members], script)
    return {
        name: tuple(int(value) for host in members for value in answers[host.name].stdout.split())
        for name, members in groups.items()
    }
