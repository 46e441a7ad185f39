"""Turns what captures saw of a shot into the facts of an attack."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from recette.probes.attacks import attribution, capture, dissect
from recette.probes.attacks.agents.link import Frame
from recette.probes.attacks.model import Attack
from recette.probes.attacks.volley import Range, Volley
from recette.site import Site

MAX_EVIDENCE = 200
"""Frames of a host in the evidence of one attack: enough to read, few enough to keep."""


@dataclass(frozen=True)
class Ground:
    """Where the shots of a volley are looked for.

    `gates`: (host, device) of the firewalls that must have met them. `witnesses`: for each target, the position of
    the permitted shot that its capture must have seen.
    """

    gates: tuple[tuple[str, str], ...] = ()
    witnesses: Mapping[str, int] = field(default_factory=dict)


OPEN = Ground()
"""No firewall between the attacker and its victim."""


def told(site: Site, frames: Iterable[Frame], *, operators: bool) -> tuple[str, ...]:
    """Answers in words, each once: those of the site, or those of the operators' and other outside hosts."""
    outside = {
        str(address)
        for host in site.hosts.values()
        if all(site.zone(zone).outer for zone in host.zones)
        for interface in host.interfaces
        for address in (interface.address, interface.address6)
    }
    packets = [packet for frame in frames if (packet := dissect.packet(frame.data))]
    return tuple(dict.fromkeys(dissect.told(packet) for packet in packets if (packet.source in outside) is operators))


def attack(where: Range, volley: Volley, at: int, ground: Ground = OPEN) -> Attack:
    """Facts of the shot at a position of a volley."""
    one, seen = volley.fired[at], {host: found.get(at, ()) for host, found in volley.seen.items()}
    reached = sum(len(attribution.split(seen[host], dev).inbound) for host, dev in ground.gates)
    forwarded = sum(len(attribution.split(seen[host]).outbound) for host, _ in ground.gates)
    targets = one.shot.targets
    left, answers = volley.left.get(at, ()), volley.answers.get(at, ())
    witnessed = {
        target: bool(_inbound(volley.seen[target].get(witness, ())))
        for target, witness in ground.witnesses.items()
        if target in targets
    }
    control = all((one.sent, len(left) == one.sent, not volley.lost, *(witnessed.get(target) for target in targets)))
    return Attack(
        name=one.shot.name,
        source=one.host,
        sent=one.sent,
        arrived=sum(attribution.harmful(one, frame) for target in targets for frame in _inbound(seen[target])),
        answers=told(where.site, answers, operators=False),
        control_ok=control and (reached >= one.sent or not ground.gates),
        details={
            "targets": list(targets),
            "destination": one.shot.destination,
            "pretended_source": one.marker.source,
            "left": len(left),
            "reached": reached,
            "forwarded": forwarded,
            "witnessed": witnessed,
            "operators": list(told(where.site, answers, operators=True)),
            "error": one.error,
        },
        pcap=evidence({one.host: (*left, *answers)}, seen),
        marker=one.marker,
        drops=tuple(where.drops(one.marker)),
    )


def _inbound(frames: Iterable[Frame]) -> tuple[Frame, ...]:
    return attribution.split(frames).inbound


def evidence(*captures: Mapping[str, Iterable[Frame]]) -> bytes | None:
    """A pcapng of what several hosts saw; None if nobody saw anything."""
    kept: dict[str, list[Frame]] = {}
    for host, frames in (found for captured in captures for found in captured.items()):
        kept.setdefault(host, []).extend(frames)
    short = {host: frames[:MAX_EVIDENCE] for host, frames in kept.items() if frames}
    return capture.pcapng(short) if short else None
