"""Sends a recorded log to one or two deployments, and compares."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence

import msgspec

from passport_scorer.tools.shadow.exchanges import Outcome, Request, is_read
from passport_scorer.tools.shadow.http_client import Target
from passport_scorer.tools.shadow.logs.entry import Entry
from passport_scorer.tools.shadow.logs.parser import Line, Log
from passport_scorer.tools.shadow.recorder import Recorder
from passport_scorer.tools.shadow.tally import Tally

_LONGEST_DELAY = 0.1  # seconds of missed turns that are made up for
_UNREADABLE = "not sent: the line is no request"
_WRITE = "not sent: a write, and --writes was not given"
_NO_BODY = "not sent: the log has no bodies"
_NO_RECORD = "not compared: no recorded answer, and no --control"


class Position(msgspec.Struct):
    """How far a replay has come.

    Attributes:
        done: all lines up to this number are done.
        beyond: numbers of later ones that are done, too.
    """

    done: int = 0
    beyond: set[int] = set()

    def finish(self, number: int, before: set[int]) -> None:
        """Note that a line is done.

        Args:
            number: of the line.
            before: numbers of lines that were begun and aren't done.
        """
        self.beyond.add(number)
        least = min(before, default=number + 1)
        finished = {each for each in self.beyond if each < least}
        if finished:
            self.done = max(self.done, *finished)
            self.beyond -= finished


class State(msgspec.Struct):
    """What is needed to go on later; no secret is in it.

    Attributes:
        log: size and digest of the beginning of the log.
        position: how far it has come.
        tally: what was seen.
        complete: True if there is nothing left.
    """

    log: str
    position: Position
    tally: Tally
    complete: bool = False


class Replay:
    """A replay of a log.

    Args:
        log: what is sent.
        control: the one that is right; None: the recorded answers are.
        candidate: the one in question.
        recorder: compares and counts; its tally is the state's.
        state: where to begin.
        rate: requests per second at most; None: as fast as answers come.
        concurrency: requests that are under way at once, at most.
        writes: also send what isn't a read.
        progress: told the share of the log that has been sent, after each request.
    """

    def __init__(
        self,
        log: Log,
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
        self._under_way: set[int] = set()

    def stop(self) -> None:
        """Send nothing more; what is under way gets its answer."""
        self._stopped.set()

    async def run(self) -> None:
        """Send everything that isn't done yet, until the end or `stop`."""
        started = time.monotonic()
        lines = self._lines()
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._concurrency):
                    group.create_task(self._work(lines))
        finally:
            self._state.tally.busy += time.monotonic() - started
        self._state.complete = not self._stopped.is_set()

    def _lines(self) -> _Shared:
        position = self._state.position
        skipped = frozenset(position.beyond)
        return _Shared(
            (line for line in self._log.lines(position.done) if line.number not in skipped),
            self._rate,
            self._stopped,
            self._under_way,
        )

    async def _work(self, lines: _Shared) -> None:
        async for line in lines:
            try:
                await self._line(line)
            finally:
                self._under_way.discard(line.number)
            self._state.position.finish(line.number, self._under_way)
            self._progress(line.progress)

    async def _line(self, line: Line) -> None:
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
        elif self._control is None and line.entry.answer is None:
            tally.note(_NO_RECORD)
        else:
            timed = msgspec.structs.replace(request, time=request.time or time.time())
            control, candidate = await self._outcomes(timed, line.entry, line.number)
            self._recorder.exchange(timed, control, candidate)

    async def _outcomes(
        self, request: Request, entry: Entry, number: int
    ) -> tuple[Outcome, Outcome]:
        if self._control is None:
            assert entry.answer is not None  # noqa: S101 - _line has seen to it
            return entry.answer, await self._candidate.send(request)
        # Both at the same time, and neither always first: no one gets the warmer machine.
        targets: Sequence[Target] = (self._control, self._candidate)
        if number % 2:
            targets = targets[::-1]
        first, second = await asyncio.gather(*(target.send(request) for target in targets))
        return (second, first) if number % 2 else (first, second)


class _Shared:
    """The lines, handed out one at a time to several workers, no faster than the rate."""

    def __init__(
        self,
        lines: Iterator[Line],
        rate: float | None,
        stopped: asyncio.Event,
        under_way: set[int],
    ) -> None:
        self._lines = lines
        self._pause = 1 / rate if rate else 0.0
        self._stopped = stopped
        self._under_way = under_way
        self._next = 0.0
        self._lock = asyncio.Lock()

    async def __aiter__(self) -> AsyncIterator[Line]:
        while (line := await self._take()) is not None:
            yield line

    async def _take(self) -> Line | None:
        async with self._lock:
            await self._wait()
            if self._stopped.is_set():
                return None
            line = next(self._lines, None)
            if line is not None:
                self._under_way.add(line.number)
            return line

    async def _wait(self) -> None:
        """Wait for one's turn; only few turns that were missed are made up for in a burst."""
        if not self._pause:
            return
        now = time.monotonic()
        turn = max(self._next, now - _LONGEST_DELAY)
        self._next = turn + self._pause
        if turn > now:
            try:
                await asyncio.wait_for(self._stopped.wait(), turn - now)
            except TimeoutError:
                return
