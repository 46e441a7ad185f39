"""Just enough SVG to draw a plan: rectangles, lines and text, with system fonts only."""

from __future__ import annotations

from typing import Literal
from xml.etree import ElementTree as ET

Anchor = Literal["start", "middle", "end"]
SANS = "DejaVu Sans, Verdana, Arial, sans-serif"
MONO = "DejaVu Sans Mono, Consolas, monospace"


class Canvas:
    """A drawing in pixels, origin at the top left."""

    def __init__(self, width: float, title: str) -> None:
        """Open a drawing of a known width; its height is set last, by `text_of`."""
        self.width = width
        self._root = ET.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "font-family": SANS, "role": "img"})
        ET.SubElement(self._root, "title").text = title
        self._background = ET.SubElement(self._root, "rect", {"fill": "#ffffff"})

    def rect(  # noqa: PLR0913 - a rectangle is four numbers and its look
        self, x: float, y: float, width: float, height: float, *, fill: str, stroke: str = "none", dashed: bool = False
    ) -> None:
        """Draw a rectangle with rounded corners."""
        look = {"fill": fill, "stroke": stroke, "stroke-width": "1.2", "rx": "6"}
        box = {"x": _px(x), "y": _px(y), "width": _px(width), "height": _px(height)}
        ET.SubElement(self._root, "rect", box | look | ({"stroke-dasharray": "5 4"} if dashed else {}))

    def path(self, *points: tuple[float, float], stroke: str, width: float = 2, dashed: bool = False) -> None:
        """Draw a broken line."""
        look = {"fill": "none", "stroke": stroke, "stroke-width": _px(width), "stroke-linejoin": "round"}
        line = {"points": " ".join(f"{_px(x)},{_px(y)}" for x, y in points)}
        ET.SubElement(self._root, "polyline", line | look | ({"stroke-dasharray": "7 5"} if dashed else {}))

    def text(  # noqa: PLR0913 - a text is a place, a string and its look
        self,
        x: float,
        y: float,
        string: str,
        *,
        size: float = 11,
        fill: str = "#1f2933",
        anchor: Anchor = "start",
        bold: bool = False,
        italic: bool = False,
        mono: bool = False,
    ) -> None:
        """Write a line; `y` is its base line."""
        look = {"x": _px(x), "y": _px(y), "font-size": _px(size), "fill": fill, "text-anchor": anchor}
        look |= {"font-weight": "bold"} if bold else {}
        look |= {"font-style": "italic"} if italic else {}
        look |= {"font-family": MONO} if mono else {}
        ET.SubElement(self._root, "text", look).text = string

    def close(self, height: float) -> str:
        """Return the drawing as SVG text, now that its height is known."""
        size = {"width": _px(self.width), "height": _px(height)}
        self._background.attrib.update(size)
        self._root.attrib.update(size, viewBox=f"0 0 {_px(self.width)} {_px(height)}")
        ET.indent(self._root)
        return ET.tostring(self._root, encoding="unicode") + "\n"


def _px(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
