"""Facts of many hosts at once: one shell script, one round trip each."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from recette.errors import Inconclusive
from recette.shell import Remote, side_by_side

LIMIT_S = 20.0
MARK = "\x1e"
OFFSET_FIELD = 4
SECTIONS = {
    "state": "systemctl is-system-running",
    "failed": "systemctl list-units --failed --plain --no-legend --quiet",
    "clock": "date +%s.%N",
    "offset": "chronyc -c tracking",
    "addresses": "ip -j address",
    "routes": "ip -j route",
    "routes6": "ip -6 -j route",
}


@dataclass(frozen=True, slots=True)
class HostFacts:
    """What a host says of itself.

    `sysctl` holds None for a key that the kernel does not have. `clock_s` is how far its clock is ahead of ours, known
    to half of `round_trip_s`; `ntp_offset_s` is what chrony believes, None where it follows no source.
    """

    name: str
    state: str
    failed_units: tuple[str, ...]
    sysctl: Mapping[str, str | None]
    clock_s: float
    round_trip_s: float
    ntp_offset_s: float | None
    addresses: Mapping[str, tuple[str, ...]]
    routes: tuple[Mapping[str, Any], ...]


def facts(remote: Remote, hosts: Iterable[str], sysctl: Sequence[str] = ()) -> dict[str, HostFacts]:
    """The facts of each host; `Inconclusive` if one of them is out of reach, or does not answer as it should."""
    asked = script(sysctl)

    def ask(host: str) -> HostFacts:
        start = time.time()
        done = remote.run(host, asked, timeout_s=LIMIT_S)
        return parse(host, done.stdout, start, time.time())

    return side_by_side(hosts, ask)


def script(sysctl: Sequence[str]) -> str:
    """A shell script that prints each section after its name; a command that fails leaves its section empty."""
    keys = " ".join(shlex.quote(key) for key in sysctl)
    # One by one: `sysctl -n` prints nothing for an unknown key, and the values would no longer match the keys.
    values = f'for key in {keys}; do echo "$key $(sysctl -n "$key")"; done' if keys else ":"
    sections = {**SECTIONS, "sysctl": values}
    return "\n".join(f"printf '\\036{name}\\n'; {command} 2>/dev/null" for name, command in sections.items())


def parse(host: str, printed: str, start_s: float, end_s: float) -> HostFacts:
    """The facts in what the script printed, between two instants of our own clock (CLOCK_REALTIME, seconds)."""
    told = dict(section.split("\n", 1) for section in printed.split(MARK)[1:])
    try:
        links = json.loads(told["addresses"])
        values = [line.split(None, 1) for line in told["sysctl"].splitlines()]
        return HostFacts(
            name=host,
            state=told["state"].strip(),
            failed_units=tuple(line.split()[0] for line in told["failed"].splitlines() if line.strip()),
            sysctl={key: " ".join(value[0].split()) if value else None for key, *value in values},
            clock_s=float(told["clock"]) - (start_s + end_s) / 2,
            round_trip_s=end_s - start_s,
            ntp_offset_s=_ntp_offset(told["offset"]),
            addresses={
                link["ifname"]: tuple(info["local"] for info in link["addr_info"] if "local" in info) for link in links
            },
            routes=tuple(json.loads(told["routes"] or "[]") + json.loads(told["routes6"] or "[]")),
        )
    except (KeyError, ValueError) as error:
        raise Inconclusive(f"{host} : réponse incomprise ({error})") from error


def _ntp_offset(tracking: str) -> float | None:
    """A field of `chronyc -c tracking`: how far the system clock is from NTP time, in seconds."""
    fields = tracking.strip().split(",")
    followed = len(fields) > OFFSET_FIELD and fields[-1] != "Not synchronised"
    return float(fields[OFFSET_FIELD]) if followed else None
