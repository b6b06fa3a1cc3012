"""The client that sends a request to a deployment and reads a bounded response."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.tools.shadow.comparison.responses import ReceivedResponse
from passport_scorer.tools.shadow.exchanges import Failure, Outcome, Request

if TYPE_CHECKING:
    import httpx

LONGEST_BODY = 32 * 1024 * 1024
TOO_LONG = "response too long to compare"
UNKNOWN_CODING = "response with an unsupported or broken content encoding"
# Headers of a single connection, and headers that the client sets itself.
_OWN_HEADERS = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


class InvalidTarget(PassportScorerError):
    """The URL of a deployment is invalid."""

    code = "invalid_target"


def checked_url(url: str, option: str) -> str:
    """Return the base URL of a deployment without a trailing slash.

    Raises:
        InvalidTarget: it is not like http://host:port; the message names the option.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment or parts.username or parts.password:
        raise InvalidTarget(f"{option}: expected a URL like http://host:port.")
    return url.rstrip("/")


class Target:
    """A deployment that requests are sent to.

    Args:
        url: the base URL.
        internal_url: the base URL for `/internal/*`; None for the same.
        headers: headers to add to every request.
        timeout: seconds to wait for a response.
        connections: maximum number of open connections.
    """

    def __init__(
        self,
        url: str,
        *,
        internal_url: str | None = None,
        headers: Sequence[tuple[str, str]] = (),
        timeout: float = 30.0,
        connections: int = 16,
    ) -> None:
        self._url = url
        self._internal_url = internal_url or url
        self._headers = tuple(headers)
        self._timeout = timeout
        self._connections = connections
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Set up the transport; no connection is made yet."""
        import httpx  # slow to import, and other commands do not need it

        limits = httpx.Limits(
            max_connections=self._connections, max_keepalive_connections=self._connections
        )
        transport = httpx.AsyncHTTPTransport(limits=limits)
        self._transport = await self._stack.enter_async_context(transport)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close all connections."""
        await self._stack.aclose()

    async def send(self, request: Request) -> Outcome:
        """Send a request; a failure is an outcome, not an exception."""
        import httpx

        started = time.perf_counter()
        try:
            prepared = self._prepared(request)
            response = await self._transport.handle_async_request(prepared)
            try:
                body = await _bounded_body(response)
            finally:
                await response.aclose()
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            return Failure(failure_reason(error), time.perf_counter() - started)
        seconds = time.perf_counter() - started
        headers = tuple((n.decode("latin-1"), v.decode("latin-1")) for n, v in response.headers.raw)
        return response_of(response.status_code, headers, body, seconds)

    def _prepared(self, request: Request) -> httpx.Request:
        import httpx

        internal = request.path.startswith("/internal/")
        base = httpx.URL(self._internal_url if internal else self._url)
        prefix = base.raw_path.rstrip(b"/")
        own = {name.lower() for name, _ in self._headers}
        headers = [
            (name, value)
            for name, value in request.headers
            if name.lower() not in _OWN_HEADERS and name.lower() not in own
        ]
        timeout = httpx.Timeout(self._timeout).as_dict()
        # The target as it was sent: httpx would normalize some percent-escapes.
        target = prefix + request.path.encode("utf-8", "surrogateescape")
        return httpx.Request(
            request.method,
            base,
            headers=[*headers, *self._headers],
            content=request.body or None,
            extensions={"timeout": timeout, "target": target},
        )


async def _bounded_body(response: httpx.Response) -> bytes | None:
    """Read the raw body; None if it is too long."""
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > LONGEST_BODY:
            return None
    return bytes(body)


def response_of(
    status: int, headers: Iterable[tuple[str, str]], body: bytes | None, seconds: float | None
) -> Outcome:
    """Build a response with a decompressed body; a Failure if that is not possible."""
    kept = tuple(headers)
    if body is None:
        return Failure(TOO_LONG, seconds)
    coding = ",".join(v for n, v in kept if n.lower() == "content-encoding").strip().lower()
    if coding not in {"", "identity"} and body:
        decoded = _decompressed(body, coding)
        if decoded is None:
            return Failure(UNKNOWN_CODING, seconds)
        body = decoded
    return ReceivedResponse(status, kept, body, seconds)


def _decompressed(body: bytes, coding: str) -> bytes | None:
    windows = {"gzip": 31, "x-gzip": 31, "deflate": 15}
    if coding not in windows:
        return None
    stream = zlib.decompressobj(windows[coding])
    try:
        decoded = stream.decompress(body, LONGEST_BODY)
    except zlib.error:
        return None
    return None if stream.unconsumed_tail or not stream.eof else decoded


def failure_reason(error: Exception) -> str:
    """Describe in a few fixed words why there is no response."""
    import httpx

    match error:
        case httpx.ConnectTimeout() | httpx.PoolTimeout():
            return "connection timed out"
        case httpx.TimeoutException():
            return "response timed out"
        case httpx.ConnectError():
            return "connection failed"
        case httpx.RemoteProtocolError():
            return "response incomplete or not HTTP"
        case httpx.NetworkError():
            return "connection lost"
    return "request could not be sent"
