"""Several worker processes on the same sockets, and a parent that keeps them running."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

import structlog

_RESTART_PAUSE = 1.0  # seconds; a worker that can't start must not keep the machine busy

log = structlog.get_logger()


class Workers:
    """Forks workers, restarts those that die, and passes signals on.

    Args:
        count: how many.
        work: what each of them does until it gets SIGTERM.
    """

    def __init__(self, count: int, work: Callable[[], None]) -> None:
        self._count = count
        self._work = work
        self._running: set[int] = set()
        self._stopping = False

    def run(self) -> None:
        """Keep the workers running until SIGTERM or SIGINT; return when all have ended."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._pass_on)
        for _ in range(self._count):
            self._start()
        while self._running:
            process, status = os.wait()
            self._running.discard(process)
            if not self._stopping:
                log.error("worker_died", process=process, status=os.waitstatus_to_exitcode(status))
                time.sleep(_RESTART_PAUSE)
                if not self._stopping:
                    self._start()

    def _start(self) -> None:
        process = os.fork()
        if process:
            self._running.add(process)
            return
        code = 1
        try:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
            self._work()
            code = 0
        finally:
            # Not sys.exit: what the parent set up to happen at its end is the parent's to do.
            os._exit(code)

    def _pass_on(self, number: int, _frame: object) -> None:
        self._stopping = True
        for process in self._running:
            os.kill(process, number)
