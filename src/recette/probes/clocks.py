"""How far each host's clock is from the clocks that it follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from recette.probes.agents import source
from recette.shell import Remote

PATIENCE_S = 3.0
SYNCHRONISED = "chronyc -n -c tracking"
NOT_FOLLOWING = "Not synchronised"


@dataclass(frozen=True, slots=True)
class Offset:
    """What a source said to a host: how far ahead of the host it is, to half of `delay_s`; None without answer."""

    host: str
    source: str
    offset_s: float | None
    delay_s: float | None


def offsets(remote: Remote, sources: Mapping[str, Sequence[str]]) -> tuple[Offset, ...]:
    """Every host asks its sources, all hosts side by side; Inconclusive if a host cannot be asked."""
    payloads = {host: {"servers": list(servers), "limit_s": PATIENCE_S} for host, servers in sources.items()}
    told = remote.map_python(source("ntp"), payloads)
    return tuple(
        Offset(host, server, one and one["offset_s"], one and one["delay_s"])
        for host, servers in sources.items()
        for server, one in zip(servers, told[host], strict=True)
    )


def followers(remote: Remote, hosts: Sequence[str]) -> dict[str, bool]:
    """Whether each host says that it follows a source."""
    told = remote.map(hosts, SYNCHRONISED)
    return {name: done.rc == 0 and NOT_FOLLOWING not in done.stdout for name, done in told.items()}
