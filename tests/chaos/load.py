"""Load generation within bounds, and counts of the responses."""

from __future__ import annotations

import asyncio
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from tests.chaos.client import HOST, Broken, Connection, Refused, Reply, Silent

CLASSES = ("2xx", "4xx", "429", "503", "5xx", "broken", "silent")
NOT_ACCEPTED = "refused"
_REFUSED_PAUSE = 0.02
_INSTANT = 0.001


class Call(NamedTuple):
    """A serialized request, and a callback for its response (None if no response arrived)."""

    request: bytes
    answered: Callable[[Reply | None], None] = lambda _: None


class Target(Protocol):
    """Selects the instance that receives the next request."""

    def port(self) -> int:
        """Return the port of the current instance."""

    def turn(self) -> None:
        """Switch to the next instance, if there is one."""


@dataclass
class Tally:
    """Responses to a group of callers: counts by class, and the latencies of 2xx (seconds)."""

    counts: Counter[str] = field(default_factory=Counter)
    times: array[float] = field(default_factory=lambda: array("d"))

    def add(self, outcome: str, seconds: float = 0.0) -> None:
        """Count a response."""
        self.counts[outcome] += 1
        if outcome == "2xx":
            self.times.append(seconds)

    @property
    def asked(self) -> int:
        """The number of requests that were sent."""
        return sum(self.counts[name] for name in CLASSES)

    def others(self, *allowed: str) -> int:
        """Return how many responses belong to none of these classes."""
        return self.asked - sum(self.counts[name] for name in allowed)

    def percentile(self, share: float) -> float:
        """Return a percentile of the 2xx latencies in milliseconds; 0 without any."""
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000 if ordered else 0.0

    def __str__(self) -> str:
        names = (*CLASSES, NOT_ACCEPTED)
        return " ".join(f"{name}:{self.counts[name]:,}" for name in names if self.counts[name])


class Budget:
    """Bounds of a load: a number of requests and a deadline.

    Args:
        requests: the maximum number of requests.
        seconds: the time from now until the deadline.
        advance: called with 1 for each request.
    """

    def __init__(
        self, requests: int, seconds: float, advance: Callable[[int], None] = lambda _: None
    ) -> None:
        self._left = requests
        self._end = time.monotonic() + seconds
        self._advance = advance

    def take(self) -> bool:
        """Reserve one request; return False if the budget is used up."""
        if self.is_over:
            return False
        self._left -= 1
        self._advance(1)
        return True

    def stop(self) -> None:
        """Use up the budget: no further request starts."""
        self._left = 0

    @property
    def is_over(self) -> bool:
        """True if the budget is used up."""
        return self._left <= 0 or time.monotonic() >= self._end


def class_of(status: int) -> str:
    """Return the class in which a status is counted."""
    if status in (429, 503):
        return str(status)
    return f"{status // 100}xx"


@dataclass
class Caller:
    """Sends one request after the other over one connection.

    Attributes:
        target: selects the instance.
        calls: the requests; must not end before the budget.
        tally: returns where responses are counted.
        budget: the bounds.
        connection: carries the requests.
        pause: seconds between two requests.
    """

    target: Target
    calls: Iterator[Call]
    tally: Callable[[], Tally]
    budget: Budget
    connection: Connection = field(default_factory=lambda: Connection(HOST))
    pause: float = 0.0

    async def run(self) -> None:
        """Send requests until the budget is used up."""
        try:
            while self.budget.take():
                await self._ask(next(self.calls))
                await asyncio.sleep(self.pause)
        finally:
            self.connection.close()

    async def _ask(self, call: Call) -> None:
        began = time.perf_counter()
        while True:
            try:
                reply = await self.connection.ask(self.target.port(), call.request)
            except Refused:
                self.tally().add(NOT_ACCEPTED)
                self.target.turn()
                await asyncio.sleep(_REFUSED_PAUSE)
                if self.budget.is_over:
                    return
                continue
            except (Broken, Silent) as error:
                self.tally().add(type(error).__name__.lower())
                self.target.turn()
                call.answered(None)
                return
            self.tally().add(class_of(reply.status), time.perf_counter() - began)
            call.answered(reply)
            return


async def run_all(callers: Sequence[Caller]) -> None:
    """Run all callers until their budgets are used up."""
    async with asyncio.TaskGroup() as group:
        for caller in callers:
            group.create_task(caller.run())


async def until(holds: Callable[[], bool], seconds: float) -> bool:
    """Wait at most `seconds` for a condition; return whether it holds."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not holds():  # noqa: ASYNC110 - other processes set no events
                await asyncio.sleep(_INSTANT * 20)
    return holds()
