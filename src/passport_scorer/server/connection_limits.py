"""The bounds of a listener: connections, requests, bytes in memory, timeouts."""

from __future__ import annotations

import resource
from contextlib import suppress

import msgspec

from passport_scorer.telemetry.logger import log

MEGABYTE = 1024 * 1024
_MOST_CONNECTIONS = 10_000
_FEWEST_CONNECTIONS = 16
_INTERNAL_CONNECTIONS = 256  # probes, scrapers, and a few services
_OTHER_DESCRIPTORS = 64  # log, timers, Redis, an Ethereum node, files


class ConnectionLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Maximum use of one listener of one process by its clients.

    Attributes:
        connections: open connections.
        requests: requests that are being answered; those still being received do not count.
        request_bytes: bytes of requests held in memory.
        response_bytes: bytes of responses that clients have not read yet.
        head_bytes: bytes of one request line and its headers, and of trailers.
        headers: headers of one request, trailers included.
        pipelined_bytes: bytes of pipelined requests.
        discarded_bytes: bytes of a body that no handler reads.
        head_seconds: from the first byte of a head, or from connecting, to the end of the head.
        idle_seconds: without a request after a response.
        least_rate: bytes per second of a body or a response, averaged over `rate_seconds`.
        rate_seconds: the window of that average.
        linger_seconds: time to read and discard the rest of a rejected request, so that the
            client sees the response rather than a reset (RFC 9112, section 9.6).
        linger_bytes: maximum bytes discarded in that time.
        drain_seconds: seconds without a byte after which an incomplete request, or an unread
            response, no longer delays shutdown.
        quiet_seconds: seconds without a byte after which a connection can be closed to make room.
        sweep_seconds: interval of checking timeouts.
    """

    connections: int = _MOST_CONNECTIONS
    requests: int = 1000
    request_bytes: int = 64 * MEGABYTE
    response_bytes: int = 64 * MEGABYTE
    head_bytes: int = 64 * 1024
    headers: int = 100
    pipelined_bytes: int = 64 * 1024
    discarded_bytes: int = 4 * MEGABYTE
    head_seconds: float = 10.0
    idle_seconds: float = 75.0  # longer than load balancers keep an idle connection
    least_rate: int = 4 * 1024
    rate_seconds: float = 10.0
    linger_seconds: float = 2.0
    linger_bytes: int = MEGABYTE // 4
    drain_seconds: float = 3.0
    quiet_seconds: float = 1.0
    sweep_seconds: float = 1.0


def raise_descriptor_limit() -> int:
    """Raise the soft limit of open descriptors to the hard one, as far as the system allows.

    Child processes inherit it. Returns the limit in effect.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):  # some systems refuse a hard limit that they call unlimited
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    now = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if now != soft:
        log.info("descriptor_limit", before=soft, now=now, hard=hard)
    return now


def public_connections(asked: int | None, descriptors: int, pool_size: int) -> int:
    """Return the maximum number of connections of a process's public listener.

    Descriptors for the internal listener, the database pool and files stay free, so that accepting
    a connection never fails for lack of one.

    Args:
        asked: the setting; None: as many as there are descriptors for, up to 10,000.
        descriptors: limit of the process.
        pool_size: maximum connections to the database.
    """
    most = _available(descriptors, pool_size) - internal_connections(descriptors, pool_size)
    return max(_FEWEST_CONNECTIONS, min(asked or _MOST_CONNECTIONS, most))


def internal_connections(descriptors: int, pool_size: int) -> int:
    """Return the maximum number of connections of a process's internal listener."""
    share = _available(descriptors, pool_size) // 4
    return max(_FEWEST_CONNECTIONS, min(_INTERNAL_CONNECTIONS, share))


def _available(descriptors: int, pool_size: int) -> int:
    return descriptors - _OTHER_DESCRIPTORS - pool_size
