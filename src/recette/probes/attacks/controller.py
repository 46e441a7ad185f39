"""The attacks of the acceptance, one method each: they bring facts, judge nothing and leave nothing behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from recette.errors import RecetteError
from recette.probes.attacks import catalogue, choose, facts, flooding, segment, silence, vrrp
from recette.probes.attacks.agents import limits
from recette.probes.attacks.facts import Ground
from recette.probes.attacks.model import Attack, Drops, Shot, no_drops
from recette.probes.attacks.volley import Range
from recette.probes.attacks.vrrp import Forgery
from recette.probes.attacks.watchers import Watched
from recette.shell import Remote
from recette.site import Site

Witnesses = Mapping[str, tuple[str, Shot]]
"""For each target, the host from which a permitted packet goes to it, and that packet."""
DISCARD_PORT = 9
"""What the relay test carries is for nobody: no host of the site serves it."""


class Attacks:
    """Attacks a twin from its own hosts. `drops` tells what the firewalls logged about a marker.

    Every method raises RecetteError when asked beyond the hard bounds, and Inconclusive when a host does not answer.
    """

    def __init__(self, site: Site, remote: Remote, drops: Drops = no_drops) -> None:
        self.site = site
        self._range = Range(site, remote, drops)

    def through(self, attacker: str = "attaquant", count: int = 2) -> tuple[Attack, ...]:
        """Everything that one packet can try against a firewall, `count` times, in one volley: see `catalogue`.

        Spoofed sources in both families, bogons, land, flag scans, fragments; source routes and unroutable bogons too
        when the attacker is a neighbour of the firewall (an office, `fai-a`). `arrived` counts what the targets saw.
        """
        shots = catalogue.through(self.site, self.site.host(attacker))
        return self.launch(attacker, [replace(shot, count=count) for shot in shots])

    def launch(
        self,
        attacker: str,
        shots: Sequence[Shot],
        *,
        gates: Sequence[tuple[str, str]] | None = None,
        witnesses: Witnesses | None = None,
        answer_s: float = 0.5,
    ) -> tuple[Attack, ...]:
        """Any shots, in one volley, with their witnesses; facts in the order of the shots.

        `gates` are the (host, device) that must meet every packet: the first firewalls on the way, if not given.
        `details`: `targets`, `destination`, `pretended_source`; frames seen: `left` by the attacker, `reached` the
        gates, `forwarded` by them; `witnessed` by target; `operators` (answers of outside hosts); `error` (not sent).
        """
        met = tuple(choose.gates(self.site, self.site.host(attacker)) if gates is None else gates)
        controls = self._witnesses(attacker, shots) if witnesses is None else witnesses
        batch = [*((attacker, shot) for shot in shots), *controls.values()]
        watched = dict.fromkeys([*controls, *(host for host, _ in met)], Watched())
        volley = self._range.fire(batch, watched, answer_s)
        ground = Ground(met, {target: len(shots) + at for at, target in enumerate(controls)})
        return tuple(facts.attack(self._range, volley, at, ground) for at in range(len(shots)))

    def _witnesses(self, attacker: str, shots: Sequence[Shot]) -> Witnesses:
        controls = {}
        for name in dict.fromkeys(target for shot in shots for target in shot.targets):
            door = choose.witness(self.site, self.site.host(attacker), self.site.host(name))
            if door is None:
                raise RecetteError(f"{name}: no flow of the matrix leads there, nothing would prove its silence")
            controls[name] = (door.source.name, catalogue.permitted(door))
        return controls

    def relay(
        self, sender: str = "pve2", relay: str = "pve1", target: str = "pve3", *, inside: str = "stockage"
    ) -> tuple[Attack, ...]:
        """Does a host with two feet pass packets on? `sender` gives `relay` a packet for `target`'s foot in `inside`.

        Two shots: with the sender's own source, and with its source in `inside`. The witness goes there directly.
        """
        hosts = [self.site.host(name) for name in (sender, relay, target)]
        outside = next(zone for zone in hosts[1].zones if zone != inside and zone in hosts[0].zones)
        to, through = str(hosts[2].interface(inside).address), str(hosts[1].interface(outside).address)
        shots = [
            Shot(
                f"relay-{zone}",
                "udp",
                to,
                source=str(hosts[0].interface(zone).address),
                targets=(target,),
                dev=outside,
                via=through,
                options={"dport": DISCARD_PORT},
            )
            for zone in (outside, inside)
        ]
        witness = Shot("witness", "udp", to, dev=inside, options={"dport": DISCARD_PORT})
        return self.launch(sender, shots, gates=[(relay, outside)], witnesses={target: (sender, witness)})

    def silence(self, attacker: str = "attaquant", answer_s: float = 3.5) -> Attack:
        """Does anything answer refused probes from outside? See `silence.silence`."""
        return silence.silence(self._range, self.site.host(attacker), answer_s)

    def syn_flood(
        self, attacker: str = "attaquant", packets: int = 20_000, rate: int = limits.MAX_RATE, port: int = 443
    ) -> Attack:
        """Bounded SYN flood of a published service; returns when it is over: see `flooding.syn_flood`."""
        return flooding.syn_flood(self._range, self.site.host(attacker), (packets, rate, port))

    def redirect(self, attacker: str = "telephone-2", victim: str = "telephone-1", about: str | None = None) -> Attack:
        """ICMP redirect in the gateway's name to a neighbour: see `segment.redirect`."""
        return segment.redirect(self._range, segment.pair(self.site, attacker, victim), about)

    def arp_spoofing(
        self,
        attacker: str = "telephone-2",
        victim: str = "telephone-1",
        *,
        seconds: float = 3.0,
        settle_s: float = 30.0,
    ) -> Attack:
        """Poison a neighbour about its gateway: see `segment.arp_spoofing`."""
        pair = segment.pair(self.site, attacker, victim)
        return segment.arp_spoofing(self._range, pair, seconds=seconds, settle_s=settle_s)

    def forged_vrrp(
        self,
        attacker: str = "poste-b30",
        group: str = "fw-int",
        *,
        vrids: Sequence[int] = range(1, 256),
        rounds: int = 1,
        version: int = 3,
    ) -> tuple[Attack, ...]:
        """Forged advertisements to the routers of a segment: see `vrrp.forged`."""
        return vrrp.forged(self._range, Forgery(self.site.host(attacker), group, tuple(vrids), rounds, version))

    def rogue_router(self, attacker: str = "poste-b30") -> Attack:
        """Router advertisement of a false IPv6 router to its whole segment: see `segment.rogue_router`."""
        return segment.rogue_router(self._range, self.site.host(attacker))
