"""What a run has found, as `docs/performance.md` with its charts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks import plot
from benchmarks.options import SERVICE
from benchmarks.results import Growth, Imports, Measured, Memory, Results, Series, Spread

REPRODUCE = "make bench"
LAMBDA_BUDGET_MS = 400
PYTHON_BUDGET_MS = 0.5
REST_BUDGET_MB = 120
GROWTH_BUDGET = 1.2


class Target(NamedTuple):
    """What was aimed at: at least so much of a ratio, or at most."""

    ratio: str
    word: str
    limit: float
    measure: str


TARGETS = (
    Target("warm_c32_vs_sequential", "at least", 8, "requests/s, 32 connections"),
    Target("p99_c32_vs_sequential", "at most", 0.25, "p99, 32 connections"),
    Target("warm_c32_vs_pgbench", "at least", 1, "requests/s, 32 connections"),
    Target("cold_c16_vs_sequential", "at least", 3, "requests/s, 16 connections, not warm"),
    Target("p50_c1_vs_pgbench", "at most", 1.6, "p50, one connection"),
    Target("warm_c256_vs_c32", "at least", 0.9, "requests/s, 256 connections"),
    Target("p99_c256_vs_c32", "at most", 8, "p99, 256 connections"),
)


def write_report(results: Results, path: Path, caveat: str | None) -> None:
    """Write the page, and its charts into the folder named like it.

    Args:
        results: what was found.
        path: the page.
        caveat: what readers must know first, if anything.
    """
    charts = path.with_suffix("")
    charts.mkdir(parents=True, exist_ok=True)
    for name, chart in _charts(results):
        (charts / f"{name}.svg").write_text(chart)
    sections = [
        "# Performance",
        *([f"**{caveat}**"] if caveat else []),
        f"Written by `{REPRODUCE}`; every figure is in `benchmarks/results.json`.",
        *_comparison(results, charts.name),
        *_targets(results),
        *(_growth(each, charts.name) for each in results.growth),
        *_memory(results.memory),
        *_imports(results.imports),
        *_method(results),
    ]
    path.write_text("\n\n".join(sections) + "\n")


def _charts(results: Results) -> Iterable[tuple[str, str]]:
    if results.series:
        rows = [
            (f"{each.title.partition(':')[0]}, {each.connections}", each.spread(_rate))
            for each in results.series
        ]
        yield "comparison", plot.bars("Requests in a second", "by number of connections", rows)
    for growth in results.growth:
        rates = [(point.size, point.measured.requests_per_second) for point in growth.points]
        latest = [(point.size, point.measured.p99_ms) for point in growth.points]
        yield growth.name, plot.curves(growth.title, growth.axis, rates, latest)


def _rate(measured: Measured) -> float:
    return measured.requests_per_second


def _comparison(results: Results, charts: str) -> Iterable[str]:
    if not results.series:
        return
    yield "## Comparison"
    yield (
        "Median of the rounds (smallest–largest). CPU is milliseconds for each request: of the"
        " service's processes, and of PostgreSQL's."
    )
    yield _table(
        ["", "connections", "requests/s", "p50, ms", "p99, ms", "Python CPU", "PostgreSQL CPU"],
        [_series_row(each) for each in results.series],
    )
    yield f"![Requests in a second]({charts}/comparison.svg)"


def _series_row(series: Series) -> list[str]:
    figures: Sequence[tuple[Callable[[Measured], float], str]] = (
        (_rate, ",.0f"),
        (lambda measured: measured.p50_ms, ".2f"),
        (lambda measured: measured.p99_ms, ".1f"),
        (lambda measured: measured.python_cpu_ms, ".2f"),
        (lambda measured: measured.postgresql_cpu_ms, ".2f"),
    )
    cells = [_spread(series.spread(figure), form) for figure, form in figures]
    return [series.title, str(series.connections), *cells]


def _spread(spread: Spread, form: str) -> str:
    if not spread.max:
        return "–"
    return f"{spread.median:{form}} ({spread.min:{form}}–{spread.max:{form}})"


def _targets(results: Results) -> Iterable[str]:
    if not results.ratios:
        return
    yield "## Targets"
    rows = []
    for target in TARGETS:
        if target.ratio in results.ratios:
            spread = results.ratio_ranges[target.ratio]
            more = target.word == "at least"
            met = spread.median >= target.limit if more else spread.median <= target.limit
            what = f"{target.measure} (`{target.ratio}`)"
            goal = f"{target.word} {target.limit:g}"
            rows.append([what, goal, _spread(spread, ".2f"), _yes(met)])
    rows += _budget_rows(results)
    yield _table(["measure", "target", "measured", "met"], rows)


def _budget_rows(results: Results) -> Iterable[list[str]]:
    """The targets that are no ratios."""
    for each in results.series:
        if each.contender == SERVICE and each.connections == 32:
            cpu = each.spread(lambda measured: measured.python_cpu_ms)
            met = cpu.median <= PYTHON_BUDGET_MS
            limit = f"at most {PYTHON_BUDGET_MS} ms"
            yield ["Python CPU of a request, 32 connections", limit, _spread(cpu, ".2f"), _yes(met)]
    if results.memory:
        rest, growth = results.memory.at_rest, results.memory.at_end / results.memory.warm
        limit = f"at most {REST_BUDGET_MB} MB"
        yield ["memory of a worker at rest", limit, f"{rest:.0f} MB", _yes(rest <= REST_BUDGET_MB)]
        what = f"memory after {results.memory.requests:,} more requests, of that when warm"
        yield [what, f"at most {GROWTH_BUDGET}", f"{growth:.2f}", _yes(growth <= GROWTH_BUDGET)]
    if results.imports:
        took = results.imports[-1].milliseconds
        limit = f"at most {LAMBDA_BUDGET_MS} ms"
        yield ["imports for Lambda", limit, f"{took:.0f} ms", _yes(took <= LAMBDA_BUDGET_MS)]


def _growth(growth: Growth, charts: str) -> str:
    rows = [
        [
            f"{point.size:,g}",
            f"{point.measured.requests_per_second:,.0f}",
            f"{point.measured.p50_ms:.2f}",
            f"{point.measured.p99_ms:.1f}",
            f"{point.measured.python_cpu_ms:.2f}",
            f"{point.measured.postgresql_cpu_ms:.2f}",
        ]
        for point in growth.points
    ]
    columns = ["requests/s", "p50, ms", "p99, ms", "Python CPU", "PostgreSQL CPU"]
    parts = [
        f"## How cost grows: {growth.title.lower()}",
        growth.note,
        _table([growth.axis, *columns], rows),
        f"![{growth.title}]({charts}/{growth.name}.svg)",
    ]
    return "\n\n".join(parts)


def _memory(memory: Memory | None) -> Iterable[str]:
    if memory:
        yield "## Memory"
        yield (
            f"The largest worker takes {memory.at_rest:.0f} MB at rest, {memory.warm:.0f} MB when"
            f" it knows every address, and {memory.at_end:.0f} MB after {memory.requests:,} more"
            " requests to the service."
        )


def _imports(imports: Sequence[Imports]) -> Iterable[str]:
    if not imports:
        return
    yield "## Start-up"
    rows = [
        [each.what, f"{each.milliseconds:.0f}", f"{each.wall_milliseconds:.0f}"] for each in imports
    ]
    yield _table(["import", "`-X importtime`, ms", "wall clock, ms"], rows)
    yield f"What takes longest of {imports[-1].what}, without what it imports itself:"
    largest = [[f"`{name}`", f"{ms:.1f}"] for name, ms in imports[-1].largest.items()]
    yield _table(["module", "ms"], largest)


def _method(results: Results) -> Iterable[str]:
    yield "## How it was measured"
    yield _table(["", ""], [[name, text] for name, text in results.machine.items()])
    options = ", ".join(f"{name} {value}" for name, value in results.options.items())
    yield f"Options: {options}."
    yield _METHOD
    yield "## Again"
    yield (
        f"`{REPRODUCE}` measures this in 20 minutes, and"
        " `.venv/bin/python -m benchmarks --large --soak 1000000` in 35 also what takes longer:"
        " 100,000 addresses, and the memory after a million requests. Either writes this page;"
        " `--quick` is a rehearsal of two minutes, and `--help` tells the rest."
        " Signed stamps are kept in `.passport-scorer/benchmarks`."
    )


_METHOD = """\
- Service, PostgreSQL and load generator run on the same cores; nothing has any to itself.
- PostgreSQL is one that has run for a while: the files of its write-ahead log are there already,
  and no checkpoint falls into a measurement.
- Every address has been scored before, and tables are vacuumed and analysed. *Warm*: before
  anything is measured, each address is asked for so often that each worker knows all but one in two
  hundred (`REMEMBERED_STAMPS` has room for all of them). *Nothing remembered*: with
  `REMEMBERED_STAMPS=0`, each request verifies its signatures.
- Contenders are measured in turn, round after round, each after a warm-up under the same load. A
  ratio is taken within a round; the median of the rounds counts. One failed request fails the run.
- Connections ask again as soon as they have their answer, for an address at random. wrk adds to
  its latencies what a stalled connection has kept others from asking; pgbench doesn't.
- *The database alone* is pgbench (`--protocol=prepared`) with the service's two statements. Their
  parameters were overheard from the service, and come from a table instead of the network; before
  anything is measured, plans are compared, and after it, scores and events are counted. The
  service does more: it also writes a row of usage analytics for each request.
- *The sequential design* (`benchmarks/sequential.py`) gives the same answers, which is checked,
  with the same libraries, rules and indexes, and a worker for each core: 26 round trips one after
  the other, stamps and links written whether they differ, each signature checked each time. It
  works on a copy of the database, as it replaces rows that the service remembers."""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _yes(met: bool) -> str:  # noqa: FBT001
    return "yes" if met else "**no**"
