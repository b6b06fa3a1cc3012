"""How a connection to PostgreSQL is opened: by the pool, by commands, and by the check at start.

A session begins with its limits on time (`statement_timeout`, …) as start-up parameters. Behind
a pooler that gives each transaction another session there is no such thing: the limits are set
in every transaction instead, and statements are not prepared. See `Connector.is_pooled`.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import asyncpg
import msgspec

from passport_scorer.db import timestamps
from passport_scorer.db.errors import DatabaseUnavailable
from passport_scorer.db.hosts import hosts_of
from passport_scorer.db.libpq_environment import libpq_variable
from passport_scorer.db.reasons import (
    CertificateFileMissing,
    Fault,
    Reason,
    fault_of_connecting,
    is_startup_refusal,
)
from passport_scorer.db.url_options import DriverAddress, driver_address, options_of

PREPARED_STATEMENTS = 100  # of a session, kept by the driver

# Planning the large statements costs more than running them; their plans don't depend on values.
_PLANNING = {"jit": "off", "plan_cache_mode": "force_generic_plan"}
_CERTIFICATE_FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl")

Refusal = Literal["refused", "ignored", "prepared_statement_lost"]


class DatabaseSettings(msgspec.Struct, frozen=True):
    """How to reach PostgreSQL.

    Attributes:
        url: a URL that `location.split` takes; may hold a password, so it is never logged.
        pool_size: connections of one process at most.
        acquire_timeout: seconds to wait for a free or new connection.
        statement_timeout: seconds to wait for the answer to one statement; the server gives up a
            little earlier.
        prepared_statements: False behind a pooler that gives each transaction another session.
        connection_max_age: seconds after which a connection is replaced before it is used again.
        lock_timeout: seconds that a single statement waits for a lock.
        transaction_lock_timeout: seconds that a statement of a transaction waits for a lock.
        idle_in_transaction_timeout: seconds that the server waits for the next statement of a
            transaction before it rolls back and ends the session; less than others wait for the
            locks of a transaction whose process is frozen.
    """

    url: str
    pool_size: int = 5
    acquire_timeout: float = 3.0
    statement_timeout: float = 10.0
    prepared_statements: bool = True
    connection_max_age: float = 600.0
    lock_timeout: float = 0.5
    transaction_lock_timeout: float = 3.0
    idle_in_transaction_timeout: float = 2.5

    @property
    def server_statement_timeout(self) -> float:
        """Seconds after which the server cancels a statement; its answer must come in time."""
        return self.statement_timeout - min(0.5, self.statement_timeout / 10)

    def limits(self, lock_timeout: float | None = None) -> Mapping[str, int]:
        """Return the limits on time of a session or transaction, in milliseconds."""
        lock = self.lock_timeout if lock_timeout is None else lock_timeout
        return {
            "statement_timeout": _milliseconds(self.server_statement_timeout),
            "lock_timeout": _milliseconds(lock),
            "idle_in_transaction_session_timeout": _milliseconds(self.idle_in_transaction_timeout),
        }


class Connector:
    """Opens connections.

    Args:
        settings: where to, and with what limits.
        notice: called when it turns out that the server is behind a pooler, with the reason and
            the SQLSTATE.

    Attributes:
        is_pooled: True if a pooler gives each transaction another session, as far as is known.
    """

    def __init__(
        self,
        settings: DatabaseSettings,
        notice: Callable[[Refusal, str | None], None] = lambda _reason, _sqlstate: None,
    ) -> None:
        self.settings = settings
        self.is_pooled = not settings.prepared_statements
        self._notice = notice
        self._is_verified = False
        self._address = driver_address(settings.url)

    async def connect(self, seconds: float, *, command_timeout: float | None = None) -> Any:
        """Open a connection, and return asyncpg's.

        A connection whose start-up parameters are refused or ignored is opened again without any.

        Args:
            seconds: to wait for it.
            command_timeout: seconds that the driver waits for the answer to a statement.

        Raises:
            DatabaseUnavailable: it could not be opened; the cause is the driver's error.
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
                if self._is_verified or await self._keeps_limits(driver):
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
            self._notice(reason, sqlstate)

    async def _open(self, seconds: float, command_timeout: float | None, *, is_pooled: bool) -> Any:
        settings = self.settings
        parameters = {**_PLANNING, **{k: str(v) for k, v in settings.limits().items()}}
        address = self._address
        driver = await asyncpg.connect(
            address.dsn,
            timeout=min(seconds, address.connect_timeout or seconds),
            servicefile=address.servicefile,
            command_timeout=command_timeout,
            statement_cache_size=0 if is_pooled else PREPARED_STATEMENTS,
            max_cacheable_statement_size=0,  # of any size: asyncpg's default leaves out long ones
            server_settings={} if is_pooled else parameters,
            target_session_attrs=_session_attributes(address),
        )
        await timestamps.register(driver)
        return driver

    async def _keeps_limits(self, driver: Any) -> bool:
        """Whether the session has the limits that it was opened with.

        PgBouncer drops parameters that its `ignore_startup_parameters` lists.
        """
        found = await driver.fetchval(
            "SELECT (extract(epoch FROM current_setting('lock_timeout')::interval) * 1000)::int"
        )
        self._is_verified = bool(found == self.settings.limits()["lock_timeout"])
        return self._is_verified

    def _explained(self, error: BaseException) -> BaseException:
        """Tell a missing certificate file from a missing socket, and name it."""
        if isinstance(error, _MAY_BE_FILES):
            for missing in missing_certificate_files(self._address):
                return CertificateFileMissing(missing)
        return error


def missing_certificate_files(address: DriverAddress) -> Iterator[str]:
    """Give option and path of each file for TLS, of the URL or the environment, that can't be read.

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
# The session was opened, and ended at once.
_TRANSIENT = (Reason.SHUTTING_DOWN, Reason.BROKEN_CONNECTION, Reason.SESSION_ENDED)
_DRIVER = (asyncpg.InterfaceError, asyncpg.InternalClientError)


def unavailable(fault: Fault, *, is_worth_retrying: bool = False) -> DatabaseUnavailable:
    """Return the error that tells callers about a fault."""
    return DatabaseUnavailable(
        reason=fault.reason,
        sqlstate=fault.sqlstate,
        rolled_back=fault.rolled_back,
        is_worth_retrying=is_worth_retrying,
    )


def _session_attributes(address: DriverAddress) -> str | None:
    """Of several hosts, take the one that can be written to, unless the URL says otherwise."""
    parts = urlsplit(address.dsn)
    is_decided = "target_session_attrs" in options_of(parts)
    if is_decided or libpq_variable("target_session_attrs") or len(hosts_of(parts)) < 2:
        return None
    return "read-write"


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))
