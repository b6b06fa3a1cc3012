"""Worker processes on the same sockets, and the parent that keeps them running."""

from __future__ import annotations

import mmap
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.server.shutdown import FORCE_EXIT
from passport_scorer.telemetry.logger import log

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_RESTART_PAUSE = 1.0  # seconds; a worker that can't start must not restart in a busy loop
_MOST_FAILED_STARTS = 5  # in a row, within the time below, while no worker is ready
_FAILED_STARTS_SECONDS = 30.0
_FROM_OUTSIDE = frozenset(
    {-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT}
)  # not the worker's own failure


class WorkersCannotStart(PassportScorerError):
    """Worker processes keep ending before they are ready to serve."""

    code = "workers_cannot_start"


class Workers:
    """Forks workers, restarts those that die, and passes signals on.

    Args:
        count: number of workers.
        work: runs in each worker until SIGTERM. Its arguments are the worker slot, 0 to count - 1,
            which no other running worker has, and a callback for when the worker can serve.
        release: releases what only workers need; called when no more of them are started.
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
        self._running: dict[int, int] = {}  # process -> worker slot
        self._stopping = False
        self._ready = mmap.mmap(-1, count)  # a byte per slot, shared with the workers
        self._failed_starts: deque[float] = deque(maxlen=_MOST_FAILED_STARTS)
        self._has_given_up = False

    def run(self) -> None:
        """Keep the workers running until SIGTERM or SIGINT; return when all have ended.

        A second signal ends them at once. A worker whose parent is killed stops by itself.

        Raises:
            WorkersCannotStart: workers keep ending before one of them is ready.
        """
        self._end_of_parent, self._life_of_parent = os.pipe()
        for number in _SIGNALS:
            signal.signal(number, self._pass_on)
        for slot in range(self._count):
            self._start(slot)
        while self._running:
            process, status = os.wait()
            if process not in self._running:
                continue  # the embedded database is a child, too
            slot = self._running.pop(process)
            if not self._stopping:
                code = os.waitstatus_to_exitcode(status)
                log.error("worker_died", process=process, status=code)
                if self._cannot_start(slot, code):
                    self._give_up()
                else:
                    time.sleep(_RESTART_PAUSE)
                    self._start(slot)
        if self._has_given_up:
            raise WorkersCannotStart("No worker process could start; the log says why.")

    def _cannot_start(self, slot: int, code: int) -> bool:
        """Return True if workers keep failing before they are ready.

        Args:
            slot: of a worker that has just ended.
            code: its exit status, or minus the number of a signal.
        """
        was_ready, self._ready[slot] = self._ready[slot], 0
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

    def _start(self, slot: int) -> None:
        # No signal in between: the parent's handler must not run in the child.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        process = None if self._stopping else os.fork()
        if process != 0:
            if process:
                self._running[process] = slot
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            return
        code = 1
        try:
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            os.close(self._life_of_parent)
            threading.Thread(target=self._stop_with_parent, daemon=True).start()
            self._work(slot, lambda: self._ready.__setitem__(slot, 1))
            code = 0
        except Exception as error:
            log.critical("worker_failed", error=type(error).__name__, exc_info=error)
        finally:
            # Not sys.exit: exit handlers that the parent registered are the parent's to run.
            os._exit(code)

    def _stop_with_parent(self) -> None:
        """Stop when the other end of the pipe is closed: the parent is gone."""
        os.read(self._end_of_parent, 1)
        # Without SIGTERM's delay: a restarted service needs the ports.
        os.kill(os.getpid(), signal.SIGINT)

    def _pass_on(self, number: int, _frame: object) -> None:
        if self._stopping:
            number = FORCE_EXIT
        else:
            self._stopping = True
            self._release()
        for process in self._running:
            with suppress(ProcessLookupError):  # it has just ended
                os.kill(process, number)
