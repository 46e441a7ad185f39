"""The site as tables and as a picture: complete, legible, nothing over anything else."""

from __future__ import annotations

from io import StringIO
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from recette.site import Site
from recette.site.diagram import svg
from recette.site.show import tables

ROOT = Path(__file__).parents[2]
NAMESPACE = "{http://www.w3.org/2000/svg}"
Box = tuple[float, float, float, float]


@pytest.fixture(scope="module", params=["jumeau", "modele"])
def site(request: pytest.FixtureRequest) -> Site:
    return Site.load(ROOT / "sites" / request.param)


@pytest.fixture(scope="module")
def drawing(site: Site) -> ET.Element:
    return ET.fromstring(svg(site))  # noqa: S314 - our own drawing


def boxes(drawing: ET.Element) -> list[Box]:
    """Return every rectangle but the background, as left, top, right, bottom."""
    found = [rect.attrib for rect in drawing.iter(f"{NAMESPACE}rect") if "x" in rect.attrib]
    sides = [[float(rect[key]) for key in ("x", "y", "width", "height")] for rect in found]
    return [(x, y, x + width, y + height) for x, y, width, height in sides]


def test_every_zone_and_host_is_drawn(site: Site, drawing: ET.Element) -> None:
    written = " ".join(text.text or "" for text in drawing.iter(f"{NAMESPACE}text"))
    for zone in site.zones.values():
        assert zone.name in written
        assert str(zone.network) in written
    for host in site.hosts.values():
        assert host.name in written
        assert str(host.address) in written
    for label in ("Pare-feux de niveau 1", "Pare-feux de niveau 2", "Production", "groupe de redondance"):
        assert label in written


def test_rectangles_hold_one_another_or_stay_apart(drawing: ET.Element) -> None:
    for one, other in combinations(boxes(drawing), 2):
        apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
        inside = (
            all(a <= b for a, b in zip(one[:2], other[:2], strict=True)) and one[2] >= other[2] and one[3] >= other[3]
        )
        assert apart or inside, (one, other)


def test_everything_is_inside_the_picture(drawing: ET.Element) -> None:
    width, height = float(drawing.attrib["width"]), float(drawing.attrib["height"])
    for left, top, right, bottom in boxes(drawing):
        assert left >= 0
        assert top >= 0
        assert right <= width
        assert bottom <= height
    for text in drawing.iter(f"{NAMESPACE}text"):
        assert 0 <= float(text.attrib["x"]) <= width
        assert 0 <= float(text.attrib["y"]) <= height


def test_lines_of_a_card_do_not_meet(drawing: ET.Element) -> None:
    """A name (from the left) and its address (up to the right) on one base line leave room for each other."""
    texts = [text for text in drawing.iter(f"{NAMESPACE}text") if text.text]
    for one, other in combinations(texts, 2):
        if one.attrib["y"] == other.attrib["y"]:
            (_, end), (start, _) = sorted((extent(one), extent(other)))
            assert end <= start, (one.text, other.text)


def extent(text: ET.Element) -> tuple[float, float]:
    """Return the left and right of a text, letters counted 0.58 of the font size wide."""
    x, width = float(text.attrib["x"]), 0.58 * float(text.attrib["font-size"]) * len(text.text or "")
    left = {"start": x, "middle": x - width / 2, "end": x - width}[text.attrib["text-anchor"]]
    return left, left + width


def test_drawing_is_reproducible_and_self_contained(site: Site) -> None:
    drawn = svg(site)
    assert drawn == svg(site)
    assert "href" not in drawn
    assert "url(" not in drawn


def test_tables_show_zones_hosts_and_flows(site: Site) -> None:
    zones, hosts, flows = tables(site)
    counts = (len(site.zones), len(site.hosts), len(site.flows))
    assert (zones.row_count, hosts.row_count, flows.row_count) == counts
    console = Console(width=250, record=True, file=StringIO())
    for table in (zones, hosts, flows):
        console.print(table)
    shown = console.export_text()
    assert all(name in shown for name in (*site.zones, *site.hosts, *(flow.id for flow in site.flows)))
    assert "published" in shown
