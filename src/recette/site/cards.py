"""Cards of the plan: a zone with its hosts, a pair of firewalls."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from recette.site.elements import Host, Zone
from recette.site.model import Site
from recette.site.svg import Canvas

WIDTH, ROW, HEAD, PAD = 190, 16, 42, 10
FIREWALL_FILL, FIREWALL = "#fdecea", "#b3261e"
MUTED = "#52606d"
COLOURS = {
    "internet": ("#eceff3", "#52606d"),
    "operateur": ("#dfe5ec", "#3e4c59"),
    "tunnel": ("#f1eafa", "#6b3fa0"),
    "dmz": ("#fff4d6", "#a86400"),
    "transit": ("#ffffff", "#52606d"),
    "interne": ("#e6f0fb", "#1f5fa8"),
    "production": ("#e3f5e6", "#23783a"),
    "isolee": ("#f5f5f4", "#78716c"),
}
"""Fill and stroke of each role of zone."""
NAMED_ZONES = 4
"""Zones of a firewall that fit on its line by name; beyond, they are counted."""
LETTER = 0.6
"""Mean width of a letter, for a font size of one."""
DASHED = {"tunnel", "isolee"}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a card: who, at which address, and the redundancy group that joins it to its neighbours."""

    name: str
    address: str
    group: str | None = None
    virtual: bool = False


def lines(site: Site, zone: Zone) -> list[Line]:
    """Return what stands in a zone: its hosts, then its virtual addresses."""
    found = [
        Line(host.name, str(host.interface(zone.name).address), host.redundancy) for host in site.members(zone.name)
    ]
    for group, addresses in site.vips.items():
        if zone.name in addresses:
            name = "passerelle" if addresses[zone.name] == zone.gateway else f"VIP {group}"
            found.append(Line(name, str(addresses[zone.name]), virtual=True))
    return found


def height(site: Site, zone: Zone, columns: int = 1) -> float:
    """Return the height of the card of a zone, in pixels."""
    return HEAD + ROW * max(1, -(-len(lines(site, zone)) // columns)) + PAD


def draw_zone(canvas: Canvas, site: Site, zone: Zone, corner: tuple[float, float], columns: int = 1) -> float:
    """Draw the card of a zone from its top left corner, its hosts on one or several columns; return its bottom."""
    (x, y), (fill, stroke) = corner, COLOURS[zone.role]
    width = columns * WIDTH
    tall = height(site, zone, columns)
    canvas.rect(x, y, width, tall, fill=fill, stroke=stroke, dashed=zone.role in DASHED)
    canvas.text(x + PAD, y + 18, zone.name, size=13, fill=stroke, bold=True)
    if zone.vlan:
        canvas.text(x + width - PAD, y + 33, f"VLAN {zone.vlan}", size=10, fill=stroke, anchor="end")
    canvas.text(x + PAD, y + 33, str(zone.network), size=10, fill=MUTED, mono=True)
    every = lines(site, zone)
    rows = -(-len(every) // columns)
    for column in range(columns):
        _draw_lines(canvas, every[column * rows : (column + 1) * rows], x + column * WIDTH, y + HEAD)
    if not every:
        canvas.text(x + PAD, y + HEAD + 12, "adresses attribuées à la connexion", size=10, fill=MUTED, italic=True)
    return y + tall


def _draw_lines(canvas: Canvas, rows: list[Line], x: float, y: float) -> None:
    index = 0
    for group, run in groupby(rows, key=lambda line: line.group):
        members = list(run)
        if group and len(members) > 1:
            top = y + ROW * index
            canvas.path((x + 5, top + 3), (x + 5, top + ROW * len(members) - 2), stroke=FIREWALL, width=2.5)
        for line in members:
            base = y + ROW * index + 12
            colour = MUTED if line.virtual else "#1f2933"
            size = _fitting(line)
            canvas.text(x + PAD, base, line.name, size=size, fill=colour, italic=line.virtual)
            canvas.text(x + WIDTH - PAD, base, line.address, size=0.95 * size, fill=colour, anchor="end", mono=True)
            index += 1


def _fitting(line: Line) -> float:
    """Return the font size, 11 at most, at which a name and its address stand side by side."""
    letters = len(line.name) + len(line.address) + 1
    return min(11, (WIDTH - 2 * PAD) / (LETTER * letters))


def draw_pair(canvas: Canvas, firewalls: Iterable[Host], title: str, middle: float, y: float) -> float:
    """Draw the firewalls of a level side by side, centred on `middle`; return the bottom."""
    pair = list(firewalls)
    width = len(pair) * (WIDTH + PAD) + PAD
    left = middle - width / 2
    canvas.rect(left, y, width, 76, fill=FIREWALL_FILL, stroke=FIREWALL)
    canvas.text(middle, y + 18, title, size=13, fill=FIREWALL, bold=True, anchor="middle")
    for index, host in enumerate(pair):
        x = left + PAD + index * (WIDTH + PAD)
        canvas.rect(x, y + 28, WIDTH, 38, fill="#ffffff", stroke=FIREWALL)
        canvas.text(x + PAD, y + 44, host.name, bold=True)
        canvas.text(x + WIDTH - PAD, y + 44, str(host.address), size=10.5, anchor="end", mono=True)
        zones = ", ".join(host.zones) if len(host.zones) <= NAMED_ZONES else f"{len(host.zones)} zones"
        canvas.text(x + PAD, y + 60, zones, size=10, fill=MUTED)
    return y + 76
