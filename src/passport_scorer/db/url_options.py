"""The options in the URL of a database.

The keywords are libpq's. The driver handles most of them itself. Of the others, some are handled
here, some are ignored because nothing depends on them, and some are rejected: without them the
connection would be less safe than its URL says.

Source: PostgreSQL, libpq, "Parameter Key Words"; asyncpg, `connect`.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

import msgspec

OF_DRIVER = frozenset(
    {
        "dbname",
        "database",
        "host",
        "port",
        "user",
        "password",
        "passfile",
        "service",
        "sslmode",
        "sslnegotiation",
        "sslrootcert",
        "sslcert",
        "sslkey",
        "sslpassword",
        "sslcrl",
        "ssl_min_protocol_version",
        "ssl_max_protocol_version",
        "target_session_attrs",
        "krbsrvname",
        "gsslib",
    }
)
OF_SERVER = frozenset({"application_name", "options"})
CARRIED_OUT = frozenset(
    {"connect_timeout", "fallback_application_name", "hostaddr", "requiressl", "servicefile"}
)
LEFT_OUT = frozenset(
    {
        "channel_binding",
        "client_encoding",
        "gssdelegation",
        "keepalives",
        "keepalives_count",
        "keepalives_idle",
        "keepalives_interval",
        "load_balance_hosts",
        "max_protocol_version",
        "min_protocol_version",
        "oauth_client_id",
        "oauth_client_secret",
        "oauth_issuer",
        "oauth_scope",
        "sslcompression",
        "sslkeylogfile",
        "sslsni",
        "tcp_user_timeout",
    }
)
# Rejected, unless the value is one of these, which require nothing: then they are ignored.
REFUSED: Mapping[str, frozenset[str]] = {
    "gssencmode": frozenset({"disable", "prefer"}),
    "replication": frozenset({"false", "off", "no", "0"}),
    "require_auth": frozenset(),
    "requirepeer": frozenset(),
    "scram_client_key": frozenset(),
    "scram_server_key": frozenset(),
    "sslcertmode": frozenset({"allow", "disable"}),
    "sslcrldir": frozenset(),
}
SECRET = frozenset(
    {"password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key"}
)

_SCHEMES = ("postgresql", "postgres")
_SYSTEM = "system"  # `sslrootcert=system`: the CAs that the machine trusts
_LEAST_CONNECT_TIMEOUT = 2.0  # seconds, as in libpq


class DriverAddress(msgspec.Struct, frozen=True):
    """The URL of a database as the driver accepts it. Contains secrets.

    Attributes:
        dsn: the URL, without options that the driver would pass on to the server.
        connect_timeout: seconds for opening a connection; None: not specified.
        servicefile: path of the service file; None: the default one.
    """

    dsn: str
    connect_timeout: float | None
    servicefile: str | None


def options_of(url: str | SplitResult) -> dict[str, str]:
    """Return the options of a URL; the last one wins if an option is given twice."""
    parts = urlsplit(url) if isinstance(url, str) else url
    return dict(parse_qsl(parts.query))


def refused_options(options: Mapping[str, str]) -> list[str]:
    """Return the names of unsupported options that make the connection more secure."""
    return [
        name for name, value in options.items() if name in REFUSED and value not in REFUSED[name]
    ]


def options_left_out(options: Mapping[str, str]) -> list[str]:
    """Return the names of the options that are ignored."""
    left_out = LEFT_OUT | REFUSED.keys()
    named = [name for name in options if name in left_out]
    return [*named, "hostaddr"] if {"host", "hostaddr"} <= options.keys() else named


def unknown_options(options: Mapping[str, str]) -> list[str]:
    """Return the names of the options that libpq does not know; the server might."""
    known = OF_DRIVER | OF_SERVER | CARRIED_OUT | LEFT_OUT | REFUSED.keys()
    return [name for name in options if name not in known]


def driver_address(url: str) -> DriverAddress:
    """Return a URL as the driver accepts it.

    Args:
        url: one that `url.split` accepts.
    """
    parts, options = urlsplit(url), options_of(url)
    kept = {
        name: value
        for name, value in options.items()
        if name not in LEFT_OUT | REFUSED.keys() | CARRIED_OUT
    }
    _carry_out(options, kept, has_host=bool(parts.netloc.rpartition("@")[2]))
    netloc = _user_quoted(parts.netloc)
    query = urlencode(kept, quote_via=quote, safe="/")
    return DriverAddress(
        joined(parts._replace(netloc=netloc, query=query)),
        _connect_timeout(options.get("connect_timeout", "")),
        options.get("servicefile"),
    )


def joined(parts: SplitResult) -> str:
    """Join the parts of a URL, with a scheme that libpq and the driver know.

    Unlike `urlunsplit`, with two slashes where there is no host.
    """
    scheme = parts.scheme if parts.scheme in _SCHEMES else _SCHEMES[0]
    query = f"?{parts.query}" if parts.query else ""
    return f"{scheme}://{parts.netloc}{parts.path}{query}"


def _carry_out(options: Mapping[str, str], kept: dict[str, str], *, has_host: bool) -> None:
    if options.get("requiressl") == "1":
        kept.setdefault("sslmode", "require")
    if "fallback_application_name" in options:
        kept.setdefault("application_name", options["fallback_application_name"])
    if "hostaddr" in options and not has_host:
        kept.setdefault("host", options["hostaddr"])
    if options.get("sslrootcert") == _SYSTEM:
        kept["sslmode"] = "verify-full"
        if authorities := system_authorities():
            kept["sslrootcert"] = authorities


def system_authorities() -> str | None:
    """Return the file of the CAs that the machine trusts; None if there is none."""
    return ssl.get_default_verify_paths().cafile


def _connect_timeout(text: str) -> float | None:
    """Return the seconds of `connect_timeout`; 0 and less mean no limit, as in libpq."""
    seconds = int(text) if text.strip().isdecimal() and len(text) < 10 else 0
    return max(_LEAST_CONNECT_TIMEOUT, float(seconds)) if seconds else None


def _user_quoted(netloc: str) -> str:
    """Requote the user and the password: for the driver they end at the first `@`."""
    user_part, at, authority = netloc.rpartition("@")
    user, colon, password = user_part.partition(":")
    quoted = quote(unquote(user), safe="") + colon + quote(unquote(password), safe="")
    return f"{quoted}{at}{authority}" if at else netloc
