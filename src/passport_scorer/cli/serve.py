"""`passport-scorer serve`: runs the service."""

from __future__ import annotations

import gc
import os
import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack

import msgspec
import structlog
import uvloop

from passport_scorer.api.applications import internal_application, public_application
from passport_scorer.app import (
    running_services,
    running_telemetry,
    utc_now,
)
from passport_scorer.cli.event_loop import run_coroutine
from passport_scorer.cli.internal_network import check_internal_network
from passport_scorer.cli.target_database import ready_database
from passport_scorer.db.database import Database
from passport_scorer.db.url import is_remote, split
from passport_scorer.server.connection_limits import (
    MEGABYTE,
    ConnectionLimits,
    internal_connections,
    public_connections,
    raise_descriptor_limit,
)
from passport_scorer.server.sockets import listen
from passport_scorer.server.uvicorn_server import Listener, serve_until_stopped
from passport_scorer.server.workers import Workers
from passport_scorer.settings.model import Settings
from passport_scorer.settings.startup_check import read_serving_settings, warn_of_useless_settings
from passport_scorer.settings.variables import InvalidSetting
from passport_scorer.telemetry.logs import configure_logs
from passport_scorer.telemetry.metrics import NO_METRICS, Metrics
from passport_scorer.telemetry.prometheus import PrometheusMetrics, shared_folder

# Thresholds of the garbage collector's generations. Few objects here are in cycles, and the caches
# make collections slow.
_COLLECTIONS = (20_000, 20, 20)

log = structlog.get_logger()


def serve(
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    internal_host: str = "127.0.0.1",
    internal_port: int | None = None,
    workers: int | None = None,
) -> None:
    """Run the service until SIGTERM or Ctrl-C. A second signal stops it immediately.

    Settings come from the environment. `TRUSTED_IAM_ISSUERS` is required: without it every score
    would be 0. Without `DATABASE_URL`, an embedded PostgreSQL is started in `.passport-scorer`.

    For example:

        TRUSTED_IAM_ISSUERS='["did:ethr:0x…"]' passport-scorer serve

        DATABASE_URL=postgresql://… passport-scorer serve --host 0.0.0.0 --internal-port 8001

    Parameters
    ----------
    host
        Address of the public listener. 0.0.0.0 listens on every address of this machine.
    port
        Port of the public listener. Defaults to `PORT`, or 8000.
    internal_host
        Address of the internal listener. It must not be reachable from outside.
    internal_port
        Port of the internal listener. Without it there is no internal listener.
    workers
        Number of worker processes. Defaults to one per core, or one per two cores if PostgreSQL
        runs on this machine.
    """
    settings = read_serving_settings()
    port = settings.port if port is None else port
    _check("--port", port, 0, 65535)
    _check("--internal-port", internal_port, 0, 65535)
    _check("--workers", workers, 1, 1000)
    with ready_database(settings) as database_url:
        serve_settings(
            settings,
            database_url,
            host=host,
            port=port,
            internal_host=internal_host,
            internal_port=internal_port,
            workers=workers or default_workers(settings.database_url, _cores()),
        )


def _check(option: str, value: int | None, least: int, most: int) -> None:
    if value is not None and not least <= value <= most:
        raise InvalidSetting(f"{option}: expected a whole number from {least} to {most}.")


def serve_settings(
    settings: Settings,
    database_url: str,
    *,
    host: str = "127.0.0.1",
    port: int,
    internal_host: str = "127.0.0.1",
    internal_port: int | None = None,
    workers: int,
    listening: Callable[[int], None] = lambda _port: None,
) -> None:
    """Serve until stopped; call `listening` with the public port once it is open.

    Raises:
        CannotListen: an address can't be listened on.
        InvalidSetting: the public could call internal endpoints without a token.
        NoSharedFolder: there is no folder in which workers can share their metrics.
        WorkersCannotStart: workers keep ending before one of them is ready.
    """
    configure_logs(
        environment=settings.environment,
        readable=sys.stderr.isatty(),
        level=settings.log_level,
    )
    settings = run_coroutine(_checked(settings, database_url))
    with ExitStack() as stack:
        shares = internal_port is not None and workers > 1
        folder = stack.enter_context(shared_folder(workers)) if shares else None
        public = stack.enter_context(listen(host, port))
        internal = None
        if internal_port is not None:
            internal = stack.enter_context(listen(internal_host, internal_port))
        check_internal_network(settings, public, internal)
        descriptors = raise_descriptor_limit()
        if internal:
            log.info("listening_internally", host=internal_host, port=internal.getsockname()[1])
        listening(public.getsockname()[1])
        log.info("listening", host=host, port=public.getsockname()[1], workers=workers)

        if workers > 1 and settings.rate_limit_redis_url is None:
            log.warning("rate_limits_count_per_process", setting="RATE_LIMIT_REDIS_URL")

        def work(slot: int, ready: Callable[[], None]) -> None:
            # Metrics are scraped from the internal listener only.
            metrics = PrometheusMetrics(folder, slot) if internal else NO_METRICS
            alone = workers == 1
            gc.freeze()  # everything loaded so far stays loaded
            gc.set_threshold(*_COLLECTIONS)
            sockets, limits = (public, internal), _limits(settings, descriptors)
            serving = _serve(settings, database_url, sockets, limits, metrics, ready, alone=alone)
            # A worker that is told to stop before it serves ends at once.
            run_coroutine(serving, uvloop.run) if alone else uvloop.run(serving)

        def close_listeners() -> None:
            # While the parent held them too, clients could connect after the workers have ended.
            for listener in filter(None, (public, internal)):
                listener.close()

        if workers == 1:
            work(0, _nothing)
        else:
            Workers(workers, work, close_listeners).run()


def _nothing() -> None:
    """Do nothing: without workers, no parent waits for readiness."""


async def _checked(settings: Settings, database_url: str) -> Settings:
    """Warn about settings without effect; return the settings, adapted to a pooler if found."""
    database = Database(settings.database_at(database_url))
    await database.open()
    try:
        await warn_of_useless_settings(settings, database, utc_now())
    finally:
        await database.close()
    if database.is_pooled:  # logged once here, not by each worker
        return msgspec.structs.replace(settings, database_prepared_statements=False)
    return settings


async def _serve(
    settings: Settings,
    database_url: str,
    sockets: tuple[socket.socket, socket.socket | None],
    limits: tuple[ConnectionLimits, ConnectionLimits],
    metrics: Metrics,
    ready: Callable[[], None],
    *,
    alone: bool,
) -> None:
    public, internal = sockets
    async with (
        running_telemetry(settings, metrics) as telemetry,
        running_services(settings, database_url, telemetry) as services,
    ):
        with_internal, root = settings.internal_on_public_listener, settings.root_path
        application = public_application(services, with_internal=with_internal)
        listeners = [Listener("public", application, public, limits[0], root)]
        if internal:
            application = internal_application(services)
            listeners.append(Listener("internal", application, internal, limits[1], root))
        ready()
        await serve_until_stopped(
            listeners,
            shutdown_delay=settings.shutdown_delay,
            on_shutdown=services.shutdown.start_draining,
            second_signal_forces=alone,
            metrics=metrics,
        )


def _limits(settings: Settings, descriptors: int) -> tuple[ConnectionLimits, ConnectionLimits]:
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


def default_workers(database_url: str | None, cores: int) -> int:
    """Return the best number of worker processes.

    A PostgreSQL on the same machine needs about as much CPU as the workers do. And fewer workers
    batch more requests per statement.

    Args:
        database_url: URL of the database; None for the embedded one.
        cores: number of cores that this process can use.
    """
    if database_url is not None and is_remote(split(database_url)):
        return cores
    return max(1, cores // 2)


def _cores() -> int:
    """Return the number of cores that this process can use, as far as the system tells."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
