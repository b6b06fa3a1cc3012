"""Which database, and how to open a connection to it by hand.

The pool of the running service is in `database.py`; this is for commands that people type.
"""

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

import asyncpg

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


def hosts_of(parts: SplitResult) -> list[str]:
    """Return the hosts of an address, or the folders of their sockets; none means the default.

    Raises ValueError if a port is not a number.
    """
    authority = parts.netloc.rpartition("@")[2]
    hosts = []
    for each in filter(None, authority.split(",")):
        single = urlsplit(f"//{each}")
        _ = single.port
        hosts.append(unquote(single.hostname or ""))
    if not any(hosts):
        hosts = dict(parse_qsl(parts.query)).get("host", "").split(",")
    return [host for host in hosts if host]


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
async def connected(url: str) -> AsyncIterator[Any]:
    """Open a connection of asyncpg for a while, also through a proxy that gives no session.

    Raises DatabaseLocationError, and DatabaseUnreachableError for whatever the server refuses.
    """
    shown, _ = without_password(url)
    try:
        connection = await asyncpg.connect(url, timeout=CONNECT_SECONDS, statement_cache_size=0)
        try:
            yield connection
        finally:
            await connection.close(timeout=CONNECT_SECONDS)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise DatabaseUnreachableError(f"Can't use {shown}: {reason(error)}") from error


def reason(error: Exception) -> str:
    """Say in a few words why a connection failed; never holds a password."""
    match error:
        case asyncpg.InvalidCatalogNameError():
            return "there is no such database"
        case asyncpg.InvalidAuthorizationSpecificationError():
            return "the server refuses this user or password"
        case asyncpg.PostgresError():
            return f"the server says: {error}"
        case TimeoutError():
            return f"no answer within {CONNECT_SECONDS:.0f} seconds"
        case ssl.SSLError():
            return f"no encryption was agreed on ({error.reason or 'TLS'})"
        case ConnectionRefusedError() | FileNotFoundError():
            return "nothing listens there"
        case OSError():
            return error.strerror or str(error)
    return "the address is malformed, or the connection broke"
