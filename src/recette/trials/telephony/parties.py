"""Who telephones: employees at the telephones of the site, and the world that the carrier reaches."""

from __future__ import annotations

from dataclasses import dataclass

from recette.errors import Inconclusive
from recette.personnel import Account
from recette.personnel.accounts import ABROAD_GROUP
from recette.platform import Platform
from recette.probes.calls import Line
from recette.site import Host, Site
from recette.trials.people import People

TELEPHONES, CARRIERS, BORDER, EXCHANGE = "telephones", "operateurs_sip", "bordure_sip", "pbx"
SWITCHBOARD, RECEPTION = "1000", "1001"
TONES_HZ = (440, 620)
"""What people say all along a call, each his own note."""
OPUS, A_LAW = "opus/48000/2", "PCMA/8000/1"


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Somebody outside who answers with a tone (role operateur_sip)."""

    number: str
    tone_hz: int


FIXED, MOBILE = Subscriber("0261910001", 950), Subscriber("0639980001", 1050)
ABROAD, PREMIUM = Subscriber("00441632960001", 1250), Subscriber("0899100100", 1350)
EMERGENCIES = {
    "15": Subscriber("15", 615),
    "17": Subscriber("17", 717),
    "18": Subscriber("18", 818),
    "112": Subscriber("112", 1112),
}


def telephone(site: Site, rank: int) -> Host:
    """A telephone of the site. Inconclusive if there are not so many."""
    found = site.members(TELEPHONES)
    if len(found) <= rank:
        raise Inconclusive(f"Moins de {rank + 1} téléphones à l'inventaire")
    return found[rank]


def carrier(site: Site) -> Host:
    """The exchange of the carrier. Inconclusive on a site that does not own it."""
    found = site.members(CARRIERS)
    if not found:
        raise Inconclusive("L'opérateur téléphonique n'est pas à l'inventaire : appels extérieurs à éprouver à la main")
    return found[0]


def employee(people: People, rank: int, *, abroad: bool = False) -> Account:
    """Somebody who has an extension; `abroad` tells whether he may call other countries."""
    found = [one for one in people.active if one.extension and (ABROAD_GROUP in one.groups) is abroad]
    if len(found) <= rank:
        raise Inconclusive(f"Fichier du personnel : moins de {rank + 1} employés de cette sorte")
    return found[rank]


def line(platform: Platform, people: People, person: Account, rank: int = 0, codecs: tuple[str, ...] = ()) -> Line:
    """An employee at the telephone of that rank."""
    host = telephone(platform.site, rank)
    return Line(
        host=host.name,
        address=str(host.address),
        interface=host.zones[0],
        extension=person.extension,
        password=people.secrets.sip(person.login),
        tone_hz=TONES_HZ[rank],
        codecs=codecs,
    )


def direct_number(site: Site, person: Account) -> str:
    """By which the outside calls an employee, and which it sees when he calls."""
    return f"{site.variables['site_direct_prefix']}{person.extension}"


def main_number(site: Site) -> str:
    """By which the outside calls the switchboard."""
    return f"{site.variables['site_direct_prefix']}{SWITCHBOARD}"


def building_number(site: Site, building: str) -> str:
    """What an emergency call from a building shows: 19, then the end of its VLAN's number (decision 0027)."""
    return f"{site.variables['site_direct_prefix']}19{(site.zone(building).vlan or 0) % 100:02}"
