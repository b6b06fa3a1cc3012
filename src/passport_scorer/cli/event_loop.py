"""Run coroutines of commands so that a signal ends them in order.

A handler that raises in the middle of an event loop's own code can leave the loop unusable: its
`close` then fails, and the command ends with that failure in place of the signal. While a loop
runs, a signal therefore cancels the coroutine; the exception comes when the loop is closed.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

from passport_scorer.tools.signals import DeferredSignals, deferred_signals

Result = TypeVar("Result")
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def run_coroutine(
    main: Coroutine[Any, Any, Result],
    runner: Callable[[Coroutine[Any, Any, Result]], Result] = asyncio.run,
) -> Result:
    """Run a coroutine to its end in a new event loop, and return its result.

    It may handle signals itself later (`loop.add_signal_handler`).

    Args:
        main: the coroutine.
        runner: runs it: `asyncio.run` or `uvloop.run`.

    Raises:
        Interruption: SIGTERM or SIGINT came before the coroutine handled it.
    """
    with deferred_signals(_SIGNALS) as signals:
        try:
            return runner(_cancelled_by(signals, main))
        except asyncio.CancelledError:
            signals.deliver()
            raise


async def _cancelled_by(signals: DeferredSignals, main: Coroutine[Any, Any, Result]) -> Result:
    task = asyncio.current_task()
    if task is not None and threading.current_thread() is threading.main_thread():
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                loop.add_signal_handler(number, partial(_cancel, signals, number, task))
        if signals.are_pending:  # one came while the loop was set up
            task.cancel()
    return await main


def _cancel(signals: DeferredSignals, number: int, task: asyncio.Task[Any]) -> None:
    signals.note(number)
    task.cancel()
