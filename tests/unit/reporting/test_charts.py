"""Charts as SVG."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from passport_scorer.reporting.charts import (
    Bar,
    Series,
    bar_chart,
    dual_axis_chart,
    percentile_chart,
    timeline_chart,
)

HOSTILE = "</svg><script>alert(1)</script>\"'&"
SVG = "{http://www.w3.org/2000/svg}"

CHARTS = {
    "percentiles": percentile_chart(HOSTILE, {HOSTILE: [(0.001, 0.01), (0.999, 0.2)]}),
    "timeline": timeline_chart(HOSTILE, [(0.0, 1), (1.0, 0), (2.0, 4)], 1.0, (0.0, 10.0)),
    "bars": bar_chart(HOSTILE, HOSTILE, [Bar(HOSTILE, 2, 1, 3)]),
    "two axes": dual_axis_chart(
        HOSTILE, HOSTILE, Series(HOSTILE, [(1, 10), (2, 20)]), Series(HOSTILE, [(1, 3), (2, 9)])
    ),
}


def attributes(chart: str, tag: str, name: str) -> list[float]:
    """Return the numbers of an attribute of all elements of a kind."""
    return [float(each.get(name, "")) for each in ElementTree.fromstring(chart).iter(tag)]


@pytest.mark.parametrize("name", CHARTS)
def test_texts_are_escaped(name: str) -> None:
    """Each chart is well-formed, shows hostile texts as text, and has no references."""
    root = ElementTree.fromstring(CHARTS[name])
    assert HOSTILE in root.itertext()
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= {"svg", "title", "style", "text", "line", "polyline", "rect", "circle"}
    assert not {"href", "onload"} & {key for element in root.iter() for key in element.attrib}


def test_slower_responses_are_higher() -> None:
    """Percentiles rise from left to right; a decade has the same height wherever it is."""
    chart = percentile_chart("x", {"control": [(0.001, 0.001), (0.9, 0.01), (0.99, 0.1)]})
    (line,) = ElementTree.fromstring(chart).iter("polyline")
    points = [tuple(map(float, each.split(","))) for each in line.get("points", "").split()]
    assert points[0][0] < points[1][0] < points[2][0]
    assert points[0][1] - points[1][1] == pytest.approx(points[1][1] - points[2][1], abs=0.2)
    assert [text for text in ElementTree.fromstring(chart).itertext() if text.endswith("s")] == [
        "1 ms",
        "10 ms",
        "100 ms",
    ]


def test_spans_without_events_have_no_bar() -> None:
    """A timeline has a bar for each span in which something happened, as high as it was often."""
    assert attributes(CHARTS["timeline"], "rect", "x") == [0.0, 60.0]
    assert attributes(CHARTS["timeline"], "rect", "height") == [8.5, 34.0]


def test_lengths_are_proportional() -> None:
    """A bar of twice the value is twice as long, and its range lies around its end."""
    chart = bar_chart("x", "y", [Bar("a", 100, 80, 120), Bar("b", 200, 200, 200)])
    _, first, second = ElementTree.fromstring(chart).iter(f"{SVG}rect")
    assert 2 * float(first.get("width", "")) == float(second.get("width", ""))
    low, high = (attributes(chart, f"{SVG}line", name)[0] for name in ("x1", "x2"))
    assert low < float(first.get("x", "")) + float(first.get("width", "")) < high


def test_each_line_has_its_axis() -> None:
    """Axes begin at zero and end at a round number that no point exceeds."""
    left, right = Series("a", [(1, 900), (4, 3100)]), Series("b", [(1, 0.5), (4, 7)])
    root = ElementTree.fromstring(dual_axis_chart("x", "sizes", left, right))
    labels = {
        side: [text.text for text in root.iter(f"{SVG}text") if text.get("class") == side]
        for side in ("left", "right")
    }
    assert labels["left"] == ["a", "0", "1,000", "2,000", "3,000", "4,000"]
    assert labels["right"] == ["b", "0", "2", "4", "6", "8"]
    assert all(50 <= float(each.get("cy", "")) <= 280 for each in root.iter(f"{SVG}circle"))
