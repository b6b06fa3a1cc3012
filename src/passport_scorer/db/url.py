"""The URL of a database, and single connections to it.

The pool of the running service is in `database.py`; single connections are for commands.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import Any, ClassVar
from urllib.parse import SplitResult, quote, unquote, urlencode, urlsplit

import asyncpg

from passport_scorer.db.connecting import Connector, DatabaseSettings
from passport_scorer.db.connection_errors import SENTENCES, CertificateFileMissing, Reason, fault_of
from passport_scorer.db.errors import DatabaseUnavailable
from passport_scorer.db.hosts import hosts_of
from passport_scorer.db.libpq_environment import libpq_variable
from passport_scorer.db.url_options import (
    SECRET,
    joined,
    options_of,
    refused_options,
    unknown_options,
)
from passport_scorer.domain.errors import PassportScorerError

# As in libpq, SQLAlchemy (with a driver after the plus) and parsers of Django's settings.
_SCHEME = re.compile(r"(postgresql|postgres|psql|pgsql|postgis|timescale|timescalegis)(\+\w+)?")
_DATABASE = frozenset({"dbname", "database", "service"})  # options that name the database
CONNECT_SECONDS = 10.0


class InvalidDatabaseLocation(PassportScorerError):
    """The URL of the database can't be used."""

    code: ClassVar[str] = "database_location"


class DatabaseUnreachable(PassportScorerError):
    """The database can't be reached."""

    code: ClassVar[str] = "database_unreachable"


def secured(url: str, variable: str) -> str:
    """Check a URL, and require encryption for a remote host.

    An encryption mode from the environment (`PGSSLMODE`) or a service file takes precedence.

    Args:
        url: of the database; may contain a password.
        variable: the environment variable or option that it comes from.

    Raises:
        InvalidDatabaseLocation: the URL is malformed, or has options that can't be honored; the
            message names the variable and the options, not their values.
    """
    parts = split(url, variable)
    options = options_of(parts)
    if refused := refused_options(options):
        raise InvalidDatabaseLocation(
            f"{variable}: {', '.join(refused)} is not supported, and ignoring it would make the"
            " connection less secure than the URL requires; remove it, or see"
            ' docs/operations.md, "Database URL".'
        )
    is_decided = (
        {"sslmode", "service"} & options.keys()
        or options.get("requiressl") == "1"
        or libpq_variable("sslmode")
    )
    if is_decided or not is_remote(parts):
        return joined(parts)
    return joined(parts._replace(query="&".join(filter(None, (parts.query, "sslmode=require")))))


def split(url: str, variable: str = "The URL of the database") -> SplitResult:
    """Split a URL; raises InvalidDatabaseLocation.

    The message of the library can contain a piece of the password, so it is not passed on.
    """
    try:
        parts = urlsplit(url)
        url.encode()  # bytes that are not UTF-8 can't be sent
        names_database = len(parts.path) > 1 or _DATABASE & options_of(parts).keys()
        usable = bool(_SCHEME.fullmatch(parts.scheme) and names_database and not parts.fragment)
        hosts_of(parts)
    except ValueError:
        usable = False
    if not usable:
        raise InvalidDatabaseLocation(
            f"{variable} is not a URL like postgresql://user:password@host:5432/database"
            " (special characters in it must be percent-encoded)"
        ) from None
    return parts


def is_remote(parts: SplitResult) -> bool:
    """Return True if a URL leads to another machine."""
    hosts = hosts_of(parts) or libpq_variable("host").split(",")
    return any(not is_local(host) for host in hosts if host)


def is_local(host: str) -> bool:
    """Return True if a host is this machine: a socket's folder or a loopback address."""
    if host.startswith(("/", "@")) or host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def without_password(url: str) -> tuple[str, str | None]:
    """Return the URL without its password and other secrets, and the password."""
    parts = split(url)
    user_part, _, authority = parts.netloc.rpartition("@")
    user, _, password = user_part.partition(":")
    options = options_of(parts)
    hidden = SECRET | set(unknown_options(options))  # which may be secrets too
    secret = unquote(password) or options.get("password")
    kept = {name: value for name, value in options.items() if name not in hidden}
    query = urlencode(kept, quote_via=quote, safe="/")
    netloc = f"{user}@{authority}" if user else authority
    return joined(parts._replace(netloc=netloc, query=query)), secret


@asynccontextmanager
async def connected(database: str | DatabaseSettings) -> AsyncIterator[Any]:
    """Open a connection of asyncpg with the same settings as the pool's.

    Statements have no time limit: commands can take long.

    Args:
        database: how to reach it; a URL for the defaults of the other settings.

    Raises:
        InvalidDatabaseLocation: the URL can't be used.
        DatabaseUnreachable: the server rejects the connection or a statement.
    """
    settings = DatabaseSettings(database) if isinstance(database, str) else database
    shown, _ = without_password(settings.url)
    connector = Connector(settings)
    try:
        connection = await connector.connect(CONNECT_SECONDS)
        try:
            if not connector.is_pooled:
                await connection.execute(
                    "; ".join(f"SET {name} = 0" for name in settings.session_parameters())
                )
            yield connection
        finally:
            await connection.close(timeout=CONNECT_SECONDS)
    except DatabaseUnavailable as error:
        why = reason(error.__cause__, error.reason) + _hint(error.reason, settings.url)
        raise DatabaseUnreachable(f"Can't use {shown}: {why}") from error
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise DatabaseUnreachable(f"Can't use {shown}: {reason(error)}") from error


def reason(error: BaseException | None, code: str | None = None) -> str:
    """Return in a few words why a connection or a statement failed, without passwords.

    Args:
        error: the error of the driver.
        code: a `Reason`, if known.
    """
    if code is None and isinstance(error, BaseException):
        fault = fault_of(error)
        code = fault.reason if fault else Reason.OTHER
    if isinstance(error, (CertificateFileMissing, asyncpg.ClientConfigurationError)):
        said = str(error).partition("\n")[0]
        return f"{SENTENCES[code or Reason.OTHER]}: {said}"
    if code == Reason.OTHER and isinstance(error, asyncpg.PostgresError):
        return f"the server says: {error}"
    return SENTENCES[code or Reason.OTHER]


def _hint(code: str, url: str) -> str:
    """Name the options that the server may have rejected, without their values."""
    unknown = unknown_options(options_of(url))
    if code != Reason.STARTUP_PARAMETER or not unknown:
        return ""
    return f"; unknown options of the URL: {', '.join(sorted(unknown))}"
