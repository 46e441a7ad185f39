"""What a fault acts through, and the verbs that the undo journal may name."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Protocol

from recette.actions.journal import Drivers
from recette.errors import Inconclusive
from recette.site import Host, Site

LET_IN = "niveau-ouvert"
"""Comment of the rules that open a level, by which they are found again."""

# Chains are known by their hook: their names belong to the role that writes them. Before routing stands the
# anti-spoofing, which is a refusal of the level too.
OPEN_LEVEL = rf"""set -e
rules=$(nft list table inet pare_feu)
orders=$(printf '%s\n' "$rules" | awk '
    /^\tchain / {{ chain = $2 }}
    / hook (prerouting|forward|input) / {{
        print "insert rule inet pare_feu", chain, "counter accept comment \"{LET_IN}\""
    }}')
[ -n "$orders" ]
printf '%s\n' "$orders" | nft -f -
"""

# The rules that were added are removed, rather than the whole file loaded again: the other rules keep their counters,
# from which the coverage of the matrix is computed. Connections let in meanwhile would otherwise outlive the opening.
CLOSE_LEVEL = rf"""set -e
rules=$(nft -a list table inet pare_feu)
printf '%s\n' "$rules" | awk '
    /^\tchain / {{ chain = $2 }}
    /comment "{LET_IN}"/ {{ print "delete rule inet pare_feu", chain, "handle", $NF }}' | nft -f -
conntrack -F
"""


class PowerDriver(Protocol):
    """Accidents that need no cooperation of the machine. Every verb is idempotent."""

    def running(self, host: Host) -> bool:
        """Whether the machine has power and is not frozen."""

    def cut(self, host: Host) -> None:
        """Cut the power."""

    def start(self, host: Host) -> None:
        """Switch on again, a machine that panicked included, and wait for the boot."""

    def panic(self, host: Host) -> None:
        """Freeze the machine; its links keep their carrier."""

    def unplug(self, host: Host, zone: str) -> None:
        """Pull the cable: the carrier is lost."""

    def plug(self, host: Host, zone: str) -> None:
        """Plug the cable back."""

    def mute(self, host: Host, zone: str) -> None:
        """Lose every packet of the cable, the carrier staying up."""

    def unmute(self, host: Host, zone: str) -> None:
        """Let packets pass again."""


class Answer(Protocol):
    """What a command left behind."""

    @property
    def rc(self) -> int:
        """Exit code; 255 when the host does not answer."""

    @property
    def stdout(self) -> str:
        """Standard output."""

    @property
    def stderr(self) -> str:
        """Standard error."""


class RemoteDriver(Protocol):
    """Runs a shell script on a host, out of band. Raises Inconclusive or OSError if the host cannot be asked."""

    def run(self, host: str, script: str, /, *, timeout_s: float = 30.0) -> Answer:
        """Run `script` and wait for its end."""


def verbs(site: Site, power: PowerDriver, remote: RemoteDriver) -> Drivers:
    """Return the acts of the catalogue of faults; each takes a host's name first, then a zone or a unit."""

    def power_verb(act: Callable[..., None]) -> Callable[..., None]:
        return lambda host, *zone: act(site.host(host), *zone)

    def service_verb(script: str) -> Callable[[str, str], None]:
        return lambda host, unit: _must(remote, host, script.format(unit=shlex.quote(unit)))

    def firewall_verb(script: str) -> Callable[[str], None]:
        return lambda host: _must(remote, host, script)

    return {
        "power": {
            "cut": power_verb(power.cut),
            "start": power_verb(power.start),
            "panic": power_verb(power.panic),
            "unplug": power_verb(power.unplug),
            "plug": power_verb(power.plug),
            "mute": power_verb(power.mute),
            "unmute": power_verb(power.unmute),
        },
        "service": {
            "kill": service_verb("systemctl kill --kill-whom=main --signal=KILL {unit}"),
            "stop": service_verb("systemctl stop {unit}"),
            "freeze": service_verb("systemctl kill --kill-whom=all --signal=STOP {unit}"),
            "thaw": service_verb("systemctl kill --kill-whom=all --signal=CONT {unit}; systemctl start {unit}"),
            "start": service_verb("systemctl reset-failed {unit}; systemctl start {unit}"),
        },
        "firewall": {"open": firewall_verb(OPEN_LEVEL), "close": firewall_verb(CLOSE_LEVEL)},
    }


def _must(remote: RemoteDriver, host: str, script: str) -> None:
    answer = remote.run(host, script)
    if answer.rc != 0:
        first = script.splitlines()[0]
        raise Inconclusive(f"{host} : « {first} » a échoué (code {answer.rc}) : {' '.join(answer.stderr.split())}")
