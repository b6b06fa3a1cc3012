"""Replay of a recorded log against one or two deployments."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence

import msgspec

from passport_scorer.tools.shadow.exchanges import Outcome, Request, is_read
from passport_scorer.tools.shadow.http_client import Target
from passport_scorer.tools.shadow.logs.entry import LogEntry
from passport_scorer.tools.shadow.logs.parser import LogLine, LogReader
from passport_scorer.tools.shadow.recorder import Recorder
from passport_scorer.tools.shadow.tally import Tally

_LONGEST_DELAY = 0.1  # seconds of missed slots that are caught up with
_UNREADABLE = "not sent: not a request"
_WRITE = "not sent: a write, without --writes"
_NO_BODY = "not sent: the log has no bodies"
_NO_RECORD = "not compared: no recorded response, and no --control"


class Position(msgspec.Struct):
    """The progress of a replay.

    Attributes:
        done: all lines up to this number are done.
        beyond: numbers of later lines that are done.
    """

    done: int = 0
    beyond: set[int] = set()

    def finish(self, number: int, before: set[int]) -> None:
        """Mark a line as done.

        Args:
            number: the number of the line.
            before: the numbers of lines in progress.
        """
        self.beyond.add(number)
        least = min(before, default=number + 1)
        finished = {each for each in self.beyond if each < least}
        if finished:
            self.done = max(self.done, *finished)
            self.beyond -= finished


class State(msgspec.Struct):
    """The state that resumes a replay; contains no secrets.

    Attributes:
        log: a digest of the first line of the log.
        position: the progress.
        tally: the results so far.
        complete: True if the replay reached the end of the log.
    """

    log: str
    position: Position
    tally: Tally
    complete: bool = False


class Replay:
    """A replay of a log.

    Args:
        log: the log to send.
        control: the reference deployment; None to compare with recorded responses.
        candidate: the deployment to test.
        recorder: compares and counts, into the tally of `state`.
        state: where to start.
        rate: maximum requests per second; None for no limit.
        concurrency: maximum requests in flight.
        writes: send writes, too.
        progress: called with the share of the log that is done, after each request.
    """

    def __init__(
        self,
        log: LogReader,
        control: Target | None,
        candidate: Target,
        recorder: Recorder,
        state: State,
        *,
        rate: float | None = None,
        concurrency: int = 8,
        writes: bool = False,
        progress: Callable[[float], None] = lambda _share: None,
    ) -> None:
        self._log = log
        self._control = control
        self._candidate = candidate
        self._recorder = recorder
        self._state = state
        self._rate = rate
        self._concurrency = concurrency
        self._writes = writes
        self._progress = progress
        self._stopped = asyncio.Event()
        self._in_flight: set[int] = set()

    def stop(self) -> None:
        """Stop sending; requests in flight are completed."""
        self._stopped.set()

    async def run(self) -> None:
        """Send all remaining requests, until the end or `stop`."""
        started = time.monotonic()
        lines = self._lines()
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._concurrency):
                    group.create_task(self._work(lines))
        finally:
            self._state.tally.busy += time.monotonic() - started
        self._state.complete = not self._stopped.is_set()

    def _lines(self) -> _LineQueue:
        position = self._state.position
        skipped = frozenset(position.beyond)
        return _LineQueue(
            (line for line in self._log.lines(position.done) if line.number not in skipped),
            self._rate,
            self._stopped,
            self._in_flight,
        )

    async def _work(self, lines: _LineQueue) -> None:
        async for line in lines:
            try:
                await self._line(line)
            finally:
                self._in_flight.discard(line.number)
            self._state.position.finish(line.number, self._in_flight)
            self._progress(line.progress)

    async def _line(self, line: LogLine) -> None:
        tally = self._recorder.tally
        if line.entry is None:
            tally.note(f"{_UNREADABLE}: {line.problem}" if line.problem else _UNREADABLE)
            return
        request = line.entry.request
        endpoint = self._recorder.endpoints.name(request.method, request.path)
        reads = self._recorder.rulebook.reads
        if not line.entry.has_body and request.method not in {"GET", "HEAD"}:
            tally.note(_NO_BODY)
        elif not self._writes and not is_read(request.method, endpoint, reads):
            tally.note(_WRITE)
        elif self._control is None and line.entry.response is None:
            tally.note(_NO_RECORD)
        else:
            timed = msgspec.structs.replace(request, time=request.time or time.time())
            control, candidate = await self._outcomes(timed, line.entry, line.number)
            self._recorder.exchange(timed, control, candidate)

    async def _outcomes(
        self, request: Request, entry: LogEntry, number: int
    ) -> tuple[Outcome, Outcome]:
        if self._control is None:
            assert entry.response is not None  # noqa: S101 - _line checks this
            return entry.response, await self._candidate.send(request)
        # Both concurrently, in alternating order, so that neither always finds a warm cache.
        targets: Sequence[Target] = (self._control, self._candidate)
        if number % 2:
            targets = targets[::-1]
        first, second = await asyncio.gather(*(target.send(request) for target in targets))
        return (second, first) if number % 2 else (first, second)


class _LineQueue:
    """Hands out lines to several workers, no faster than the rate."""

    def __init__(
        self,
        lines: Iterator[LogLine],
        rate: float | None,
        stopped: asyncio.Event,
        in_flight: set[int],
    ) -> None:
        self._lines = lines
        self._pause = 1 / rate if rate else 0.0
        self._stopped = stopped
        self._in_flight = in_flight
        self._next = 0.0
        self._lock = asyncio.Lock()

    async def __aiter__(self) -> AsyncIterator[LogLine]:
        while (line := await self._take()) is not None:
            yield line

    async def _take(self) -> LogLine | None:
        async with self._lock:
            await self._wait()
            if self._stopped.is_set():
                return None
            line = next(self._lines, None)
            if line is not None:
                self._in_flight.add(line.number)
            return line

    async def _wait(self) -> None:
        """Wait for the next slot; only a few missed slots are caught up with in a burst."""
        if not self._pause:
            return
        now = time.monotonic()
        slot = max(self._next, now - _LONGEST_DELAY)
        self._next = slot + self._pause
        if slot > now:
            try:
                await asyncio.wait_for(self._stopped.wait(), slot - now)
            except TimeoutError:
                return
