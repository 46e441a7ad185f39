"""What the tunnels carry and how long they delay, against the same way without them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

from recette.platform import Platform
from recette.probes.mail import Door
from recette.probes.throughput import Download, File, Way, download, loaded, serving, throughput
from recette.probes.watch import Mode, watch
from recette.site import Host
from recette.trials.mail.doors import Doors
from recette.trials.people import People
from recette.trials.tunnels import roamers
from recette.trials.tunnels.ends import Ends
from recette.waiting import NotYet, wait_until

NAMES = 53
"""TCP and UDP, open from the directory to the other site through the tunnel, and to the Internet."""
SECONDS = 4
LOADED_S = 120
"""A load that everybody forgot ends by itself after that time."""
LOAD_MBIT_S = 50.0
"""What the feature asks of the tunnel: less is no full load."""
LOAD_LIMIT_S = 10.0
LISTEN_S = 1
RECEIVED = "cd /sys/class/net/{interface}/statistics && cat rx_bytes && sleep {seconds} && cat rx_bytes"
FILE, TIMES = "program/js/app.min.js", 60
"""A file of the webmail, 170 kB, and how often it is downloaded."""
TRUST = "/etc/site-pki/ca.pem"
PROBES, PROBES_LIMIT_S = 100, 20.0


@dataclass(frozen=True, slots=True)
class Rates:
    """Mbit/s toward the other site and back, and the median time of an exchange on an idle path, in milliseconds."""

    toward: float
    back: float
    exchange_ms: float

    def __str__(self) -> str:
        return f"{self.toward:.0f} and {self.back:.0f} Mbit/s, {self.exchange_ms:.2f} ms"


@dataclass(frozen=True, slots=True)
class Compared:
    """The tunnel toward another site, and the way through the same firewalls without it."""

    tunnel: Rates
    clear: Rates


@dataclass(frozen=True, slots=True)
class Downloads:
    """The webmail downloaded by a laptop: connected, and then from the Internet."""

    tunnel: Download
    clear: Download


def compare(platform: Platform, ends: Ends) -> Compared:
    """Between a domain controller and an office of the other site; then the gateway in front of it, by the Internet."""
    outer = next(each for each in ends.gateway.interfaces if platform.site.zone(each.zone).outer)
    office = _office(platform, ends)
    return Compared(_rates(platform, office, str(office.address)), _rates(platform, ends.gateway, str(outer.address)))


@contextmanager
def loaded_tunnel(platform: Platform, ends: Ends) -> Iterator[float]:
    """The tunnel carries all it can toward the other site, until the block ends; Mbit/s that the office receives.

    Inconclusive if that is no load.
    """
    office = _office(platform, ends)
    way = _way(platform, str(office.address))
    with serving(platform.remote, office.name, way), loaded(platform.remote, way, LOADED_S):
        seen: list[float] = []

        def arriving() -> bool | NotYet:
            seen.append(_receiving(platform, office))
            return seen[-1] >= LOAD_MBIT_S or NotYet(f"{seen[-1]:.0f} Mbit/s reçus par {office.name}")

        wait_until(arriving, LOAD_LIMIT_S, "La charge du tunnel")
        yield seen[-1]


def roaming(platform: Platform, people: People) -> Downloads:
    """Downloads of the webmail by a laptop."""
    doors, laptop = Doors.of(platform.site), roamers.laptop(platform)
    badge = roamers.badge(people, roamers.someone(people))

    def measured(door: Door) -> Download:
        file = File(f"https://{door.name}/{FILE}", door.addresses[0], TRUST)
        return download(platform.remote, laptop.name, file, TIMES)

    with roamers.connected(platform, laptop, badge):
        inside = measured(doors.web)
    return Downloads(inside, measured(doors.web_outside))


def _office(platform: Platform, ends: Ends) -> Host:
    return platform.site.sondes()[ends.zone.name]


def _receiving(platform: Platform, host: Host) -> float:
    script = RECEIVED.format(interface=host.zones[0], seconds=LISTEN_S)
    before, after = platform.remote.run(host.name, script).stdout.split()
    return (int(after) - int(before)) * 8 / 1e6 / LISTEN_S


def _way(platform: Platform, address: str) -> Way:
    return Way(platform.directory.servers[0].name, address, NAMES)


def _rates(platform: Platform, host: Host, address: str) -> Rates:
    remote, way = platform.remote, _way(platform, address)
    with watch(remote, way.source, address, NAMES, Mode.UDP, targets=[host.name]) as seen:
        seen.wait_answered(PROBES, PROBES_LIMIT_S)
    exchanges = [each.received_s - each.sent_s for each in seen.samples if each.received_s is not None]
    with serving(remote, host.name, way):
        toward = throughput(remote, way, SECONDS)
        back = throughput(remote, way, SECONDS, back=True)
    return Rates(toward, back, median(exchanges) * 1000)
