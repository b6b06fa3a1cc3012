"""The scale and the result of a scenario."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.chaos.load import Budget, Tally

if TYPE_CHECKING:
    from tests.chaos.deployment import DatabaseServer

Advance = Callable[[int], None]


@dataclass(frozen=True)
class Plan:
    """The scale of a run.

    Attributes:
        scale: multiplies the default numbers and times.
        advance: called with the number of requests made.
    """

    scale: float = 1.0
    advance: Advance = lambda _: None

    def count(self, number: int, least: int = 1, most: int = 1_000_000) -> int:
        """Scale a number."""
        return min(most, max(least, round(number * self.scale)))

    def seconds(self, number: float, least: float = 1.0, most: float = 1e6) -> float:
        """Scale a time."""
        return min(most, max(least, number * self.scale))

    def budget(self, requests: int, seconds: float) -> Budget:
        """Return a budget with scaled bounds."""
        return Budget(self.count(requests), self.seconds(seconds, least=5), self.advance)


@dataclass
class Result:
    """The result of a scenario.

    Attributes:
        done: what was done: name -> count.
        tallies: group of callers -> responses.
        violations: descriptions of what must not happen.
        lost: the number of answered calls without a usage row.
        notes: other observations.
        seconds: the duration.
    """

    done: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    tallies: defaultdict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    violations: list[str] = field(default_factory=list)
    lost: int = 0
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def expect(self, group: str, *allowed: str) -> None:
        """Add a violation if a group received responses of any other class."""
        tally = self.tallies[group]
        if others := tally.others(*allowed):
            self.violations.append(
                f"{group}: {others:,} of {tally.asked:,} responses other than {', '.join(allowed)}"
            )

    def note(self, group: str, label: str = "") -> None:
        """Note the latencies of a group."""
        tally = self.tallies[group]
        p50, p99 = tally.percentile(0.5), tally.percentile(0.99)
        self.notes.append(f"{label or group}: p50 {p50:.0f} ms, p99 {p99:.0f} ms")

    def as_json(self) -> dict[str, Any]:
        """Return the result as JSON values."""
        return {
            "done": dict(self.done),
            "answers": {group: dict(tally.counts) for group, tally in self.tallies.items()},
            "violations": self.violations,
            "lost": self.lost,
            "notes": self.notes,
            "seconds": round(self.seconds, 1),
        }


Run = Callable[["DatabaseServer", Plan, Result], Awaitable[None]]


@dataclass(frozen=True)
class Scenario:
    """One kind of attack or failure.

    Attributes:
        name: the name on the command line.
        about: a description of one line.
        run: runs the scenario and fills in the result.
    """

    name: str
    about: str
    run: Run
