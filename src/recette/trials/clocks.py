"""One time for the whole site: each host beside every clock that it follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from recette.errors import Inconclusive
from recette.policy.clocks import time_sources
from recette.probes.clocks import Offset, followers, offsets
from recette.shell import Remote
from recette.site import Site


@dataclass(frozen=True)
class Clocks:
    """What every host of the site was told, which ones follow a source, and which ones have none to ask."""

    offsets: tuple[Offset, ...]
    adrift: tuple[str, ...]
    without_source: tuple[str, ...]

    def largest_s(self) -> float:
        """The largest difference, in seconds. Inconclusive if no source answered at all."""
        known = [abs(one.offset_s) for one in self.offsets if one.offset_s is not None]
        if not known:
            raise Inconclusive("Aucune source de temps n'a répondu à aucune machine")
        return max(known)

    def wrong(self, limit_s: float) -> list[str]:
        """Hosts that are too far from a source, or that one of theirs does not answer."""
        return [
            f"{one.host} et {one.source} — Obtenu : {said(one)} — Attendu : au plus {limit_s:g} s"
            for one in self.offsets
            if one.offset_s is None or abs(one.offset_s) > limit_s
        ]


def compare(site: Site, remote: Remote) -> Clocks:
    """Ask every host of the site, firewalls included."""
    hosts = [host for host in site.members("site") if time_sources(site, host)]
    sources = {host.name: [str(address) for address in time_sources(site, host)] for host in hosts}
    follows = followers(remote, list(sources))
    return Clocks(
        offsets(remote, sources),
        tuple(name for name, ok in follows.items() if not ok),
        _missing([host.name for host in site.members("site")], sources),
    )


def said(one: Offset) -> str:
    """The difference, in French."""
    if one.offset_s is None:
        return "aucune réponse"
    return f"{one.offset_s:+.3f} s".replace(".", ",").replace("-", "−")


def _missing(names: Sequence[str], asked: dict[str, list[str]]) -> tuple[str, ...]:
    return tuple(name for name in names if name not in asked)
