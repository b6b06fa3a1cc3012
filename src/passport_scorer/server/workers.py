"""Several worker processes on the same sockets, and a parent that keeps them running."""

from __future__ import annotations

import mmap
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

import structlog

from passport_scorer.domain.errors import PassportScorerError

AT_ONCE = signal.SIGUSR1  # says to a worker: wait for nothing any more
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_RESTART_PAUSE = 1.0  # seconds; a worker that can't start must not keep the machine busy
_MOST_FAILED_STARTS = 5  # in a row and within so many seconds, while no worker is ready
_FAILED_STARTS_SECONDS = 30.0
_FROM_OUTSIDE = frozenset({-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT})  # no fault of ours

log = structlog.get_logger()


class WorkersCannotStart(PassportScorerError):
    """The workers ended again and again before they were ready to serve."""

    code = "workers_cannot_start"


class Workers:
    """Forks workers, restarts those that die, and passes signals on.

    Args:
        count: how many.
        work: what each of them does until it gets SIGTERM; is told its place, 0 to count - 1,
            which nobody else has at the same time, and what to call as soon as it can serve.
        release: gives up what only workers need, as no more of them are started.
    """

    def __init__(
        self,
        count: int,
        work: Callable[[int, Callable[[], None]], None],
        release: Callable[[], None],
    ) -> None:
        self._count = count
        self._work = work
        self._release = release
        self._running: dict[int, int] = {}  # process -> place
        self._stopping = False
        self._ready = mmap.mmap(-1, count)  # a byte for each place, shared with the workers
        self._failed_starts: deque[float] = deque(maxlen=_MOST_FAILED_STARTS)
        self._has_given_up = False

    def run(self) -> None:
        """Keep the workers running until SIGTERM or SIGINT; return when all have ended.

        A second signal ends them at once. A worker whose parent is killed stops by itself.

        Raises:
            WorkersCannotStart: the workers end again and again before one of them is ready.
        """
        self._end_of_parent, self._life_of_parent = os.pipe()
        for number in _SIGNALS:
            signal.signal(number, self._pass_on)
        for place in range(self._count):
            self._start(place)
        while self._running:
            process, status = os.wait()
            if process not in self._running:
                continue  # the embedded database is a child, too
            place = self._running.pop(process)
            if not self._stopping:
                code = os.waitstatus_to_exitcode(status)
                log.error("worker_died", process=process, status=code)
                if self._cannot_start(place, code):
                    self._give_up()
                else:
                    time.sleep(_RESTART_PAUSE)
                    self._start(place)
        if self._has_given_up:
            raise WorkersCannotStart("No worker process could start; the log says why.")

    def _cannot_start(self, place: int, code: int) -> bool:
        """Say whether starting workers is in vain.

        Args:
            place: that of a worker that has just ended.
            code: how it ended; minus the number of a signal.
        """
        was_ready, self._ready[place] = self._ready[place], 0
        if was_ready or code in _FROM_OUTSIDE:
            self._failed_starts.clear()
            return False
        now = time.monotonic()
        self._failed_starts.append(now)
        return (
            len(self._failed_starts) == _MOST_FAILED_STARTS
            and now - self._failed_starts[0] <= _FAILED_STARTS_SECONDS
            and not any(self._ready[:])
        )

    def _give_up(self) -> None:
        log.critical("workers_cannot_start", failed_starts=_MOST_FAILED_STARTS)
        self._has_given_up = True
        self._pass_on(signal.SIGTERM, None)

    def _start(self, place: int) -> None:
        # No signal may come between: the parent's handler is not for the child.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        process = None if self._stopping else os.fork()
        if process != 0:
            if process:
                self._running[process] = place
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            return
        code = 1
        try:
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            os.close(self._life_of_parent)
            threading.Thread(target=self._stop_with_parent, daemon=True).start()
            self._work(place, lambda: self._ready.__setitem__(place, 1))
            code = 0
        except Exception as error:
            log.critical("worker_failed", error=type(error).__name__, exc_info=error)
        finally:
            # Not sys.exit: what the parent set up to happen at its end is the parent's to do.
            os._exit(code)

    def _stop_with_parent(self) -> None:
        """Wait until nobody holds the other end of the pipe: the parent is gone."""
        os.read(self._end_of_parent, 1)
        # Without the delay of SIGTERM: whoever starts the service again needs the ports.
        os.kill(os.getpid(), signal.SIGINT)

    def _pass_on(self, number: int, _frame: object) -> None:
        if self._stopping:
            number = AT_ONCE
        else:
            self._stopping = True
            self._release()
        for process in self._running:
            with suppress(ProcessLookupError):  # it has just ended
                os.kill(process, number)
