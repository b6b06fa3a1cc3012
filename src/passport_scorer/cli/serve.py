"""`passport-scorer serve`: runs the service."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from typing import NamedTuple

import msgspec

from passport_scorer.app import (
    utc_now,
)
from passport_scorer.cli.event_loop import run_coroutine
from passport_scorer.cli.internal_network import check_internal_network
from passport_scorer.cli.target_database import ready_database
from passport_scorer.cli.worker_process import Sockets, WorkerProcess, connection_limits
from passport_scorer.db.database import Database
from passport_scorer.db.url import is_remote, split
from passport_scorer.server.connection_limits import (
    raise_descriptor_limit,
)
from passport_scorer.server.sockets import listen
from passport_scorer.server.workers import Workers
from passport_scorer.settings.container_memory import default_cache_memory, memory_limit
from passport_scorer.settings.model import Settings
from passport_scorer.settings.startup_check import read_serving_settings, warn_of_useless_settings
from passport_scorer.settings.variables import InvalidSetting
from passport_scorer.telemetry.logger import log
from passport_scorer.telemetry.logs import configure_logs
from passport_scorer.telemetry.prometheus import shared_folder


class Addresses(NamedTuple):
    """Where to listen; without an internal port there is no internal listener."""

    port: int
    host: str = "127.0.0.1"
    internal_host: str = "127.0.0.1"
    internal_port: int | None = None


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
    addresses = Addresses(port, host, internal_host, internal_port)
    with ready_database(settings) as database_url:
        chosen = workers or default_workers(settings.database_url, _cores())
        serve_settings(settings, database_url, addresses, workers=chosen)


def _check(option: str, value: int | None, least: int, most: int) -> None:
    if value is not None and not least <= value <= most:
        raise InvalidSetting(f"{option}: expected a whole number from {least} to {most}.")


def serve_settings(
    settings: Settings,
    database_url: str,
    addresses: Addresses,
    *,
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
    if settings.cache_memory is None:
        cache_memory = default_cache_memory(memory_limit(), workers)
        settings = msgspec.structs.replace(settings, cache_memory=cache_memory)
    with ExitStack() as stack:
        shares = addresses.internal_port is not None and workers > 1
        folder = stack.enter_context(shared_folder(workers)) if shares else None
        sockets = _listen(stack, addresses)
        check_internal_network(settings, *sockets)
        limits = connection_limits(settings, raise_descriptor_limit())
        _report(addresses, sockets, workers, listening)
        if workers > 1 and settings.rate_limit_redis_url is None:
            log.warning("rate_limits_count_per_process", setting="RATE_LIMIT_REDIS_URL")
        worker = WorkerProcess(settings, database_url, sockets, limits, folder, alone=workers == 1)
        if workers == 1:
            worker.run(0, _nothing)
        else:
            # While the parent held them too, clients could connect after the workers have ended.
            Workers(workers, worker.run, release=sockets.close).run()


def _listen(stack: ExitStack, addresses: Addresses) -> Sockets:
    """Open the listeners until the stack is closed."""
    public = stack.enter_context(listen(addresses.host, addresses.port))
    if addresses.internal_port is None:
        return Sockets(public, None)
    internal = listen(addresses.internal_host, addresses.internal_port)
    return Sockets(public, stack.enter_context(internal))


def _report(
    addresses: Addresses, sockets: Sockets, workers: int, listening: Callable[[int], None]
) -> None:
    """Tell where the service listens."""
    if sockets.internal:
        port = sockets.internal.getsockname()[1]
        log.info("listening_internally", host=addresses.internal_host, port=port)
    port = sockets.public.getsockname()[1]
    listening(port)
    log.info("listening", host=addresses.host, port=port, workers=workers)


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
