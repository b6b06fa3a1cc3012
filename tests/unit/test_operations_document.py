"""The handbook of operators says what the code does; dashboards and alerts fit it."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from passport_scorer.telemetry.metric_types import PREFIX
from passport_scorer.telemetry.metrics import ALL

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "operations.md").read_text("utf-8")
ALERTS = yaml.load(
    (ROOT / "deploy" / "prometheus" / "alerts.yaml").read_text("utf-8"), yaml.CSafeLoader
)
DASHBOARD = json.loads((ROOT / "deploy" / "grafana" / "dashboard.json").read_text("utf-8"))
RULES = [rule for group in ALERTS["groups"] for rule in group["rules"]]
LEVELS = ("debug", "info", "warning", "error", "critical")
# Libraries decide on the fields of their own messages.
AS_THEY_COME = {("library_message", "warning or more")}


def series() -> dict[str, tuple[str, ...]]:
    """The name of each series that is scraped -> its labels."""
    found = {}
    for metric in ALL:
        if metric.kind == "histogram":
            found[metric.full_name + "_bucket"] = (*metric.labels, "le")
            found[metric.full_name + "_sum"] = found[metric.full_name + "_count"] = metric.labels
        else:
            found[metric.full_name] = metric.labels
    return found


def expressions() -> Iterator[str]:
    """Everything that alerts and panels ask Prometheus."""
    yield from (rule["expr"] for rule in RULES)
    for panel in DASHBOARD["panels"]:
        yield from (target["expr"] for target in panel.get("targets", []))


def logged(source: str) -> Iterator[tuple[str, str]]:
    """Each event that some code logs, and its level."""
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "log"
            and node.func.attr in LEVELS
        ):
            assert isinstance(node.args[0], ast.Constant), ast.unparse(node)
            yield str(node.args[0].value), node.func.attr


def test_tables_are_those_of_the_code() -> None:
    """Settings, metrics and spans in the document are those of the code; `make docs` renews."""
    script = [sys.executable, "-m", "scripts.operations_tables", "--check"]
    checked = subprocess.run(script, capture_output=True, cwd=ROOT, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


def test_every_log_event_is_documented() -> None:
    """The table of events has each that the code logs, with its level, and no other."""
    in_code = {
        event for path in (ROOT / "src").rglob("*.py") for event in logged(path.read_text("utf-8"))
    }
    section = DOCUMENT.partition("### Logs")[2].partition("### Metrics")[0]
    in_table = set(re.findall(r"^\| `(\w+)` \| ([\w ]+) \| .+ \|$", section, re.MULTILINE))
    assert in_table - AS_THEY_COME == in_code


def test_metrics_are_named_as_prometheus_asks() -> None:
    """Counters end in `_total`, durations in `_seconds`, and each has a description."""
    for metric in ALL:
        assert re.fullmatch(r"[a-z]+(_[a-z]+)+", metric.name)
        assert (metric.kind == "counter") == metric.name.endswith("_total")
        assert metric.description.endswith(".")
        assert ("duration" in metric.name or "wait" in metric.name.split("_")) <= (
            metric.name.endswith("_seconds")
        )
    assert len({metric.name for metric in ALL}) == len(ALL)


@pytest.mark.parametrize("expression", sorted(set(expressions())))
def test_selected_series_exist(expression: str) -> None:
    """Each series in a panel or an alert is scraped, with the labels that it selects."""
    known = series()
    names = re.findall(rf"{PREFIX}\w+", expression)
    assert names
    assert set(names) <= known.keys()
    for name, selector in re.findall(rf"({PREFIX}\w+)\{{(.*?)\}}", expression):
        assert set(re.findall(r"(\w+)\s*[!=]", selector)) <= set(known[name])
    labels = {label for name in names for label in known[name]}
    for grouping in re.findall(r"by \((.*?)\)", expression):
        assert set(re.split(r"\s*,\s*", grouping)) <= labels
    assert expression.count("(") == expression.count(")")


def test_every_metric_is_on_the_dashboard() -> None:
    """The dashboard shows everything that is measured."""
    asked = " ".join(expressions())
    assert not [metric.name for metric in ALL if metric.full_name not in asked]


def test_panels_have_places_of_their_own() -> None:
    """No two panels overlap, all fit on the grid, and none has another's id."""
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not taken & cells, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("rule", RULES, ids=[rule["alert"] for rule in RULES])
def test_an_alert_says_what_to_do(rule: dict[str, Any]) -> None:
    """Each has a severity, a sentence, and a section of the runbook."""
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["annotations"]["summary"].endswith(".")
    assert rule["annotations"]["runbook"] == f"docs/operations.md#{rule['alert'].lower()}"
    section = re.search(rf"^### {rule['alert']}\n\n(.+)", DOCUMENT, re.MULTILINE)
    assert section
    assert len(section[1]) > 50


def test_every_section_of_the_runbook_has_an_alert() -> None:
    """The runbook has no section that nothing leads to."""
    sections = re.findall(r"^### (PassportScorer\w+)$", DOCUMENT, re.MULTILINE)
    assert sorted(sections) == sorted(rule["alert"] for rule in RULES)
