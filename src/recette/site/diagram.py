"""The site as a picture: the outside above, the two firewall levels in the middle, the internal zones below."""

from __future__ import annotations

from recette.site import cards
from recette.site.elements import Zone
from recette.site.model import Site
from recette.site.svg import Canvas

MARGIN, GAP, PAD, COLUMNS = 24, 16, 12, 6
WIDTH = 2 * MARGIN + COLUMNS * cards.WIDTH + (COLUMNS - 1) * GAP + 4 * PAD
MIDDLE = WIDTH / 2
LINK, TUNNEL = "#52606d", cards.COLOURS["tunnel"][1]
LEGEND = (
    ("internet", "Internet"),
    ("operateur", "accès d'opérateur"),
    ("tunnel", "joint par tunnel chiffré"),
    ("dmz", "DMZ"),
    ("interne", "zone interne"),
    ("production", "zone de production (IEC 62443)"),
    ("isolee", "zone isolée"),
)


def svg(site: Site) -> str:
    """Return the drawing of a site as SVG text, legend in French."""
    return _Plan(site).draw()


class _Plan:
    def __init__(self, site: Site) -> None:
        self.site = site
        self.canvas = Canvas(WIDTH, f"Plan du site {site.name}")

    def draw(self) -> str:
        title = f"Site {self.site.name} — {self.site.dns}"
        self.canvas.text(MARGIN, MARGIN + 14, title, size=18, bold=True)
        level1 = self._outside(MARGIN + 34)
        level2 = self._transit(level1)
        return self.canvas.close(self._legend(self._inside(level2) + 30) + MARGIN)

    def _zones(self, *roles: str) -> list[Zone]:
        return [zone for zone in self.site.zones.values() if zone.role in roles]

    def _pair(self, level: int, y: float) -> float:
        firewalls = [host for host in self.site.hosts.values() if host.level == level]
        if not firewalls:
            return y
        groups = ", ".join(sorted({host.redundancy for host in firewalls if host.redundancy}))
        return cards.draw_pair(self.canvas, firewalls, f"Pare-feux de niveau {level} — {groups}", MIDDLE, y)

    def _outside(self, y: float) -> float:
        """Draw the Internet, its accesses and the first level; return the bottom of the level."""
        operators = self._zones("operateur")
        top = max((self._card(zone, MIDDLE, y, columns=3) for zone in self._zones("internet")), default=y)
        accesses = top + 26
        tall = max((cards.height(self.site, zone) for zone in operators), default=0)
        level = accesses + tall + 26
        for index, zone in enumerate(operators):
            x = MIDDLE + (index - (len(operators) - 1) / 2) * (cards.WIDTH + 2 * GAP)
            self.canvas.path((x, top), (x, level), stroke=LINK)
            self._card(zone, x, accesses)
        self._side(y, level)
        return self._pair(1, level)

    def _card(self, zone: Zone, middle: float, y: float, columns: int = 1) -> float:
        return cards.draw_zone(self.canvas, self.site, zone, (middle - columns * cards.WIDTH / 2, y), columns)

    def _side(self, top: float, level: float) -> None:
        """Draw what hangs beside the first level: the tunnels on its left, the DMZ on its right."""
        left, right = MARGIN + cards.WIDTH / 2, WIDTH - MARGIN - cards.WIDTH / 2
        tunnels, bus, y = self._zones("tunnel"), MARGIN + cards.WIDTH + 24, top
        for zone in tunnels:
            self.canvas.path((bus, y + 24), (left, y + 24), stroke=TUNNEL, dashed=True)
            y = self._card(zone, left, y) + GAP
        if tunnels:
            self.canvas.path((bus, top + 24), (bus, level + 38), (MIDDLE, level + 38), stroke=TUNNEL, dashed=True)
        y = level - 20
        for zone in self._zones("dmz"):
            self.canvas.path((right, level + 38), (MIDDLE, level + 38), stroke=LINK)
            y = self._card(zone, right, y) + GAP

    def _transit(self, y: float) -> float:
        """Draw the transit and the second level; return the bottom of the level, or `y` where there is none."""
        if not any(host.level == 2 for host in self.site.hosts.values()):  # noqa: PLR2004 - the level's own number
            return y
        self.canvas.path((MIDDLE, y), (MIDDLE, y + 60), stroke=LINK)
        for zone in self._zones("transit"):
            self.canvas.rect(MIDDLE - 120, y + 18, 240, 24, fill="#ffffff", stroke=LINK)
            vlan = f" (VLAN {zone.vlan})" if zone.vlan else ""
            self.canvas.text(MIDDLE, y + 34, f"{zone.name} — {zone.network}{vlan}", anchor="middle")
            for index, line in enumerate(cards.lines(self.site, zone)):
                said = f"{line.name} : {line.address}"
                self.canvas.text(MIDDLE + 132, y + 26 + 15 * index, said, size=10.5, fill=LINK, italic=line.virtual)
        return self._pair(2, y + 60)

    def _inside(self, y: float) -> float:
        """Draw the internal zones, servers and production side by side, offices below; return the bottom."""
        offices = [zone for zone in self._zones("interne") if self._is_office(zone)]
        servers = [zone for zone in self._zones("interne", "isolee") if zone not in offices]
        bus, top = y + 18, y + 36
        split = MARGIN + _panel_width(4) + GAP / 2
        self.canvas.path((MIDDLE, y), (MIDDLE, bus), stroke=LINK)
        bottom = top
        for title, zones, x, columns in (
            ("Serveurs et services", servers, MARGIN, 4),
            ("Production", self._zones("production"), split + GAP / 2, 2),
        ):
            centre = x + _panel_width(columns) / 2
            if zones:
                self.canvas.path((MIDDLE, bus), (centre, bus), (centre, top), stroke=LINK)
                bottom = max(bottom, self._panel(title, zones, x, top, columns))
        if offices:
            self.canvas.path((MIDDLE, bus), (split, bus), (split, bottom + GAP), stroke=LINK)
            bottom = self._panel("Bâtiments", offices, MARGIN, bottom + GAP, COLUMNS)
        return bottom

    def _is_office(self, zone: Zone) -> bool:
        return any("postes" in host.groups for host in self.site.members(zone.name))

    def _panel(self, title: str, zones: list[Zone], x: float, y: float, columns: int) -> float:
        """Draw a titled grid of zones; return its bottom."""
        rows = [zones[start : start + columns] for start in range(0, len(zones), columns)]
        heights = [max(cards.height(self.site, zone) for zone in row) for row in rows]
        tall = 30 + sum(heights) + GAP * (len(rows) - 1) + PAD
        self.canvas.rect(x, y, _panel_width(columns), tall, fill="#fafbfc", stroke="#cbd2d9")
        self.canvas.text(x + PAD, y + 20, title, size=13, bold=True)
        top = y + 30
        for row, height in zip(rows, heights, strict=True):
            for index, zone in enumerate(row):
                corner = (x + PAD + index * (cards.WIDTH + GAP), top)
                cards.draw_zone(self.canvas, self.site, zone, corner)
            top += height + GAP
        return y + tall

    def _legend(self, y: float) -> float:
        """Draw the legend on two lines; return the bottom."""
        x: float = MARGIN
        for role, label in LEGEND:
            fill, stroke = cards.COLOURS[role]
            self.canvas.rect(x, y - 10, 18, 12, fill=fill, stroke=stroke, dashed=role in cards.DASHED)
            self.canvas.text(x + 24, y, label)
            x += 46 + 6.1 * len(label)
        y, x = y + 24, MARGIN
        self.canvas.rect(x, y - 10, 18, 12, fill=cards.FIREWALL_FILL, stroke=cards.FIREWALL)
        self.canvas.text(x + 24, y, "pare-feux (adresse de transit)")
        self.canvas.path((x + 246, y - 11), (x + 246, y + 3), stroke=cards.FIREWALL, width=2.5)
        self.canvas.text(x + 254, y, "groupe de redondance")
        self.canvas.path((x + 420, y - 4), (x + 450, y - 4), stroke=TUNNEL, dashed=True)
        self.canvas.text(x + 458, y, "tunnel chiffré")
        self.canvas.text(x + 580, y, "en italique : adresse virtuelle (VIP), passerelle de la zone")
        return y


def _panel_width(columns: int) -> float:
    if columns == COLUMNS:
        return WIDTH - 2 * MARGIN
    return columns * cards.WIDTH + (columns - 1) * GAP + 2 * PAD
