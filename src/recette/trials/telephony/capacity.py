"""The busiest hour: many calls from outside at once, and how each of them sounds.

Model: in its busiest hour every employee has two calls with the outside, so 800 of them make 0.44 a second. The calls
tried here last five seconds, which keeps the lines as busy as calls of a minute at a twelfth of the pace.
"""

from __future__ import annotations

from dataclasses import dataclass

from recette.errors import Inconclusive
from recette.platform import Platform
from recette.probes.calls import quality
from recette.probes.calls.load import Load, Loaded, answering, load
from recette.trials.people import People
from recette.trials.telephony import parties
from recette.trials.telephony.talks import listening_carrier

CALLS_AN_HOUR, HOUR_S = 2, 3600
TALK_S, LINES = 5.0, 28
PORTS = (10800, 10999)
"""The upper end of the carrier's ports of voice, which its own exchange seldom reaches."""
FLOOR_PORT = 5070
HEARD_S = 2.0
"""A shorter stream is that of a call that the menu had only begun to answer."""
PACKETS_S = 50
MARGIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Busy:
    """What sipp counted toward the site, what it counts against itself, and the MOS of each call, the worst first."""

    toward: Loaded
    floor: Loaded
    scores: tuple[float, ...]

    def score(self, share: float) -> float:
        """The MOS that this share of the calls exceeds."""
        return self.scores[int((1 - share) * len(self.scores))]


def needed(people: People) -> float:
    """Calls a second in the busiest hour."""
    return len(people.active) * CALLS_AN_HOUR / HOUR_S


def busiest(platform: Platform, rate: int, seconds: int) -> Busy:
    """Have the outside call the switchboard so often, each call saying a tone. Inconclusive if no call was heard."""
    host = parties.carrier(platform.site)
    address = str(host.address)
    with listening_carrier(platform) as there:
        toward = load(platform.remote, _wish(platform, rate, seconds))
        scores = sorted(
            quality(stream).mos for stream in there.media().received if len(stream.voice) >= HEARD_S * PACKETS_S
        )
    if not scores:
        raise Inconclusive(f"{host.name} : aucun des {toward.created} appels n'a fait entendre le site")
    itself = Load(
        host.name, address, address, "0000", target_port=FLOOR_PORT, rate=rate, simultaneous=LINES,
        calls=rate * seconds // 4, hold_s=TALK_S, ports=PORTS, life_s=seconds + MARGIN_S,
    )  # fmt: skip
    with answering(platform.remote, host.name, address, FLOOR_PORT, life_s=seconds + MARGIN_S):
        floor = load(platform.remote, itself)
    return Busy(toward, floor, tuple(scores))


def _wish(platform: Platform, rate: int, seconds: int) -> Load:
    host = parties.carrier(platform.site)
    zone = next(zone for zone in platform.active(1).zones if platform.site.zone(zone).role == "operateur")
    return Load(
        host.name,
        str(host.address),
        str(platform.site.vips["fw-ext"][zone]),
        parties.main_number(platform.site),
        rate=rate,
        simultaneous=LINES,
        calls=rate * seconds,
        hold_s=TALK_S,
        ports=PORTS,
        life_s=seconds + MARGIN_S,
    )
