"""Classifies failures of the database: the meaning of each SQLSTATE and each driver error.

Source: PostgreSQL, appendix A ("PostgreSQL Error Codes").
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping, Sequence
from enum import Enum, StrEnum

import asyncpg
import msgspec


class Reason(StrEnum):
    """A cause of unavailability, for logs and metrics."""

    AUTHORIZATION = "authorization_failed"
    NO_SUCH_DATABASE = "no_such_database"
    TOO_MANY_CONNECTIONS = "too_many_connections"
    STARTUP_PARAMETER = "startup_parameter_refused"
    CERTIFICATE_FILE = "certificate_file_missing"
    TLS = "tls_failed"
    READ_ONLY = "read_only"
    NAME_NOT_RESOLVED = "name_not_resolved"
    CONNECTION_REFUSED = "connection_refused"
    CONNECT_TIMEOUT = "connect_timeout"
    STATEMENT_TIMEOUT = "statement_timeout"
    NO_ANSWER = "no_answer"
    POOL_EXHAUSTED = "pool_exhausted"
    STARTING_UP = "server_starting_up"
    SHUTTING_DOWN = "server_shutting_down"
    SESSION_ENDED = "session_ended"
    PREPARED_STATEMENT = "prepared_statement_lost"
    SCHEMA_CHANGED = "schema_changed"
    DISK_FULL = "disk_full"
    OUT_OF_MEMORY = "out_of_memory"
    LIMIT_EXCEEDED = "limit_exceeded"
    SYSTEM_ERROR = "system_error"
    BROKEN_CONNECTION = "connection_broken"
    OTHER = "other"


# For operators: no URL, host, user, password or path in them.
SENTENCES: Mapping[str, str] = {
    Reason.AUTHORIZATION: "the server rejects this user or password",
    Reason.NO_SUCH_DATABASE: "the database does not exist",
    Reason.TOO_MANY_CONNECTIONS: "the server has no connection left; see max_connections",
    Reason.STARTUP_PARAMETER: "the server or pooler rejects a start-up parameter",
    Reason.CERTIFICATE_FILE: "a certificate or key file that the URL names can't be read",
    Reason.TLS: "TLS could not be negotiated",
    Reason.READ_ONLY: "the server is read-only: a standby, or default_transaction_read_only is on",
    Reason.NAME_NOT_RESOLVED: "the host name can't be resolved",
    Reason.CONNECTION_REFUSED: "nothing is listening there",
    Reason.CONNECT_TIMEOUT: "no connection could be opened in time",
    Reason.STATEMENT_TIMEOUT: "the server canceled a statement that took too long",
    Reason.NO_ANSWER: "no answer to a statement came in time",
    Reason.POOL_EXHAUSTED: "no connection of the pool became free in time",
    Reason.STARTING_UP: "the server is starting up or recovering",
    Reason.SHUTTING_DOWN: "the server is shutting down or has ended the session",
    Reason.SESSION_ENDED: "the server has ended a session that was idle for too long",
    Reason.PREPARED_STATEMENT: "the session has lost its prepared statements; set"
    " DATABASE_PREPARED_STATEMENTS=off behind a transaction pooler",
    Reason.SCHEMA_CHANGED: "a table has changed since its statements were prepared",
    Reason.DISK_FULL: "the server's disk is full",
    Reason.OUT_OF_MEMORY: "the server is out of memory",
    Reason.LIMIT_EXCEEDED: "the server has reached one of its limits",
    Reason.SYSTEM_ERROR: "the server reports an I/O error",
    Reason.BROKEN_CONNECTION: "the connection broke",
    Reason.OTHER: "the address is malformed, or the connection broke",
}


class Scope(Enum):
    """The connections that a fault affects."""

    STATEMENT = "the statement failed; its connection works"
    CONNECTION = "this connection is broken; others may work"
    SERVER = "the server is unavailable, and all connections to it are broken"


class Fault(msgspec.Struct, frozen=True):
    """A failure that is not caused by a statement or its values.

    Attributes:
        reason: the cause.
        scope: which connections are affected.
        rolled_back: True if the server rolls back the transaction when it reports this.
        sqlstate: the server's code; None if it did not answer.
    """

    reason: Reason
    scope: Scope
    rolled_back: bool = False
    sqlstate: str | None = None


def _statement(reason: Reason) -> Fault:
    return Fault(reason, Scope.STATEMENT, rolled_back=True)


def _connection(reason: Reason) -> Fault:
    return Fault(reason, Scope.CONNECTION, rolled_back=True)


def _server(reason: Reason) -> Fault:
    return Fault(reason, Scope.SERVER, rolled_back=True)


# Codes of five characters, else classes of two.
_FAULTS: Mapping[str, Fault] = {
    # A pooler reports this about a server that may have committed.
    "08": Fault(Reason.BROKEN_CONNECTION, Scope.SERVER, rolled_back=False),
    "25006": _server(Reason.READ_ONLY),
    "25P03": _connection(Reason.SESSION_ENDED),
    "25P04": _connection(Reason.STATEMENT_TIMEOUT),
    "26000": _connection(Reason.PREPARED_STATEMENT),
    "42P05": _connection(Reason.PREPARED_STATEMENT),
    "28": _server(Reason.AUTHORIZATION),
    "3D000": _server(Reason.NO_SUCH_DATABASE),
    "53": _statement(Reason.LIMIT_EXCEEDED),
    "53100": _statement(Reason.DISK_FULL),
    "53200": _statement(Reason.OUT_OF_MEMORY),
    "53300": _connection(Reason.TOO_MANY_CONNECTIONS),
    "57": _statement(Reason.OTHER),
    "57014": _statement(Reason.STATEMENT_TIMEOUT),
    "57P01": _server(Reason.SHUTTING_DOWN),
    # Sessions end at any point, possibly after a commit.
    "57P02": Fault(Reason.SHUTTING_DOWN, Scope.SERVER, rolled_back=False),
    "57P03": _server(Reason.STARTING_UP),
    "57P04": _server(Reason.NO_SUCH_DATABASE),
    "57P05": _connection(Reason.SESSION_ENDED),
    # A damaged file does not affect the other connections.
    "58": _connection(Reason.SYSTEM_ERROR),
}


class CertificateFileMissing(OSError):
    """A TLS file named by the URL or environment can't be read: option and path."""


# The first match applies: the class of the error, and words in its message.
_CONNECTING: Sequence[tuple[type[BaseException], str, Reason]] = (
    (CertificateFileMissing, "", Reason.CERTIFICATE_FILE),
    (asyncpg.ClientConfigurationError, "file", Reason.CERTIFICATE_FILE),
    (asyncpg.TargetServerAttributeNotMatched, "", Reason.READ_ONLY),
    (asyncpg.InternalClientError, "", Reason.BROKEN_CONNECTION),
    (ssl.SSLError, "", Reason.TLS),
    (TimeoutError, "", Reason.CONNECT_TIMEOUT),
    (socket.gaierror, "", Reason.NAME_NOT_RESOLVED),
    (ConnectionRefusedError, "", Reason.CONNECTION_REFUSED),
    (FileNotFoundError, "", Reason.CONNECTION_REFUSED),
    (OSError, "rejected SSL upgrade", Reason.TLS),
    (OSError, "Multiple exceptions", Reason.CONNECTION_REFUSED),  # one for each address of a host
    (OSError, "", Reason.BROKEN_CONNECTION),
)


def fault_of(error: BaseException) -> Fault | None:
    """Return the fault of the database behind an error; None if the statement is at fault.

    Args:
        error: raised by the driver while it waited for the answer to a statement.
    """
    error = _said_by_server(error)
    match error:
        case ValueError():  # the driver can't send or read a value
            return None
        case asyncpg.InvalidCachedStatementError():
            return msgspec.structs.replace(_server(Reason.SCHEMA_CHANGED), sqlstate=error.sqlstate)
        case asyncpg.PostgresError():
            return _fault_of_server(error)
        case asyncpg.OutdatedSchemaCacheError():
            return Fault(Reason.SCHEMA_CHANGED, Scope.SERVER)
        case TimeoutError():
            return Fault(Reason.NO_ANSWER, Scope.SERVER)
        case OSError():
            return Fault(Reason.BROKEN_CONNECTION, Scope.SERVER)
        case asyncpg.InternalClientError() if "cannot switch to state" in str(error):
            # The server closed the session before the statement was sent.
            return _server(Reason.BROKEN_CONNECTION)
        case asyncpg.InterfaceError() | asyncpg.InternalClientError():
            return Fault(Reason.BROKEN_CONNECTION, Scope.CONNECTION)
    return None


def fault_of_connecting(error: BaseException) -> Fault:
    """Return why a connection could not be opened; nothing was committed on it.

    Args:
        error: raised by the driver while it opened the connection.
    """
    error = _said_by_server(error)
    if isinstance(error, asyncpg.PostgresError):
        found = _fault_of_server(error)
        reason = found.reason if found else Reason.OTHER
        if is_startup_refusal(error):
            reason = Reason.STARTUP_PARAMETER
        return Fault(reason, Scope.CONNECTION, rolled_back=True, sqlstate=error.sqlstate)
    return Fault(_reason_of_connecting(error), Scope.CONNECTION, rolled_back=True)


def _reason_of_connecting(error: BaseException) -> Reason:
    said = str(error)
    for kind, words, reason in _CONNECTING:
        if isinstance(error, kind) and words in said:
            return reason
    return Reason.OTHER


def is_startup_refusal(error: BaseException) -> bool:
    """Return True if a server or pooler rejects a connection for its start-up parameters.

    PgBouncer answers 08P01 ("unsupported startup parameter: jit"), a code it also uses for other
    errors; Amazon RDS Proxy answers 0A000; PostgreSQL versions that lack a parameter, 42704.
    """
    error = _said_by_server(error)
    if not isinstance(error, asyncpg.PostgresError):
        return False
    if error.sqlstate == "08P01":
        return "startup parameter" in str(error)
    return error.sqlstate in {"0A000", "42704"}


def _fault_of_server(error: asyncpg.PostgresError) -> Fault | None:
    sqlstate = error.sqlstate
    if sqlstate is None or error.severity is None:  # rejected by the driver, not the server
        return None
    fault = _FAULTS.get(sqlstate) or _FAULTS.get(sqlstate[:2])
    if fault is None:
        return None
    # After a panic it is unknown whether a commit was completed.
    is_certain = fault.rolled_back and error.severity_en != "PANIC"
    return msgspec.structs.replace(fault, sqlstate=sqlstate, rolled_back=is_certain)


def _said_by_server(error: BaseException) -> BaseException:
    """Return the server's last error where the driver only reports a closed connection."""
    cause = error.__cause__
    is_end = isinstance(error, asyncpg.ConnectionDoesNotExistError)
    return cause if is_end and isinstance(cause, asyncpg.PostgresError) else error
