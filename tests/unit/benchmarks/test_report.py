"""The report of a run."""

from __future__ import annotations

from pathlib import Path

import msgspec

from benchmarks.options import SEQUENTIAL, SERVICE, YOUNG
from benchmarks.report import write_report
from benchmarks.results import Measured, Memory, Results, Series
from benchmarks.targets import figures_of, ratios_of

SERIES = [
    Series(SERVICE, "the service", 32, [Measured(9, 1300, 2, 5, 0.2, 0.3)]),
    Series(SEQUENTIAL, "the sequential design", 32, [Measured(9, 100, 2, 5, 3, 3)]),
    Series(
        YOUNG,
        "a young database",
        4,
        [Measured(9, 25, 1, 1, 1, 1, [104, 31, 18]), Measured(9, 25, 1, 1, 1, 1, [102, 33, 20])],
    ),
]
MEMORY = Memory(at_rest=63, warm=348, at_end=354, requests=9, stamps=100_000)


def results() -> Results:
    """Return the results of a small run."""
    ratios = ratios_of(SERIES, MEMORY)
    return Results(
        machine={"cores": "2"},
        options={"quick": True},
        ratios={name: spread.median for name, spread in ratios.items()},
        ratio_ranges=ratios,
        figures=figures_of(SERIES, [], MEMORY, [], {"first_score_ms": 300.4}),
        series=SERIES,
        growth=[],
        memory=MEMORY,
        imports=[],
    )


def report(folder: Path, caveat: str | None = None) -> str:
    """Return the page of the results."""
    write_report(results(), folder / "performance.md", caveat)
    return (folder / "performance.md").read_text()


def test_targets_that_were_measured_are_listed(tmp_path: Path) -> None:
    """Ratios with their range, figures with their unit."""
    page = report(tmp_path)
    row = "(`warm_c32_vs_sequential`) | at least 12 | 13.00 (13.00–13.00) | yes |"
    assert row in page
    assert "(`memory_100k_stamps_mb`) | at most 160 MB | 348 MB | **no** |" in page
    assert "(`first_score_ms`) | at most 350 ms | 300 ms | yes |" in page
    assert "(`python_cpu_ms_c32`) | at most 0.5 ms | 0.20 ms | yes |" in page
    assert "cold_c1_vs_sequential" not in page


def test_seconds_are_medians_of_the_rounds(tmp_path: Path) -> None:
    """A young database shows how it goes on from its first second."""
    assert "| a young database | 103 | 32 | 19 |" in report(tmp_path)


def test_a_rehearsal_says_so_first(tmp_path: Path) -> None:
    """Its figures prove nothing."""
    assert report(tmp_path, "Not complete.").splitlines()[2] == "**Not complete.**"
    assert (tmp_path / "performance" / "comparison.svg").exists()


def test_results_can_be_read_again() -> None:
    """The file has everything; seconds only where they were measured."""
    text = msgspec.json.encode(results())
    assert msgspec.json.decode(text, type=Results) == results()
    assert text.count(b"by_second") == 2
