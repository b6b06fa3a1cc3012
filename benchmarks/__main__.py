"""`python -m benchmarks`: measure the service, the database alone, and the usual design."""

from __future__ import annotations

import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import cyclopts
import msgspec
from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks import database
from benchmarks.comparison import Comparison
from benchmarks.contenders import Ground
from benchmarks.fresh import fresh_contenders
from benchmarks.growth import GrowthPlan
from benchmarks.imports import measure_imports
from benchmarks.load import write_addresses
from benchmarks.machine import describe, restrict_to
from benchmarks.options import FOLDER, GROWTH, NAMES, SERVICE, START_UP, Options
from benchmarks.report import write_report
from benchmarks.results import Growth, Imports, Memory, Results, Series
from benchmarks.stamps import Advance, StampSet
from benchmarks.start_up import measure_start_up
from benchmarks.targets import figures_of, ratios_of
from passport_scorer.tools.embedded_postgres import EmbeddedServer

PAGE = Path("docs/performance.md")
FIGURES = Path("benchmarks/results.json")
_STARTS = 9

app = cyclopts.App(name="python -m benchmarks", version_flags=[])
console = Console(stderr=True)


@app.default
def main(
    *,
    addresses: int = 10_000,
    stamps: int = 10,
    rounds: int = 3,
    seconds: float = 5,
    cores: int = 2,
    only: Annotated[tuple[str, ...], Parameter(consume_multiple=True)] = (),
    quick: bool = False,
    large: bool = False,
    soak: int = 0,
    output: Path | None = None,
) -> None:
    """Measure the service side by side with the database alone and the usual design.

    Starts its own PostgreSQL in a temporary folder, and changes nothing else. Linux only. The
    first run signs its stamps, which takes a minute; they are kept in .passport-scorer/benchmarks.

    Examples:

        python -m benchmarks                          everything: about 25 minutes

        python -m benchmarks --quick                  a rehearsal: three minutes, rough figures

        python -m benchmarks --only service database  two of the contenders

    Parameters
    ----------
    addresses
        The number of addresses with stamps.
    stamps
        The number of stamps per address.
    rounds
        The number of rounds; each measures everything once.
    seconds
        The duration of each measurement; whole seconds for wrk.
    cores
        The cores that service, PostgreSQL and load generator share.
    only
        Any of: service more-workers cold database sequential never-scored young growth
        start-up. Ratios to the sequential design need sequential.
    quick
        A small, short and complete rehearsal.
    large
        Also measure with 100,000 and a million addresses, ten million rows of stamps, and up to
        eight processes behind PgBouncer; takes 20 minutes and 25 GB of disk more.
    soak
        The number of extra requests at the end, to see whether memory grows: 1,000,000 is a good
        number, and takes a quarter of an hour.
    output
        The path of the page; docs/performance.md for a complete run. Numbers go next to it, or to
        benchmarks/results.json for a complete run.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # started processes are stopped
    if unknown := set(only) - set(NAMES):
        sys.exit(f"--only doesn't know {', '.join(unknown)}; it knows {' '.join(NAMES)}.")
    options = Options(
        addresses=min(addresses, 2_000) if quick else addresses,
        stamps=stamps,
        rounds=1 if quick else rounds,
        seconds=1 if quick else seconds,
        warm_up=0 if quick else 1,
        cores=restrict_to(cores),
        names=tuple(name for name in NAMES if not only or name in only),
        quick=quick,
        large=large,
        soak=soak,
    )
    run = Run(options)
    results = run.results()
    is_complete = options.is_complete and not run.was_cut_short
    page, figures = _places(output, is_complete=is_complete)
    write_report(results, page, None if is_complete else _CAVEAT)
    figures.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")
    console.print(f"Written to {page} and {figures}.")
    if run.was_cut_short:
        sys.exit(1)


_CAVEAT = "Not a complete run: these figures prove nothing."


class Run:
    """A run: its server, and its progress display.

    Attributes:
        was_cut_short: measuring growth failed; the results contain everything measured before.
    """

    def __init__(self, options: Options) -> None:
        self.was_cut_short = False
        self._options = options
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
        )

    def results(self) -> Results:
        """Measure everything that was requested."""
        names = self._options.names
        FOLDER.mkdir(parents=True, exist_ok=True)
        with self._progress, ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            few = self._options.quick
            server = stack.enter_context(
                database.running_server(database.FEW_LOG_FILES if few else database.LOG_FILES)
            )
            machine = describe(server.url, server.folder, self._options.cores)
            imports, start_up = self._start_up(server) if START_UP in names else ([], {})
            series: list[Series] = []
            growth: list[Growth] = []
            memory = None
            if set(names) - {START_UP}:
                series, growth, memory = self._comparison(server, folder)
            if GROWTH in names:
                plan = GrowthPlan(self._options, server, FOLDER, folder, self._note)
                try:
                    for curve in plan.curves():
                        growth.append(curve)
                except Exception:  # noqa: BLE001  the results so far are kept
                    console.print_exception()
                    self.was_cut_short = True
        return self._collected(machine, series, growth, memory, imports, start_up)

    def _comparison(
        self, server: EmbeddedServer, folder: Path
    ) -> tuple[list[Series], list[Growth], Memory]:
        options = self._options
        advance = self._note("stamps and scores", 2 * options.addresses)
        wanted = StampSet(options.addresses, options.stamps)
        loaded = database.load(server, wanted, FOLDER, advance)
        addresses = write_addresses(folder / "addresses", range(options.addresses))
        ground = Ground(loaded, database.server_process(server), addresses, folder)
        pgbench = server.installation.program("pgbench")
        growth: list[Growth] = []
        with ExitStack() as stack:
            fresh = fresh_contenders(options, ground, server, FOLDER, self._note)
            comparison = Comparison(options, ground, pgbench, fresh, stack, self._note)
            series = comparison.run()
            if GROWTH in options.names:
                plan = GrowthPlan(options, server, FOLDER, folder, self._note)
                growth.append(plan.by_connections(comparison.service))
            memory = comparison.memory()
        return series, growth, memory

    def _start_up(self, server: EmbeddedServer) -> tuple[list[Imports], dict[str, float]]:
        """Return the cost of imports, and figures: those of the attributes of `StartUp`."""
        advance = self._note("start-up", 2)
        imports = measure_imports()
        advance(1)
        figures = measure_start_up(server, 1 if self._options.quick else _STARTS)
        advance(1)
        return imports, msgspec.to_builtins(figures)

    def _collected(
        self,
        machine: dict[str, str],
        series: list[Series],
        growth: list[Growth],
        memory: Memory | None,
        imports: list[Imports],
        start_up: dict[str, float],
    ) -> Results:
        if SERVICE not in self._options.names:
            memory = None
        ratios = ratios_of(series, memory)
        return Results(
            machine=machine,
            options=msgspec.to_builtins(self._options),
            ratios={name: spread.median for name, spread in ratios.items()},
            ratio_ranges=ratios,
            figures=figures_of(series, growth, memory, imports, start_up),
            series=series,
            growth=growth,
            memory=memory,
            imports=imports,
        )

    def _note(self, what: str, total: int) -> Advance:
        """Show that a step has begun."""
        task = self._progress.add_task(what, total=total)
        return lambda count: self._progress.advance(task, count)


def _places(output: Path | None, *, is_complete: bool) -> tuple[Path, Path]:
    """Return the paths of the page and the numbers."""
    if output:
        return output, output.with_name("results.json")
    if is_complete:
        return PAGE, FIGURES
    return FOLDER / PAGE.name, FOLDER / FIGURES.name


if __name__ == "__main__":
    app()
