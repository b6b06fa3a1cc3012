"""A process of `passport-scorer serve` that serves: the only one, or one of several workers."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import NamedTuple

import msgspec
import uvloop

from passport_scorer.api.applications import internal_application, public_application
from passport_scorer.app import running_services, running_telemetry
from passport_scorer.cli.event_loop import run_coroutine
from passport_scorer.cli.garbage_collection import collect_in_short_pauses
from passport_scorer.server.connection_limits import (
    MEGABYTE,
    ConnectionLimits,
    internal_connections,
    public_connections,
)
from passport_scorer.server.uvicorn_server import Listener, serve_until_stopped
from passport_scorer.services import Services
from passport_scorer.settings.model import Settings
from passport_scorer.telemetry.metrics import NO_METRICS, Metrics
from passport_scorer.telemetry.prometheus import PrometheusMetrics


class Sockets(NamedTuple):
    """The listening sockets."""

    public: socket.socket
    internal: socket.socket | None

    def close(self) -> None:
        """Close both."""
        for listener in filter(None, self):
            listener.close()


class WorkerProcess:
    """Serves on sockets that are open already.

    Args:
        settings: the settings.
        database_url: the URL of PostgreSQL.
        sockets: the listening sockets.
        limits: of the public and the internal listener.
        folder: where workers share their metrics; None if they don't.
        alone: True for the only process.
    """

    def __init__(
        self,
        settings: Settings,
        database_url: str,
        sockets: Sockets,
        limits: tuple[ConnectionLimits, ConnectionLimits],
        folder: str | None,
        *,
        alone: bool,
    ) -> None:
        self._settings = settings
        self._database_url = database_url
        self._sockets = sockets
        self._limits = limits
        self._folder = folder
        self._alone = alone

    def run(self, slot: int, ready: Callable[[], None]) -> None:
        """Serve until stopped; call `ready` when it can."""
        # Metrics are scraped from the internal listener only.
        metrics = PrometheusMetrics(self._folder, slot) if self._sockets.internal else NO_METRICS
        collect_in_short_pauses()
        serving = self._serve(metrics, ready)
        # A worker that is told to stop before it serves ends at once.
        run_coroutine(serving, uvloop.run) if self._alone else uvloop.run(serving)

    async def _serve(self, metrics: Metrics, ready: Callable[[], None]) -> None:
        settings = self._settings
        async with (
            running_telemetry(settings, metrics) as telemetry,
            running_services(settings, self._database_url, telemetry) as services,
        ):
            listeners = self._listeners(services)
            ready()
            await serve_until_stopped(
                listeners,
                shutdown_delay=settings.shutdown_delay,
                on_shutdown=services.shutdown.start_draining,
                second_signal_forces=self._alone,
                metrics=metrics,
            )

    def _listeners(self, services: Services) -> list[Listener]:
        root = self._settings.root_path
        public, internal = self._sockets
        with_internal = self._settings.internal_on_public_listener
        application = public_application(services, with_internal=with_internal)
        listeners = [Listener("public", application, public, self._limits[0], root)]
        if internal:
            application = internal_application(services)
            listeners.append(Listener("internal", application, internal, self._limits[1], root))
        return listeners


def connection_limits(
    settings: Settings, descriptors: int
) -> tuple[ConnectionLimits, ConnectionLimits]:
    """Return the limits of the public and the internal listener."""
    pool = settings.database_pool_size
    public = ConnectionLimits(
        connections=public_connections(settings.max_connections, descriptors, pool),
        requests=settings.max_requests,
        request_bytes=settings.request_memory * MEGABYTE,
        response_bytes=settings.response_memory * MEGABYTE,
    )
    internal = msgspec.structs.replace(public, connections=internal_connections(descriptors, pool))
    return public, internal
