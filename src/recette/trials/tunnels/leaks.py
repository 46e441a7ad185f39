"""What leaves a laptop by its own network while it is connected, or after its tunnel was lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scapy.layers.inet import IP
from scapy.layers.inet6 import IPv6

from recette.platform import Platform
from recette.probes.capture import Capture, capture
from recette.site import Host, Site
from recette.trials.tunnels.secrecy import DRAIN_S

NOT_IKE = "(ip and not udp port 500 and not udp port 4500) or (ip6 and not icmp6)"
"""What a laptop has no reason to send by itself; neighbour discovery (ICMPv6) is no leak."""
# Each ends by itself; what they are answered does not matter.
CHATTER = """for name in a b c; do
  host -W 1 -R 1 $name.{mark}.{domain} >/dev/null 2>&1
  host -W 1 -R 1 $name.{mark}.{domain} {resolver} >/dev/null 2>&1
done
for port in 25 80 443; do
  timeout 1 bash -c "exec 3<>/dev/tcp/{outside}/$port" 2>/dev/null
  timeout 1 bash -c "exec 3<>/dev/tcp/{outside6}/$port" 2>/dev/null
done
true"""


@contextmanager
def overheard(platform: Platform, laptop: Host, path: Path) -> Iterator[Capture]:
    """All that is neither IKE nor ESP on the laptop's own network, until the block ends."""
    with capture(platform.remote, laptop.name, laptop.zones[0], path, NOT_IKE) as heard:
        yield heard
        time.sleep(DRAIN_S)


def chatter(platform: Platform, laptop: Host) -> None:
    """Ask names, of the resolvers in use and of an operator's, and call hosts of the Internet in both families."""
    far = _outside(platform.site)
    order = CHATTER.format(
        mark=f"essai{time.time_ns() % 10**6}",
        domain=platform.site.dns,
        resolver=_operator(platform.site).interface(far.zones[0]).address,
        outside=far.address,
        outside6=far.interface(far.zones[0]).address6,
    )
    platform.remote.run(laptop.name, order, timeout_s=60)


def sent(heard: Capture, laptop: Host) -> list[str]:
    """One line for each packet that the laptop itself sent."""
    own = {str(laptop.address), str(laptop.interface(laptop.zones[0]).address6)}
    return [
        packet.summary()
        for packet in heard.packets()
        for family in (IP, IPv6)
        if family in packet and packet[family].src in own
    ]


def outside(site: Site) -> str:
    """An address of the Internet that is no operator's."""
    return str(_outside(site).address)


def _outside(site: Site) -> Host:
    """A host of the Internet that is no operator."""
    return next(host for host in site.hosts.values() if "correspondants" in host.groups)


def _operator(site: Site) -> Host:
    return next(host for host in site.hosts.values() if "operateurs" in host.groups)
