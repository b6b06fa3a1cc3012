"""Ratios and figures of a run, and whether they meet their targets."""

from __future__ import annotations

import pytest

from benchmarks.options import COLD, NEVER_SCORED, OLD, SEQUENTIAL, SERVICE, YOUNG
from benchmarks.options import UNSCORED_SEQUENTIAL as UNSCORED
from benchmarks.results import Growth, Imports, Measured, Memory, Point, Series
from benchmarks.targets import TARGETS, Target, figures_of, ratios_of

MEMORY = Memory(at_rest=50, warm=160, at_end=176, requests=9, stamps=100_000)
IMPORTS = [Imports("the server", 400, 500, {}), Imports("Lambda", 210, 250, {})]


def measured(rate: float = 1, p50: float = 1, p99: float = 1, cpu: float = 1) -> Measured:
    """Return a measurement."""
    return Measured(100, rate, p50, p99, cpu, 2 * cpu)


def series(contender: str, connections: int, *rounds: Measured) -> Series:
    """Return the rounds of a contender."""
    return Series(contender, contender, connections, list(rounds))


def curve(name: str, rates: dict[int, float]) -> Growth:
    """Return a growth curve: size -> requests per second."""
    points = [Point(size, measured(rate)) for size, rate in rates.items()]
    return Growth(name, name, name, points, "")


@pytest.mark.parametrize(
    ("name", "above", "below"),
    [
        ("warm_c1_vs_sequential", (SERVICE, 1), (SEQUENTIAL, 1)),
        ("warm_c32_vs_sequential", (SERVICE, 32), (SEQUENTIAL, 32)),
        ("cold_c1_vs_sequential", (COLD, 1), (SEQUENTIAL, 1)),
        ("cold_c16_vs_sequential", (COLD, 16), (SEQUENTIAL, 16)),
        ("cold_c32_vs_sequential", (COLD, 32), (SEQUENTIAL, 32)),
        ("never_scored_vs_sequential", (NEVER_SCORED, 16), (UNSCORED, 16)),
        ("young_vs_old", (YOUNG, 4), (OLD, 4)),
    ],
)
def test_a_ratio_is_the_median_of_the_ratios_within_rounds(
    name: str, above: tuple[str, int], below: tuple[str, int]
) -> None:
    """Rounds are compared with themselves: a disturbed round changes both sides."""
    rates = [(60, 10), (80, 10), (7, 1)]
    found = ratios_of(
        [
            series(*above, *(measured(rate) for rate, _ in rates)),
            series(*below, *(measured(rate) for _, rate in rates)),
        ]
    )
    assert (found[name].min, found[name].median, found[name].max) == (6, 7, 8)


def test_latencies_are_compared_with_the_median_of_their_own_run() -> None:
    """p99_vs_p50 needs one contender only."""
    found = ratios_of([series(SERVICE, 1, measured(p50=2, p99=5), measured(p50=1, p99=4))])
    assert found.keys() == {"p99_vs_p50_c1"}
    assert found["p99_vs_p50_c1"].median == pytest.approx(3.25)


def test_memory_at_the_end_is_compared_with_warm_memory() -> None:
    """Growth of memory is a ratio."""
    assert ratios_of([], MEMORY)["memory_end_vs_warm"].median == pytest.approx(1.1)


def test_figures_come_from_everything_that_was_measured() -> None:
    """Each figure has its source."""
    rounds = [measured(cpu=cpu) for cpu in (1, 3, 2)]
    found = figures_of(
        [series(SERVICE, 1, *rounds), series(SERVICE, 32, *rounds)],
        [curve("stamps", {10: 2_000, 200: 900}), curve("addresses", {1_000: 2_000, 10_000: 1_000})],
        MEMORY,
        IMPORTS,
        {"first_score_ms": 340.0},
    )
    assert found == pytest.approx(
        {
            "postgresql_cpu_ms_c1": 4,
            "postgresql_cpu_ms_c32": 4,
            "python_cpu_ms_c1": 2,
            "python_cpu_ms_c32": 2,
            "memory_at_rest_mb": 50,
            "memory_100k_stamps_mb": 160,
            "lambda_import_ms": 210,
            "first_score_ms": 340,
            "warm_200_stamps_per_second": 900,
            "addresses_rate_per_tenfold": 0.5,
            "addresses_10m_extrapolated_per_second": 125,
        }
    )


def test_start_up_replaces_the_figure_of_imports() -> None:
    """The figures of whole processes take precedence."""
    found = figures_of([], [], None, IMPORTS, {"lambda_import_ms": 190.0})
    assert found == {"lambda_import_ms": 190.0}


def test_memory_with_fewer_stamps_is_not_that_of_100000() -> None:
    """A rehearsal caches a few stamps only."""
    few = Memory(at_rest=50, warm=60, at_end=60, requests=9, stamps=5_000)
    assert figures_of([], [], few, [], {}).keys() == {"memory_at_rest_mb"}


@pytest.mark.parametrize(
    ("word", "value", "is_met"),
    [
        ("at least", 1.6, True),
        ("at least", 1.59, False),
        ("at most", 1.6, True),
        ("at most", 1.61, False),
    ],
)
def test_a_target_is_a_bound(word: str, value: float, is_met: bool) -> None:
    """The bound itself meets it."""
    assert Target("name", word, 1.6, "what").is_met(value) is is_met


def test_every_target_can_be_measured() -> None:
    """No target is misspelled: a complete run has a value for each."""
    everything = [
        series(contender, connections, measured())
        for contender in (SERVICE, COLD, SEQUENTIAL, NEVER_SCORED, UNSCORED, YOUNG, OLD, "database")
        for connections in (1, 4, 16, 32, 256)
    ]
    start_up = {"first_score_ms": 1.0, "lambda_first_event_ms": 1.0}
    figures = figures_of(everything, [curve("stamps", {200: 1})], MEMORY, IMPORTS, start_up)
    for target in TARGETS:
        assert target.name in (figures if target.unit else ratios_of(everything, MEMORY))
        assert target.word in {"at least", "at most"}
