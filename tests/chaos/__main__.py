"""`python -m tests.chaos`: bounded attacks and failures against real processes."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import cyclopts
import uvloop
from cyclopts import Parameter
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from tests.chaos.deployment import DatabaseServer, prepared, running_server
from tests.chaos.report import table, write_json
from tests.chaos.result import Plan, Result, Scenario
from tests.chaos.scenarios import SCENARIOS

app = cyclopts.App(name="python -m tests.chaos", version_flags=[])
console = Console(stderr=True)
output = Console(width=None if sys.stdout.isatty() else 160)


@app.default
def main(
    *,
    only: Annotated[tuple[str, ...], Parameter(consume_multiple=True)] = (),
    scale: Annotated[float, Parameter(validator=cyclopts.validators.Number(gt=0))] = 1.0,
    list_: Annotated[bool, Parameter(name="--list", negative=())] = False,
    json: Path | None = None,
    keep: Path | None = None,
) -> int:
    """Attack the service and inject failures, and show what was done and what was lost.

    Starts an embedded PostgreSQL in a temporary folder and uses only loopback addresses. Linux
    only. Exits with status 1 if an invariant is violated.

    Examples:

        python -m tests.chaos                          all scenarios: about 15 minutes

        python -m tests.chaos --scale 0.1              a rehearsal

        python -m tests.chaos --only racing --scale 5  300,000 racing requests

    Parameters
    ----------
    only
        The names of the scenarios to run.
    scale
        Multiplies the numbers and times of the scenarios.
    list_
        List the scenarios and exit.
    json
        Write the results to this file, too.
    keep
        Keep the logs of the instances in this folder.
    """
    chosen = [each for each in SCENARIOS if not only or each.name in only]
    if unknown := set(only) - {each.name for each in SCENARIOS}:
        console.print(f"Unknown scenario: {', '.join(sorted(unknown))} (see --list)")
        return 2
    if list_:
        for each in SCENARIOS:
            output.print(f"{each.name:12} {each.about}", highlight=False)
        return 0
    # SIGTERM must stop the processes that were started, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    results: dict[str, Result] = {}
    with tempfile.TemporaryDirectory(prefix="passport-scorer-chaos-") as name:
        if os.geteuid() == 0:
            Path(name).chmod(0o711)  # PostgreSQL runs as another account
        uvloop.run(run(chosen, scale, Path(name), keep or Path(name) / "logs", results))
    output.print(table(results))
    if json:
        write_json(results, json)
    return int(any(result.violations for result in results.values()))


async def run(
    chosen: Sequence[Scenario],
    scale: float,
    folder: Path,
    logs: Path,
    results: dict[str, Result],
) -> None:
    """Run scenarios one after another on one server, and add their results to `results`."""
    with running_server(folder) as embedded, shown_progress() as progress:
        server = await prepared(embedded, logs)
        for scenario in chosen:
            task = progress.add_task(f"{scenario.name}: {scenario.about}", total=None)
            plan = Plan(scale, lambda count, task=task: progress.advance(task, count))  # type: ignore[misc]
            results[scenario.name] = await outcome(scenario, server, plan)
            progress.update(task, total=1, completed=1)
            verdict = "; ".join(results[scenario.name].violations) or "ok"
            progress.console.print(f"{scenario.name}: {verdict}", highlight=False)


async def outcome(scenario: Scenario, server: DatabaseServer, plan: Plan) -> Result:
    """Run a scenario; an exception is a violation and does not stop the others."""
    result, began = Result(), time.monotonic()
    try:
        await scenario.run(server, plan, result)
    except Exception as error:  # noqa: BLE001 - one scenario must not stop the others
        console.print(traceback.format_exc(), highlight=False, markup=False)
        result.violations.append(f"raised {error!r}")
    result.seconds = time.monotonic() - began
    return result


def shown_progress() -> Progress:
    """Return the progress display: requests and time of each scenario."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.completed:,.0f} requests"),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=console)


if __name__ == "__main__":
    sys.exit(app())
