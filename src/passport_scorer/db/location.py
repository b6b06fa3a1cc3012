"""Which database, and how to open a connection to it by hand.

The pool of the running service is in `database.py`; this is for commands that people type.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

import asyncpg

from passport_scorer.db.connecting import Connector, DatabaseSettings
from passport_scorer.db.errors import DatabaseUnavailable
from passport_scorer.db.hosts import hosts_of
from passport_scorer.db.reasons import SENTENCES, Reason, fault_of
from passport_scorer.domain.errors import PassportScorerError

VARIABLES = ("DATABASE_URL", "RDS_PROXY_URL")
SCHEMES = ("postgresql", "postgres")
CONNECT_SECONDS = 10.0


class DatabaseLocationError(PassportScorerError):
    """The address of the database can't be used."""

    code: ClassVar[str] = "database_location"


class DatabaseUnreachableError(PassportScorerError):
    """The database can't be reached."""

    code: ClassVar[str] = "database_unreachable"


def database_url(environ: Mapping[str, str]) -> str | None:
    """Return the address of the database that the environment names, None for the embedded one.

    `sslmode=require` is added to the address of another machine that names no `sslmode`.
    Raises DatabaseLocationError, whose message names the variable and no password.
    """
    for variable in VARIABLES:
        if url := environ.get(variable, "").strip():
            return secured(url, variable)
    return None


def embedded_folder(environ: Mapping[str, str]) -> Path:
    """Return where the embedded server has its files: below the current folder, unless told."""
    return Path(environ.get("PASSPORT_SCORER_HOME") or ".passport-scorer") / "postgresql"


def secured(url: str, variable: str) -> str:
    """Check an address, and ask for encryption where it leaves the machine."""
    parts = split(url, variable)
    options = dict(parse_qsl(parts.query))
    if "sslmode" in options or not is_remote(parts):
        return url
    return urlunsplit(
        parts._replace(query="&".join(filter(None, (parts.query, "sslmode=require"))))
    )


def split(url: str, variable: str = "The address of the database") -> SplitResult:
    """Take an address apart; raises DatabaseLocationError.

    The library's own message may hold a piece of the password, so it is not passed on.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in SCHEMES and len(parts.path) > 1 and not parts.fragment
        hosts_of(parts)
    except ValueError:
        usable = False
    if not usable:
        raise DatabaseLocationError(
            f"{variable} is not an address like postgresql://user:password@host:5432/database"
            " (special characters in it must be percent-encoded)"
        ) from None
    return parts


def is_remote(parts: SplitResult) -> bool:
    """Say whether an address leads to another machine."""
    return any(not is_local(host) for host in hosts_of(parts))


def is_local(host: str) -> bool:
    """Say whether a host is this machine: a socket's folder or a loopback address."""
    if host.startswith(("/", "@")) or host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def without_password(url: str) -> tuple[str, str | None]:
    """Return the address without its password, and the password."""
    parts = split(url)
    user_part, _, authority = parts.netloc.rpartition("@")
    user, _, password = user_part.partition(":")
    options = parse_qsl(parts.query)
    secret = unquote(password) or dict(options).get("password")
    query = urlencode(
        [pair for pair in options if pair[0] != "password"], quote_via=quote, safe="/"
    )
    netloc = f"{user}@{authority}" if user else authority
    return "".join((f"{parts.scheme}://{netloc}{parts.path}", f"?{query}" if query else "")), secret


@asynccontextmanager
async def connected(database: str | DatabaseSettings) -> AsyncIterator[Any]:
    """Open a connection of asyncpg for a while, with the settings that the pool's have.

    It has no limits on the time of statements: what people start may take long.

    Args:
        database: how to reach it; an address stands for the other settings' defaults.

    Raises:
        DatabaseLocationError: the address can't be used.
        DatabaseUnreachableError: the server refuses the connection or a statement.
    """
    settings = DatabaseSettings(database) if isinstance(database, str) else database
    shown, _ = without_password(settings.url)
    connector = Connector(settings)
    try:
        connection = await connector.connect(CONNECT_SECONDS)
        try:
            if not connector.is_pooled:
                await connection.execute("; ".join(f"SET {name} = 0" for name in settings.limits()))
            yield connection
        finally:
            await connection.close(timeout=CONNECT_SECONDS)
    except DatabaseUnavailable as error:
        why = reason(error.__cause__, error.reason)
        raise DatabaseUnreachableError(f"Can't use {shown}: {why}") from error
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise DatabaseUnreachableError(f"Can't use {shown}: {reason(error)}") from error


def reason(error: BaseException | None, code: str | None = None) -> str:
    """Say in a few words why a connection or a statement failed; never holds a password.

    Args:
        error: the driver's.
        code: a `Reason`, if it is known.
    """
    if code is None and isinstance(error, BaseException):
        fault = fault_of(error)
        code = fault.reason if fault else Reason.OTHER
    if code == Reason.OTHER and isinstance(error, asyncpg.PostgresError):
        return f"the server says: {error}"
    return SENTENCES[code or Reason.OTHER]
