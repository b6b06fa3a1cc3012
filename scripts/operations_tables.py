"""Update the generated tables in docs/operations.md; with `--check`, only compare."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from passport_scorer.settings.help import HELP
from passport_scorer.settings.model import variables
from passport_scorer.settings.report import default_of
from passport_scorer.telemetry.metrics import ALL
from passport_scorer.telemetry.traces import SPANS
from scripts.generated_parts import update

DOCUMENT = Path(__file__).parents[1] / "docs" / "operations.md"


def configuration_table() -> str:
    """Return the table of all settings."""
    return _table(
        ("variable", "meaning", "default"),
        (
            (", else ".join(f"`{name}`" for name in variable.names), HELP[field].description, shown)
            for field, variable in variables().items()
            for shown in [default_of(field)]
        ),
    )


def metrics_table() -> str:
    """Return the table of all metrics."""
    return _table(
        ("metric", "kind", "labels", "meaning"),
        (
            (
                f"`{metric.full_name}`",
                metric.kind,
                ", ".join(f"`{label}`" for label in metric.labels),
                metric.description,
            )
            for metric in ALL
        ),
    )


def spans_table() -> str:
    """Return the table of all spans."""
    return _table(
        ("span", "what it covers", "attributes"),
        (
            (f"`{span.name}`", span.description, ", ".join(f"`{name}`" for name in span.attributes))
            for span in SPANS
        ),
    )


TABLES: Mapping[str, Callable[[], str]] = {
    "table: configuration": configuration_table,
    "table: metrics": metrics_table,
    "table: spans": spans_table,
}


def main() -> None:
    """Update the tables, or report that they are out of date."""
    update(DOCUMENT, TABLES)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    return "".join(_line(*cells) for cells in (head, ["---"] * len(head), *rows))


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |\n"


if __name__ == "__main__":
    main()
