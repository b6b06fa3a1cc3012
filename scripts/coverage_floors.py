"""Compare the coverage of each package with its floor, after a run of all tests.

    python scripts/coverage_floors.py

Reads `.coverage` and `tests/coverage_floors.toml`. Lines and branches count, those that the tests'
own processes run; services that tests start are not measured, which would take a third longer.
Exit status: 0 if no package is below its floor, 1 if one is or has none.
"""

from __future__ import annotations

import json
import math
import sys
import tempfile
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from coverage import Coverage

FLOORS = Path("tests/coverage_floors.toml")
SOURCE = Path("src/passport_scorer")
TOOLS = "tools"
SLACK = 1  # points that a package may be above its floor before the check demands to raise it


def main() -> int:
    """Print what is wrong and what can be raised, and return the exit status."""
    floors = tomllib.loads(FLOORS.read_text("utf-8"))["floors"]
    measured = percentages(measured_files())
    below, above = compared(measured, floors)
    for line in (*above, *below):
        print(line)
    return 1 if below else 0


def measured_files() -> Mapping[str, Any]:
    """Return path -> summary of `coverage json`, for every file."""
    coverage = Coverage()
    coverage.load()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        coverage.json_report(outfile=str(report))
        files: Mapping[str, Any] = json.loads(report.read_text("utf-8"))["files"]
    return {path: file["summary"] for path, file in files.items()}


def percentages(files: Mapping[str, Any]) -> dict[str, float]:
    """Return package -> percentage of its lines and branches that were run."""
    covered: dict[str, int] = defaultdict(int)
    existing: dict[str, int] = defaultdict(int)
    for path, summary in files.items():
        package = package_of(Path(path))
        covered[package] += summary["covered_lines"] + summary.get("covered_branches", 0)
        existing[package] += summary["num_statements"] + summary.get("num_branches", 0)
    return {name: 100 * covered[name] / total for name, total in existing.items() if total}


def package_of(path: Path) -> str:
    """Return the package that a file counts for: the top one, below `tools` the next one."""
    parts = path.with_suffix("").relative_to(SOURCE).parts
    depth = 2 if parts[0] == TOOLS and len(parts) > 2 else 1
    return ".".join(parts[:depth])


def compared(
    measured: Mapping[str, float], floors: Mapping[str, int]
) -> tuple[list[str], list[str]]:
    """Return what is wrong, and which floors can be raised, as lines for people."""
    below = [
        f"{name}: {measured[name]:.2f} % is below its floor of {floor} %"
        for name, floor in sorted(floors.items())
        if name in measured and measured[name] < floor
    ]
    below += [
        f"{name}: no floor in {FLOORS}; it has {math.floor(measured[name])}"
        for name in sorted(measured.keys() - floors.keys())
    ]
    below += [
        f"{name}: a floor in {FLOORS}, but no such package" for name in gone(measured, floors)
    ]
    above = [
        f"{name}: raise its floor of {floor} to {math.floor(measured[name])} in {FLOORS}"
        for name, floor in sorted(floors.items())
        if name in measured and measured[name] >= floor + SLACK
    ]
    return below, above


def gone(measured: Mapping[str, float], floors: Mapping[str, int]) -> Iterable[str]:
    """Return the packages that have a floor and don't exist."""
    return sorted(floors.keys() - measured.keys())


if __name__ == "__main__":
    sys.exit(main())
