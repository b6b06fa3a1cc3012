"""The floors of coverage: which package a file counts for, and the message about each."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from scripts.coverage_floors import FLOORS, SOURCE, compared, package_of, percentages

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("path", "package"),
    [
        ("app.py", "app"),
        ("domain/scoring.py", "domain"),
        ("api/v2/score.py", "api"),
        ("tools/aws/rules.py", "tools.aws"),
        ("tools/__init__.py", "tools"),
    ],
)
def test_a_file_counts_for_its_package(path: str, package: str) -> None:
    """Each tool has a floor of its own, as each package at the top."""
    assert package_of(SOURCE / path) == package


def test_lines_and_branches_count_alike() -> None:
    """Three of four lines and one of two branches are four of six."""
    summary = {
        "num_statements": 4,
        "covered_lines": 3,
        "num_branches": 2,
        "covered_branches": 1,
    }
    empty = {"num_statements": 0, "covered_lines": 0, "num_branches": 0, "covered_branches": 0}
    files = {str(SOURCE / "app.py"): summary, str(SOURCE / "tools" / "__init__.py"): empty}
    assert percentages(files) == {"app": pytest.approx(100 * 4 / 6)}


@pytest.mark.parametrize(
    ("measured", "floors", "below", "above"),
    [
        ({"api": 90.0}, {"api": 90}, [], []),
        ({"api": 90.9}, {"api": 90}, [], []),
        ({"api": 89.99}, {"api": 90}, ["api: 89.99 % is below its floor of 90 %"], []),
        ({"api": 93.7}, {"api": 90}, [], [f"api: raise its floor of 90 to 93 in {FLOORS}"]),
        ({"api": 93.7}, {}, [f"api: no floor in {FLOORS}; it has 93"], []),
        ({}, {"api": 90}, [f"api: a floor in {FLOORS}, but no such package"], []),
    ],
)
def test_messages(
    measured: dict[str, float], floors: dict[str, int], below: list[str], above: list[str]
) -> None:
    """A package that falls, a new one and one that is gone fail; one that rises is pointed out."""
    assert compared(measured, floors) == (below, above)


def test_every_package_has_a_floor() -> None:
    """The file names every package, and demands 100 % of the rules and of verification."""
    floors = tomllib.loads((ROOT / FLOORS).read_text("utf-8"))["floors"]
    root = ROOT / SOURCE
    files = [file.relative_to(ROOT) for file in root.rglob("*.py") if file.read_text("utf-8")]
    packages = {package_of(Path(file)) for file in files} - {"__init__", "tools", "__main__"}
    assert packages <= floors.keys()
    for package in ("domain", "credentials", "ethereum", "tools.aws"):
        assert floors[package] == 100
