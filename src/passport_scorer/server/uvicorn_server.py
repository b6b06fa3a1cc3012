"""The HTTP server of one process: uvicorn, on sockets that are already open."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from typing import Any

import msgspec
import uvicorn
from starlette.types import ASGIApp

from passport_scorer.server.connection_limits import ConnectionLimits
from passport_scorer.server.http_protocol import HttpConnection
from passport_scorer.server.listener_state import ListenerState
from passport_scorer.server.shutdown import GRACE, GracefulShutdown
from passport_scorer.telemetry.logger import log
from passport_scorer.telemetry.metrics import NO_METRICS, Metrics

_ACCEPT_BATCH = 16
_SWEEP_SECONDS_AT_SHUTDOWN = 0.25


class Listener(msgspec.Struct, frozen=True):
    """A listening socket and the application that it serves.

    Attributes:
        name: `public` or `internal`.
        application: the ASGI application.
        socket: the listening socket.
        limits: the bounds of its clients; each listener has its own.
        root_path: the path prefix under which clients see it, or an empty string.
    """

    name: str
    application: ASGIApp
    socket: socket.socket
    limits: ConnectionLimits = ConnectionLimits()
    root_path: str = ""


class _Server(uvicorn.Server):
    """A server that leaves signals to `GracefulShutdown`, which may stop two of them."""

    server_state: ListenerState

    def __init__(self, config: uvicorn.Config, state: ListenerState) -> None:
        super().__init__(config)
        self.server_state = state
        self._accepting: set[asyncio.Task[Any]] = set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def begin_draining(self) -> None:
        """Close each connection after its next response; accept new ones all the same."""
        self.server_state.is_draining = True
        for connection in self.server_state.connections:
            connection.close_after_response()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and enforce timeouts from now on."""
        await super().startup(sockets)
        self._sweeping = asyncio.create_task(self._sweep())
        self.server_state.turns.meanwhile = lambda: self._accept(sockets or [])

    async def _sweep(self) -> None:
        state, loop = self.server_state, asyncio.get_running_loop()
        while True:
            is_open = state.closed_at is None
            await asyncio.sleep(
                state.limits.sweep_seconds if is_open else _SWEEP_SECONDS_AT_SHUTDOWN
            )
            try:
                state.sweep(loop.time())
            except Exception as error:
                log.error("sweep_failed", error=type(error).__name__, exc_info=error)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the listeners, and wait until requests have finished."""
        self.server_state.closed_at = asyncio.get_running_loop().time()
        # For clients, connections in the backlog are open already.
        waiting = [
            self._accept_one(connection) for each in sockets or [] for connection in _backlog(each)
        ]
        await super().shutdown(sockets)
        await asyncio.gather(*waiting, return_exceptions=True)
        if self.force_exit:
            for task in self.server_state.tasks:
                task.cancel()
        self._sweeping.cancel()
        self.server_state.refusals.report(asyncio.get_running_loop().time(), all_of_them=True)

    def _accept(self, sockets: list[socket.socket]) -> None:
        """Accept several connections at once: under load the loop accepts one per iteration."""
        if self.server_state.closed_at is None:
            for each in sockets:
                for connection in islice(_backlog(each), _ACCEPT_BATCH):
                    accepting = self._accept_one(connection)
                    self._accepting.add(accepting)
                    accepting.add_done_callback(self._accepted)

    def _accepted(self, accepting: asyncio.Task[Any]) -> None:
        self._accepting.discard(accepting)
        if not accepting.cancelled():
            accepting.exception()  # the client has gone already

    def _accept_one(self, connection: socket.socket) -> asyncio.Task[Any]:
        loop = asyncio.get_running_loop()
        protocol = HttpConnection(config=self.config, server_state=self.server_state, app_state={})
        return loop.create_task(loop.connect_accepted_socket(lambda: protocol, connection))


def _backlog(listener: socket.socket) -> Iterator[socket.socket]:
    """Yield the connections in a listener's backlog."""
    with suppress(OSError):  # the backlog is empty
        while True:
            yield listener.accept()[0]


async def serve_until_stopped(
    listeners: Sequence[Listener],
    *,
    shutdown_delay: float,
    on_shutdown: Callable[[], None],
    second_signal_forces: bool,
    metrics: Metrics = NO_METRICS,
) -> None:
    """Serve each application on its socket until SIGTERM or SIGINT, and let requests finish.

    Args:
        listeners: sockets and their applications.
        shutdown_delay: seconds from SIGTERM until the listeners close.
        on_shutdown: called at the first signal.
        second_signal_forces: see `GracefulShutdown`.
        metrics: where connections and refusals are counted.
    """
    servers = [_server(listener, metrics) for listener in listeners]
    shutdown = GracefulShutdown(
        servers, shutdown_delay, on_shutdown, second_forces=second_signal_forces
    )
    shutdown.handle_signals()
    await asyncio.gather(
        *(
            server.serve(sockets=[listener.socket])
            for server, listener in zip(servers, listeners, strict=True)
        )
    )


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
