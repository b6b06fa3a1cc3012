"""The options of a run."""

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
NEVER_SCORED = "never-scored"
YOUNG = "young"
GROWTH = "growth"
START_UP = "start-up"
NAMES = (
    SERVICE,
    MORE_WORKERS,
    COLD,
    DATABASE,
    SEQUENTIAL,
    NEVER_SCORED,
    YOUNG,
    GROWTH,
    START_UP,
)
# Contenders that are measured together with others.
UNSCORED_SEQUENTIAL = "never-scored-sequential"
OLD = "old"


class Options(msgspec.Struct, frozen=True):
    """The options of a run.

    Attributes:
        addresses: how many addresses have stamps.
        stamps: the number of stamps per address.
        rounds: the number of rounds; each measures everything once.
        seconds: the duration of each measurement.
        warm_up: seconds of the same load before each measurement.
        cores: the cores that all processes share.
        names: the measurements, out of NAMES.
        quick: a rehearsal: small, short, and complete in structure.
        large: also measures with ten million rows of stamps, and behind a pooler.
        soak: extra requests at the end, to see whether memory grows.
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
        """The default number of workers on a machine shared with PostgreSQL."""
        return default_workers(None, self.cores)

    @property
    def is_complete(self) -> bool:
        """True if nothing is omitted, so that the results can go into the documentation."""
        return self.names == NAMES and not self.quick
