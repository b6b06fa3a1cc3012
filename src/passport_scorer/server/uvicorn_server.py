"""The HTTP server of one process: uvicorn on sockets that are open already."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from typing import Any

import msgspec
import structlog
import uvicorn
from starlette.types import ASGIApp

from passport_scorer.server.connection_limits import ConnectionLimits
from passport_scorer.server.http_protocol import HttpConnection
from passport_scorer.server.listener_state import ListenerState
from passport_scorer.server.workers import AT_ONCE
from passport_scorer.telemetry.metrics import NO_METRICS, Metrics

GRACE = 20  # seconds that requests get to finish when the listeners are closed
_ACCEPTED_AT_ONCE = 16
_SWEEPS_AT_END = 0.25  # seconds between two looks at the deadlines

log = structlog.get_logger()


class Listener(msgspec.Struct, frozen=True):
    """A socket, and what is served on it.

    Attributes:
        name: `public` or `internal`.
        application: what answers.
        socket: that is listened on.
        limits: what its callers may use at most; each listener has its own.
        root_path: the path prefix under which callers know it; empty if there is none.
    """

    name: str
    application: ASGIApp
    socket: socket.socket
    limits: ConnectionLimits = ConnectionLimits()
    root_path: str = ""


class _Server(uvicorn.Server):
    """A server that leaves signals to `serve_until_stopped`, which may run two of them."""

    server_state: ListenerState

    def __init__(self, config: uvicorn.Config, state: ListenerState) -> None:
        super().__init__(config)
        self.server_state = state
        self._taking: set[asyncio.Task[Any]] = set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def begin_to_end(self) -> None:
        """Let each connection end with its next answer; take new ones all the same."""
        self.server_state.is_draining = True
        for connection in self.server_state.connections:
            connection.end_with_answer()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and look at the deadlines from now on."""
        await super().startup(sockets)
        self._sweeping = asyncio.create_task(self._sweep())
        self.server_state.turns.meanwhile = lambda: self._accept(sockets or [])

    async def _sweep(self) -> None:
        state, loop = self.server_state, asyncio.get_running_loop()
        while True:
            is_open = state.closed_at is None
            await asyncio.sleep(state.limits.sweep_seconds if is_open else _SWEEPS_AT_END)
            try:
                state.sweep(loop.time())
            except Exception as error:
                log.error("sweep_failed", error=type(error).__name__, exc_info=error)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the listeners, and wait for requests."""
        self.server_state.closed_at = asyncio.get_running_loop().time()
        # To their callers, connections that wait in the queue are open.
        waiting = [self._take(connection) for each in sockets or [] for connection in _queue(each)]
        await super().shutdown(sockets)
        await asyncio.gather(*waiting, return_exceptions=True)
        if self.force_exit:
            for task in self.server_state.tasks:
                task.cancel()
        self._sweeping.cancel()
        self.server_state.refusals.report(asyncio.get_running_loop().time(), all_of_them=True)

    def _accept(self, sockets: list[socket.socket]) -> None:
        """Take connections while others keep the loop busy: by itself it takes one in each turn."""
        if self.server_state.closed_at is None:
            for each in sockets:
                for connection in islice(_queue(each), _ACCEPTED_AT_ONCE):
                    taking = self._take(connection)
                    self._taking.add(taking)
                    taking.add_done_callback(self._taken)

    def _taken(self, taking: asyncio.Task[Any]) -> None:
        self._taking.discard(taking)
        if not taking.cancelled():
            taking.exception()  # the caller has gone already

    def _take(self, connection: socket.socket) -> asyncio.Task[Any]:
        loop = asyncio.get_running_loop()
        protocol = HttpConnection(config=self.config, server_state=self.server_state, app_state={})
        return loop.create_task(loop.connect_accepted_socket(lambda: protocol, connection))


def _queue(listener: socket.socket) -> Iterator[socket.socket]:
    """Give the connections that the system has taken and the server has not."""
    with suppress(OSError):  # there is none, or no more
        while True:
            yield listener.accept()[0]


async def serve_until_stopped(
    listeners: Sequence[Listener],
    *,
    delay: float,
    stopping: Callable[[], None],
    alone: bool,
    metrics: Metrics = NO_METRICS,
) -> None:
    """Serve each application on its socket until SIGTERM or SIGINT, and let requests finish.

    After SIGTERM the listeners stay open for a while, so that load balancers can notice that
    they should send no more. SIGINT closes them at once: somebody waits at a terminal.

    Args:
        listeners: sockets and their applications.
        delay: seconds from SIGTERM until the listeners are closed.
        stopping: is called as soon as a signal comes.
        alone: a second signal ends at once. A worker gets some of them twice, from a terminal
            and from its parent; to it the parent says `AT_ONCE`.
        metrics: where connections and what is refused are counted.
    """
    servers = [_server(listener, metrics) for listener in listeners]
    stop = _Stop(servers, stopping, alone=alone)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.begin, delay)
    loop.add_signal_handler(signal.SIGINT, stop.begin, 0)
    loop.add_signal_handler(AT_ONCE, stop.at_once)
    await asyncio.gather(
        *(
            server.serve(sockets=[listener.socket])
            for server, listener in zip(servers, listeners, strict=True)
        )
    )


class _Stop:
    """What signals do to the servers of a process."""

    def __init__(
        self, servers: Sequence[_Server], stopping: Callable[[], None], *, alone: bool
    ) -> None:
        self._servers = servers
        self._stopping = stopping
        self._alone = alone
        self._has_begun = False

    def begin(self, delay: float) -> None:
        """Close the listeners after a while; a second call may end everything at once."""
        if self._has_begun:
            if self._alone:
                self.at_once()
            return
        self._has_begun = True
        self._stopping()
        log.info("stopping", delay=delay)
        for server in self._servers:
            server.begin_to_end()
        asyncio.get_running_loop().call_later(delay, self._close)

    def at_once(self) -> None:
        """Wait for nothing any more."""
        for server in self._servers:
            server.force_exit = True
        self._close()

    def _close(self) -> None:
        for server in self._servers:
            server.should_exit = True


def _server(listener: Listener, metrics: Metrics) -> _Server:
    options: dict[str, Any] = {
        "http": HttpConnection,
        "root_path": listener.root_path,
        "ws": "none",
        "lifespan": "off",
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "proxy_headers": False,
        "timeout_graceful_shutdown": GRACE,
    }
    config = uvicorn.Config(listener.application, **options)
    return _Server(config, ListenerState(listener.name, listener.limits, metrics))
