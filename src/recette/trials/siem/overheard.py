"""What somebody who listens in front of the collector reads of the events on their way."""

from __future__ import annotations

import shlex
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from scapy.layers.inet import IP, TCP, UDP
from scapy.packet import Packet

from recette.errors import Inconclusive
from recette.platform import Platform
from recette.probes.capture import capture
from recette.site import Host
from recette.trials.siem.coverage import Coverage, collector, covered, hosts
from recette.trials.siem.intrusions import BACKUP
from recette.trials.siem.senders import PORT
from recette.trials.siem.watch import nonce

Way = tuple[str, str, int, int, int]
"""Addresses, protocol and ports."""
WHOLE = 65535
"""Bytes kept of each packet: an event may be anywhere in it."""
DRAIN_S = 0.5
"""Time for the last packets to reach the capture."""
SAY = "exec 3<>/dev/tcp/{address}/{port} && printf %s {word} >&3"


@dataclass(frozen=True, slots=True)
class Overheard:
    """How many bytes each host sent, when its event was archived, and whose event could be read on the way."""

    archived: Coverage
    sent: Mapping[str, int]
    readable: tuple[str, ...]

    @property
    def unheard(self) -> list[str]:
        """Hosts whose events must have passed, and of which nothing was seen."""
        return [host for host, count in self.sent.items() if not count]


def overheard(platform: Platform, folder: Path, limit_s: float) -> Overheard:
    """Log one event on every host while all that reaches the collector is captured, and look for it in there.

    Inconclusive if the capture lost packets, or did not show a text that one host sent in clear meanwhile: what it does
    not show would prove nothing.
    """
    where, word, clear = collector(platform), nonce(), nonce()
    path = folder / "journaux.pcap"
    with capture(
        platform.remote, where.name, where.zones[0], path, f"dst host {where.address}", snaplen=WHOLE
    ) as heard:
        archived = covered(platform, limit_s, word)
        script = SAY.format(address=where.address, port=PORT, word=clear)
        done = platform.remote.run(BACKUP, f"bash -c {shlex.quote(script)}")
        if done.rc != 0:
            raise Inconclusive(f"{BACKUP} : rien n'a pu être envoyé en clair ({done.stderr.strip()})")
        time.sleep(DRAIN_S)
    if heard.dropped:
        raise Inconclusive(f"{heard.name} : {heard.dropped} paquets perdus par la capture")
    told = contents(heard.packets())
    asked = {name: platform.site.host(name) for name in hosts(platform)}
    if not _shows(told, asked[BACKUP], clear):
        raise Inconclusive(f"{heard.name} : le texte envoyé en clair par {BACKUP} n'a pas été vu")
    others = {name: host for name, host in asked.items() if name != where.name}
    logs = {key: data for key, data in told.items() if key[-1] == PORT}
    sent = {name: sum(len(data) for data in _of(logs, host)) for name, host in others.items()}
    return Overheard(archived, sent, tuple(name for name, host in others.items() if _shows(told, host, word)))


def contents(packets: Iterable[Packet]) -> dict[Way, bytes]:
    """What each conversation carried, one way -> bytes in the order of the wire."""
    found: dict[Way, bytes] = defaultdict(bytes)
    for packet in packets:
        layer = next((layer for layer in (TCP, UDP) if layer in packet), None)
        if IP in packet and layer:
            key = (packet[IP].src, packet[IP].dst, packet[IP].proto, packet[layer].sport, packet[layer].dport)
            # The padding of a short frame is no content.
            length = packet[IP].len - packet[IP].ihl * 4 - (packet[TCP].dataofs * 4 if layer is TCP else 8)
            found[key] += bytes(packet[layer].payload)[: max(0, length)]
    return dict(found)


def _of(told: Mapping[Way, bytes], host: Host) -> list[bytes]:
    own = {str(interface.address) for interface in host.interfaces}
    return [data for (source, *_), data in told.items() if source in own]


def _shows(told: Mapping[Way, bytes], host: Host, word: str) -> bool:
    return any(word.encode() in data for data in _of(told, host))
