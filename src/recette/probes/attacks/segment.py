"""Attacks on a neighbour of the same segment, where no firewall stands between: what does the victim believe?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from recette.errors import Inconclusive, RecetteError
from recette.probes.attacks import choose, events, facts
from recette.probes.attacks.agents.link import RESOLVED, Frame
from recette.probes.attacks.dissect import resolution
from recette.probes.attacks.model import Attack, Shot
from recette.probes.attacks.volley import Range, Volley
from recette.probes.attacks.watchers import Observation, Watched
from recette.site import Host, Site, Zone

POISON_GAP_S = 0.1
ROGUE_PREFIX = "2001:db8:bad:bad::"
ROGUE_LIFE_S = 10
"""Life of what the false router advertises: a victim that believed it forgets it without help."""
ALL_NODES = "ff02::1"


@dataclass(frozen=True)
class Pair:
    """An attacker and its victim, in a zone of both."""

    attacker: Host
    victim: Host
    zone: Zone

    @property
    def gateway(self) -> str:
        """The router that the victim trusts, by its virtual address."""
        if self.zone.gateway is None:
            raise RecetteError(f"{self.zone.name}: this zone has no gateway to pretend to be")
        return str(self.zone.gateway)

    def address(self, host: Host) -> str:
        """Address of one of the two in their zone."""
        return str(host.interface(self.zone.name).address)


def pair(site: Site, attacker: str, victim: str) -> Pair:
    """Two hosts that share a zone; RecetteError if they do not."""
    hosts = site.host(attacker), site.host(victim)
    shared = [zone for zone in hosts[0].zones if zone in hosts[1].zones]
    if not shared:
        raise RecetteError(f"{attacker} and {victim} share no zone: choose a neighbour of the victim")
    return Pair(*hosts, site.zone(shared[0]))


def redirect(where: Range, pair: Pair, about: str | None) -> Attack:
    """ICMP redirect in the gateway's name: `about` would be reached through the attacker.

    `arrived` counts what the victim's capture saw. `details`: `about`, `before` and `after` (next hop and device of the
    victim towards it), `accepted`. `control_ok`: all arrived, and the victim did use the gateway before. What the
    victim believed is flushed.
    """
    to = about or _beyond(where.site, pair)
    shot = Shot(
        "icmp-redirect",
        "redirect",
        pair.address(pair.victim),
        source=pair.gateway,
        targets=(pair.victim.name,),
        count=5,
        gap_s=0.05,
        dev=pair.zone.name,
        options={"about": to, "gateway": pair.address(pair.attacker)},
    )
    watched = {pair.victim.name: Watched(routes=(to,), use=(pair.gateway, pair.zone.name))}
    unmoved = False
    try:
        volley = where.fire([(pair.attacker.name, shot)], watched)
        seen = volley.observed[pair.victim.name]
        before, after = seen.before["routes"][to], seen.after["routes"][to]
        unmoved = before == after
    finally:
        if not unmoved:
            where.remote.run(pair.victim.name, "ip route flush cache")
    told = facts.attack(where, volley, 0)
    return replace(
        told,
        control_ok=told.arrived == told.sent > 0 and before[0] == pair.gateway,
        details={**told.details, "about": to, "before": before, "after": after, "accepted": not unmoved},
    )


def _beyond(site: Site, pair: Pair) -> str:
    """Somewhere that the victim may speak to through its gateway, else any host of another zone."""
    ways = [str(door.address) for door in choose.doors(site) if door.source.name == pair.victim.name]
    others = [str(host.address) for host in site.hosts.values() if pair.zone.name not in host.zones]
    return next(iter((*ways, *others)))


def arp_spoofing(where: Range, pair: Pair, *, seconds: float, settle_s: float) -> Attack:
    """ARP answers that give the attacker's link address for the gateway, during `seconds`, every 100 ms.

    `arrived` counts the forged answers that the victim's capture saw. `details`: `neighbour`, `true_mac`, `forged_mac`,
    `poisoned` (did the victim believe one), `poisoned_s` (in all, from its own clock), `recovered_s` (after the last
    forged answer; None if not within `settle_s`, and then a true answer mends it), `timeline` (seconds since the first
    forged answer, link address). The victim uses the entry all along, as its traffic would.
    """
    shot = Shot(
        "arp-spoofing",
        "arp",
        pair.address(pair.victim),
        count=max(1, round(seconds / POISON_GAP_S)),
        gap_s=POISON_GAP_S,
        dev=pair.zone.name,
        options={"claimed": pair.gateway},
    )
    settle = {"neighbour": pair.gateway}
    watched = Watched(arp=True, use=(pair.gateway, pair.zone.name), settle=settle, settle_s=settle_s)
    healed = False
    try:
        volley = where.fire([(pair.attacker.name, shot)], {pair.victim.name: watched})
        seen = volley.observed[pair.victim.name]
        true_mac = seen.before["neighbours"].get(pair.gateway)
        if true_mac is None:
            raise Inconclusive(f"{pair.victim.name} : sa passerelle {pair.gateway} ne répond pas à l'ARP")
        healed = seen.after["neighbours"].get(pair.gateway) == true_mac
        return _poisoned(where, volley, pair, true_mac)
    finally:
        if not healed:
            mend = replace(shot, name="arp-mended", count=3, options={**shot.options, "at": RESOLVED})
            where.fire([(pair.attacker.name, mend)], {})


def _poisoned(where: Range, volley: Volley, pair: Pair, true_mac: str) -> Attack:
    seen = volley.observed[pair.victim.name]
    forged = [frame for frame in seen.frames if _claims(frame, pair.gateway, true_mac)]
    first, last = (forged[0].time, forged[-1].time) if forged else (0.0, 0.0)
    told = facts.attack(where, volley, 0)
    timeline = [(time, mac) for time, mac in events.neighbour(seen.events, pair.gateway) if time >= first]
    return replace(
        told,
        arrived=len(forged),
        control_ok=len(forged) == told.sent > 0,
        pcap=facts.evidence({pair.victim.name: seen.frames}),
        details={
            "neighbour": pair.gateway,
            "true_mac": true_mac,
            "forged_mac": _forged_mac(forged),
            **belief(timeline, true_mac, last, seen.ended),
            "timeline": [[round(time - first, 3), mac] for time, mac in timeline],
        },
    )


def _claims(frame: Frame, gateway: str, true_mac: str) -> bool:
    message = None if frame.out else resolution(frame.data)
    return message is not None and message.address == gateway and message.mac != true_mac


def _forged_mac(forged: list[Frame]) -> str | None:
    message = resolution(forged[0].data) if forged else None
    return message.mac if message else None


def belief(timeline: Iterable[tuple[float, str | None]], true_mac: str, last: float, ended: float) -> Mapping[str, Any]:
    """How long a victim held a false link address, and how long after the last forged answer it was right again.

    `timeline` tells what it believed, from when on; `ended` is when it was no more watched. Times in seconds.
    """
    total, wrong_since, recovered = 0.0, None, None
    for time, mac in timeline:
        wrong = mac not in {None, true_mac}
        if wrong and wrong_since is None:
            wrong_since, recovered = time, None
        elif not wrong and wrong_since is not None:
            total, wrong_since = total + time - wrong_since, None
        if mac == true_mac and total and recovered is None:
            recovered = max(0.0, time - last)
    poisoned = total > 0 or wrong_since is not None
    total += 0.0 if wrong_since is None else ended - wrong_since
    healed = None if recovered is None else round(recovered, 3)
    return {"poisoned": poisoned, "poisoned_s": round(total, 3), "recovered_s": healed}


def rogue_router(where: Range, attacker: Host) -> Attack:
    """Advertisement of a false IPv6 router and prefix to a whole segment, taken back at once.

    `arrived` counts what the neighbours' captures saw. `details`: `routers` (default routes learned, by host),
    `addresses` (addresses made from the false prefix, by host). `control_ok`: every neighbour saw every advertisement.
    """
    zone = attacker.zones[0]
    neighbours = [other for other in where.site.hosts.values() if zone in other.zones and other is not attacker]
    shot = Shot(
        "rogue-router",
        "router-advertisement",
        ALL_NODES,
        targets=tuple(other.name for other in neighbours),
        count=3,
        gap_s=0.1,
        dev=zone,
        options={"prefix": ROGUE_PREFIX, "life_s": ROGUE_LIFE_S},
    )
    try:
        volley = where.fire([(attacker.name, shot)], dict.fromkeys(shot.targets, Watched()))
    finally:
        where.fire([(attacker.name, replace(shot, count=1, options={**shot.options, "life_s": 0}))], {}, 0.0)
    told = facts.attack(where, volley, 0)
    return replace(
        told,
        control_ok=told.arrived == told.sent * len(neighbours) > 0,
        details={
            **told.details,
            "routers": _new(volley.observed, "defaults"),
            "addresses": {name: new for name, new in _new(volley.observed, "addresses").items() if _rogue(new)},
        },
    )


def _new(observed: Mapping[str, Observation], what: str) -> dict[str, list[Any]]:
    """What is in the state after an attack and was not before, by host; hosts without news are left out."""
    news = {
        name: [item for item in seen.after[what] if item not in seen.before[what]] for name, seen in observed.items()
    }
    return {name: items for name, items in news.items() if items}


def _rogue(items: list[Any]) -> bool:
    return any(str(address).startswith(ROGUE_PREFIX.rstrip(":")) for _, address in items)
