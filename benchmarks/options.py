"""What is to be measured, and how long."""

from __future__ import annotations

from pathlib import Path

import msgspec

from passport_scorer.cli.serve import default_workers

FOLDER = Path(".passport-scorer") / "benchmarks"

SERVICE = "service"
MORE_WORKERS = "more-workers"
COLD = "cold"
DATABASE = "database"
SEQUENTIAL = "sequential"
GROWTH = "growth"
START_UP = "start-up"
NAMES = (SERVICE, MORE_WORKERS, COLD, DATABASE, SEQUENTIAL, GROWTH, START_UP)


class Options(msgspec.Struct, frozen=True):
    """What a run was asked for.

    Attributes:
        addresses: how many addresses have stamps.
        stamps: how many stamps each of them has.
        rounds: how often everything is measured in turn.
        seconds: how long each measurement takes.
        warm_up: seconds of the same load before each measurement.
        cores: cores that everything together may use.
        names: what is measured, out of NAMES.
        quick: a rehearsal: small, short, and complete in structure.
        large: also measures with a million rows of stamps.
        soak: requests that are sent at the end to see the memory grow, or not.
    """

    addresses: int
    stamps: int
    rounds: int
    seconds: float
    warm_up: float
    cores: int
    names: tuple[str, ...]
    quick: bool
    large: bool
    soak: int

    @property
    def workers(self) -> int:
        """Worker processes of the service: as many as it chooses by itself beside PostgreSQL."""
        return default_workers(None, self.cores)

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left out, so that the results may stand in the documentation."""
        return self.names == NAMES and not self.quick
