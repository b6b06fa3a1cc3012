"""The results as a table and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from rich.table import Table

from tests.chaos.result import Result

OK = "[green]ok[/green]"
VIOLATED = "[red]VIOLATED[/red]"


def table(results: Mapping[str, Result]) -> Table:
    """Return the results as a table."""
    shown = Table(title="Chaos", show_lines=True)
    for name in ("scenario", "done", "answers", "violations", "lost", "verdict"):
        shown.add_column(name, justify="right" if name == "lost" else "left", overflow="fold")
    for name, result in results.items():
        done = [f"{count:,} {what}" for what, count in result.done.items()]
        answers = [f"{group}: {tally}" for group, tally in result.tallies.items()]
        shown.add_row(
            name,
            "\n".join([*done, f"{result.seconds:.0f} s"]),
            "\n".join([*answers, *(f"[dim]{note}[/dim]" for note in result.notes)]),
            "\n".join(result.violations) or "0",
            f"{result.lost:,}",
            VIOLATED if result.violations else OK,
        )
    return shown


def write_json(results: Mapping[str, Result], file: Path) -> None:
    """Write the results as JSON: scenario -> result."""
    told = {name: result.as_json() for name, result in results.items()}
    file.write_text(json.dumps(told, indent=2) + "\n")
