"""Graceful shutdown: what SIGTERM and SIGINT do to the servers of a process."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Sequence
from typing import Protocol

from passport_scorer.telemetry.logger import log

GRACE = 20  # seconds that requests get to finish after the listeners have closed
FORCE_EXIT = signal.SIGUSR1  # tells a worker to stop immediately


class StoppableServer(Protocol):
    """A server that can drain, and is told to stop by attributes, as uvicorn's is.

    Attributes:
        should_exit: it closes its listeners and waits for requests.
        force_exit: it waits for nothing.
    """

    should_exit: bool
    force_exit: bool

    def begin_draining(self) -> None:
        """Close each connection after its next response; accept new ones all the same."""


class GracefulShutdown:
    """Shuts down servers after a signal.

    After SIGTERM the listeners stay open for a while, so that load balancers can notice and stop
    sending requests. SIGINT closes them at once: it comes from a terminal.

    Args:
        servers: the servers of the process.
        delay: seconds from SIGTERM until the listeners close.
        on_begin: called at the first signal.
        second_forces: a second signal stops immediately. A worker may get each signal twice, from
            a terminal and from its parent; its parent sends `FORCE_EXIT` instead.
    """

    def __init__(
        self,
        servers: Sequence[StoppableServer],
        delay: float,
        on_begin: Callable[[], None],
        *,
        second_forces: bool,
    ) -> None:
        self._servers = servers
        self._delay = delay
        self._on_begin = on_begin
        self._second_forces = second_forces
        self._is_draining = False

    def handle_signals(self) -> None:
        """Handle the signals of the process in the running event loop."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._begin, self._delay)
        loop.add_signal_handler(signal.SIGINT, self._begin, 0)
        loop.add_signal_handler(FORCE_EXIT, self._force)

    def _begin(self, delay: float) -> None:
        if self._is_draining:
            if self._second_forces:
                self._force()
            return
        self._is_draining = True
        self._on_begin()
        log.info("stopping", delay=delay)
        for server in self._servers:
            server.begin_draining()
        asyncio.get_running_loop().call_later(delay, self._close_listeners)

    def _force(self) -> None:
        """Stop immediately."""
        for server in self._servers:
            server.force_exit = True
        self._close_listeners()

    def _close_listeners(self) -> None:
        for server in self._servers:
            server.should_exit = True
