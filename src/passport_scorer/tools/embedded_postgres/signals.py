"""What SIGINT, SIGTERM and SIGHUP do while a PostgreSQL of ours starts, runs and stops."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interruption(KeyboardInterrupt):
    """A signal that asks the process to end; `number` says which one."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


def interrupt(number: int, _frame: FrameType | None = None) -> None:
    """Handle a signal by raising Interruption, so that whoever started something stops it."""
    raise Interruption(number)


def hang_up(_number: int, _frame: FrameType | None = None) -> None:
    """Handle SIGHUP, for which a service has no handler, as SIGTERM."""
    os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def signals_as_interruptions() -> Iterator[None]:
    """Let signals that would end the process at once raise Interruption; ignored ones stay so.

    Does nothing outside the main thread, where Python handles no signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number, handler in before.items():
        if handler in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, hang_up if number == signal.SIGHUP else interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)


class Deferred:
    """Signals that came meanwhile."""

    def __init__(self) -> None:
        self._numbers: list[int] = []
        self._allowed = False

    def note(self, number: int, _frame: FrameType | None = None) -> None:
        """Handle a signal: remember it, or raise Interruption where that does no harm."""
        self._numbers.append(number)
        if self._allowed:
            self.deliver()

    def deliver(self) -> None:
        """Raise Interruption if a signal came."""
        if self._numbers:
            number, *self._numbers = self._numbers
            raise Interruption(number)

    @contextmanager
    def allowed(self) -> Iterator[None]:
        """Raise Interruption at once for what comes from here on, and what came already."""
        self._allowed = True
        try:
            self.deliver()
            yield
        finally:
            self._allowed = False


@contextmanager
def deferred() -> Iterator[Deferred]:
    """Do something as a whole: a signal that comes meanwhile raises Interruption afterwards."""
    noted = Deferred()
    if threading.current_thread() is not threading.main_thread():
        yield noted
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, noted.note)
    try:
        yield noted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)
    noted.deliver()
