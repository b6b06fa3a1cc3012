"""SIGINT, SIGTERM and SIGHUP while a command or an embedded PostgreSQL works."""

import os
import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interruption(KeyboardInterrupt):
    """A signal asked the process to end; `number` is the signal's."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


def interrupt(number: int, _frame: FrameType | None = None) -> None:
    """Handle a signal by raising Interruption, which unwinds the started work."""
    raise Interruption(number)


def hang_up(_number: int, _frame: FrameType | None = None) -> None:
    """Handle SIGHUP as SIGTERM: a service handles only the latter itself."""
    os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def signals_as_interruptions() -> Iterator[None]:
    """Raise Interruption for signals that would end the process at once; keep ignored ones ignored.

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


class DeferredSignals:
    """Signals that are handled later."""

    def __init__(self) -> None:
        self._numbers: list[int] = []
        self._allowed = False

    def note(self, number: int, _frame: FrameType | None = None) -> None:
        """Handle a signal: keep it for later, or raise Interruption where that is allowed."""
        self._numbers.append(number)
        if self._allowed:
            self.deliver()

    @property
    def are_pending(self) -> bool:
        """True if a signal is pending."""
        return bool(self._numbers)

    def deliver(self) -> None:
        """Raise Interruption if a signal is pending."""
        if self._numbers:
            number, *self._numbers = self._numbers
            raise Interruption(number)

    @contextmanager
    def allowed(self) -> Iterator[None]:
        """Raise Interruption at once for signals from here on, and for pending ones."""
        self._allowed = True
        try:
            self.deliver()
            yield
        finally:
            self._allowed = False


@contextmanager
def deferred_signals(numbers: Iterable[int] = SIGNALS) -> Iterator[DeferredSignals]:
    """Defer signals: one that arrives meanwhile raises Interruption at the end.

    Args:
        numbers: the signals; ignored ones stay ignored.
    """
    noted = DeferredSignals()
    if threading.current_thread() is not threading.main_thread():
        yield noted
        return
    before = {number: signal.getsignal(number) for number in numbers}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, noted.note)
    try:
        yield noted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)
    noted.deliver()
