"""Opens connections to PostgreSQL: for the pool, for commands, and for the check at start.

A session starts with its timeouts (`statement_timeout`, …) as start-up parameters. Behind a
transaction pooler (PgBouncer, RDS Proxy) a session outlives no transaction: the timeouts are set
in each transaction instead, and statements are not prepared. See `Connector.is_pooled`.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import asyncpg

from passport_scorer.db import array_types, timestamps
from passport_scorer.db.connection_errors import (
    CertificateFileMissing,
    Fault,
    Reason,
    fault_of_connecting,
    is_startup_refusal,
)
from passport_scorer.db.errors import DatabaseUnavailable
from passport_scorer.db.hosts import hosts_of
from passport_scorer.db.libpq_environment import libpq_variable
from passport_scorer.db.timeouts import Timeouts
from passport_scorer.db.url_options import DriverAddress, driver_address, options_of

PREPARED_STATEMENTS = 100  # of a session, kept by the driver

# Planning the large statements costs more than running them, and their plans do not depend on
# the values. A plan made while a table is empty reads all of it, if that is allowed, and is kept
# when the table has grown; and only index scans skip row versions that they know to be dead.
_PLANNING = {
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
}
_CERTIFICATE_FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl")

Refusal = Literal["refused", "ignored", "prepared_statement_lost"]


class DatabaseSettings(Timeouts, frozen=True):
    """The settings of connections to PostgreSQL; see also `Timeouts`.

    Attributes:
        url: a URL that `url.split` accepts; can contain a password, so it is never logged.
        pool_size: maximum connections of one process.
        prepared_statements: False behind a transaction pooler.
        connection_max_age: seconds after which a connection is replaced before it is used again.
    """

    url: str
    pool_size: int = 5
    prepared_statements: bool = True
    connection_max_age: float = 600.0


class Connector:
    """Opens connections.

    Args:
        settings: the address and the timeouts.
        on_pooler: called when the server turns out to be behind a transaction pooler, with the
            reason and the SQLSTATE.

    Attributes:
        is_pooled: True if a transaction pooler is configured or was detected.
    """

    def __init__(
        self,
        settings: DatabaseSettings,
        on_pooler: Callable[[Refusal, str | None], None] = lambda _reason, _sqlstate: None,
    ) -> None:
        self.settings = settings
        self.is_pooled = not settings.prepared_statements
        self._on_pooler = on_pooler
        self._is_verified = False
        self._address = driver_address(settings.url)

    async def connect(self, seconds: float, *, command_timeout: float | None = None) -> Any:
        """Open a connection of asyncpg.

        If the server rejects or ignores the start-up parameters, connect again without them.

        Args:
            seconds: the timeout.
            command_timeout: seconds that the driver waits for the answer to a statement.

        Raises:
            DatabaseUnavailable: the connection could not be opened; the cause is the driver's
                error.
        """
        try:
            return await self._connected(seconds, command_timeout)
        except (OSError, ValueError, asyncpg.PostgresError, *_DRIVER) as error:
            cause = self._explained(error)
            fault = fault_of_connecting(cause)
            is_worth_retrying = fault.reason in _TRANSIENT
            raise unavailable(fault, is_worth_retrying=is_worth_retrying) from cause

    async def _connected(self, seconds: float, command_timeout: float | None) -> Any:
        if not self.is_pooled:
            try:
                driver = await self._open(seconds, command_timeout, is_pooled=False)
            except asyncpg.PostgresError as error:
                if not is_startup_refusal(error):
                    raise
                found: tuple[Refusal, str | None] = ("refused", error.sqlstate)
            else:
                if self._is_verified or await self._keeps_timeouts(driver):
                    return driver
                driver.terminate()
                found = ("ignored", None)
            driver = await self._open(seconds, command_timeout, is_pooled=True)
            self.use_pooler_mode(*found)
            return driver
        return await self._open(seconds, command_timeout, is_pooled=True)

    def use_pooler_mode(self, reason: Refusal, sqlstate: str | None) -> None:
        """Open connections without start-up parameters and prepared statements from now on."""
        if not self.is_pooled:
            self.is_pooled = True
            self._on_pooler(reason, sqlstate)

    async def _open(self, seconds: float, command_timeout: float | None, *, is_pooled: bool) -> Any:
        settings = self.settings
        parameters = {**_PLANNING, **{k: str(v) for k, v in settings.session_parameters().items()}}
        address = self._address
        driver = await asyncpg.connect(
            address.dsn,
            timeout=min(seconds, address.connect_timeout or seconds),
            servicefile=address.servicefile,
            command_timeout=command_timeout,
            statement_cache_size=0 if is_pooled else PREPARED_STATEMENTS,
            max_cacheable_statement_size=0,  # no limit: ours are longer than the default
            server_settings={} if is_pooled else parameters,
            target_session_attrs=_session_attributes(address),
        )
        await timestamps.register(driver)
        array_types.register(driver)
        return driver

    async def _keeps_timeouts(self, driver: Any) -> bool:
        """Return True if the session has the timeouts it was opened with.

        PgBouncer drops the parameters listed in its `ignore_startup_parameters`.
        """
        found = await driver.fetchval(
            "SELECT (extract(epoch FROM current_setting('lock_timeout')::interval) * 1000)::int"
        )
        self._is_verified = bool(found == self.settings.session_parameters()["lock_timeout"])
        return self._is_verified

    def _explained(self, error: BaseException) -> BaseException:
        """Distinguish a missing certificate file from a missing socket, and name it."""
        if isinstance(error, _MAY_BE_FILES):
            for missing in missing_certificate_files(self._address):
                return CertificateFileMissing(missing)
        return error


def missing_certificate_files(address: DriverAddress) -> Iterator[str]:
    """Yield option and path of each TLS file that the URL or environment names and can't be read.

    Args:
        address: of the database.
    """
    options = options_of(address.dsn)
    for name in _CERTIFICATE_FILES:
        path = options.get(name) or libpq_variable(name)
        if path and not os.access(Path(path), os.R_OK):
            yield f"{name} {path}"


_MAY_BE_FILES = (
    FileNotFoundError,
    PermissionError,
    ssl.SSLError,
    asyncpg.ClientConfigurationError,
)
# The session was opened, and ended immediately.
_TRANSIENT = (Reason.SHUTTING_DOWN, Reason.BROKEN_CONNECTION, Reason.SESSION_ENDED)
_DRIVER = (asyncpg.InterfaceError, asyncpg.InternalClientError)


def unavailable(fault: Fault, *, is_worth_retrying: bool = False) -> DatabaseUnavailable:
    """Return the error that reports a fault to callers."""
    return DatabaseUnavailable(
        reason=fault.reason,
        sqlstate=fault.sqlstate,
        rolled_back=fault.rolled_back,
        is_worth_retrying=is_worth_retrying,
    )


def _session_attributes(address: DriverAddress) -> str | None:
    """Of several hosts, choose the writable one, unless the URL says otherwise."""
    parts = urlsplit(address.dsn)
    is_decided = "target_session_attrs" in options_of(parts)
    if is_decided or libpq_variable("target_session_attrs") or len(hosts_of(parts)) < 2:
        return None
    return "read-write"
