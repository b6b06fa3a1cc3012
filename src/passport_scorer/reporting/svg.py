"""SVG elements: every text and attribute is escaped by ElementTree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from xml.etree.ElementTree import Element, SubElement, indent, tostring

Point = tuple[float, float]

_SVG = "http://www.w3.org/2000/svg"
_FILE_STYLE = """
text { font: 12px sans-serif; fill: #222 }
line, polyline { stroke-width: 2; fill: none }
.grid { stroke: #ddd }
.bar { fill: #2563a8 }
.range { stroke: #c0392b }
polyline.left { stroke: #2563a8 }
polyline.right { stroke: #c0392b }
text.left, circle.left { fill: #2563a8 }
text.right, circle.right { fill: #c0392b }
text.heading { font-size: 15px }
text.quiet { fill: #777 }
"""


class Frame(NamedTuple):
    """The plotting area of a chart: the size of the chart, and the margins."""

    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int

    def x(self, share: float) -> float:
        """Place a share of the horizontal axis, 0 to 1."""
        return self.left + share * (self.width - self.left - self.right)

    def y(self, share: float) -> float:
        """Place a share of the vertical axis: 0 is the bottom, 1 the top."""
        return self.height - self.bottom - share * (self.height - self.top - self.bottom)


def inline_svg(css_class: str, width: int, height: int, description: str) -> Element:
    """Return an SVG element to embed in a page, which styles it; `description` is its text."""
    svg = Element("svg", {"viewBox": f"0 0 {width} {height}", "role": "img", "class": css_class})
    add(svg, "title", description)
    return svg


def svg_file(frame: Frame, title: str) -> Element:
    """Return the root of an SVG file with its style, on white, with a heading."""
    width, height = str(frame.width), str(frame.height)
    svg = Element("svg", xmlns=_SVG, width=width, height=height, viewBox=f"0 0 {width} {height}")
    add(svg, "style", _FILE_STYLE)
    add(svg, "rect", width="100%", height="100%", fill="white")
    add_text(svg, (10, 22), title, "heading")
    return svg


def written_file(svg: Element) -> str:
    """Return the text of an SVG file, an element a line."""
    indent(svg, "")
    return tostring(svg, "unicode") + "\n"


def add(parent: Element, tag: str, text: str | None = None, **attributes: float | str) -> None:
    """Add an element; `text_anchor` becomes `text-anchor`, `class_` becomes `class`."""
    written = {
        name.strip("_").replace("_", "-"): value if isinstance(value, str) else f"{value:.1f}"
        for name, value in attributes.items()
        if value != ""
    }
    SubElement(parent, tag, written).text = text


def add_text(svg: Element, at: Point, text: str, css_class: str = "", anchor: str = "") -> None:
    """Add a text whose anchor is at a point."""
    add(svg, "text", text, x=at[0], y=at[1], class_=css_class, text_anchor=anchor)


def add_line(svg: Element, start: Point, end: Point, css_class: str) -> None:
    """Add a straight line."""
    add(svg, "line", x1=start[0], y1=start[1], x2=end[0], y2=end[1], class_=css_class)


def add_polyline(svg: Element, points: Sequence[Point], css_class: str) -> None:
    """Add a line through points."""
    placed = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    add(svg, "polyline", class_=css_class, points=placed)
