"""Sending a request to a deployment, and reading a bounded answer."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.tools.shadow.comparison.responses import Answer
from passport_scorer.tools.shadow.exchanges import Failure, Outcome, Request

if TYPE_CHECKING:
    import httpx

LONGEST_ANSWER = 32 * 1024 * 1024
TOO_LONG = "the answer is too long to compare"
UNKNOWN_CODING = "the answer is compressed in a way that can't be read"
# What belongs to one connection, and what the client itself decides anew.
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
    """The URL of a deployment can't be used."""

    code = "invalid_target"


def checked_url(url: str, option: str) -> str:
    """Return the base URL of a deployment without a slash at the end.

    Raises:
        InvalidTarget: it isn't like http://host:port; the message names the option.
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
    """A deployment: where requests go.

    Args:
        url: its base URL.
        internal_url: where `/internal/*` goes; None: to the same.
        headers: that every request gets besides its own.
        timeout: seconds that an answer may take.
        connections: that are kept open at most.
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
        """Get ready; no connection is made yet."""
        import httpx  # not needed by anything else that is imported at start

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
        """Send a request; whatever goes wrong is an outcome, too."""
        import httpx

        started = time.perf_counter()
        try:
            made = self._made(request)
            response = await self._transport.handle_async_request(made)
            try:
                body = await _bounded_body(response)
            finally:
                await response.aclose()
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            return Failure(why_of(error), time.perf_counter() - started)
        seconds = time.perf_counter() - started
        headers = tuple((n.decode("latin-1"), v.decode("latin-1")) for n, v in response.headers.raw)
        return answer_of(response.status_code, headers, body, seconds)

    def _made(self, request: Request) -> httpx.Request:
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
        # The target as it was sent: httpx itself would write some escapes in another way.
        target = prefix + request.path.encode("utf-8", "surrogateescape")
        return httpx.Request(
            request.method,
            base,
            headers=[*headers, *self._headers],
            content=request.body or None,
            extensions={"timeout": timeout, "target": target},
        )


async def _bounded_body(response: httpx.Response) -> bytes | None:
    """The body as it came; None if it is longer than what is compared."""
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > LONGEST_ANSWER:
            return None
    return bytes(body)


def answer_of(
    status: int, headers: Iterable[tuple[str, str]], body: bytes | None, seconds: float | None
) -> Outcome:
    """Make an answer of what came; its body is decompressed."""
    kept = tuple(headers)
    if body is None:
        return Failure(TOO_LONG, seconds)
    coding = ",".join(v for n, v in kept if n.lower() == "content-encoding").strip().lower()
    if coding not in {"", "identity"} and body:
        decoded = _decompressed(body, coding)
        if decoded is None:
            return Failure(UNKNOWN_CODING, seconds)
        body = decoded
    return Answer(status, kept, body, seconds)


def _decompressed(body: bytes, coding: str) -> bytes | None:
    windows = {"gzip": 31, "x-gzip": 31, "deflate": 15}
    if coding not in windows:
        return None
    stream = zlib.decompressobj(windows[coding])
    try:
        decoded = stream.decompress(body, LONGEST_ANSWER)
    except zlib.error:
        return None
    return None if stream.unconsumed_tail or not stream.eof else decoded


def why_of(error: Exception) -> str:
    """Say in a few words why there is no answer, the same words for the same reason."""
    import httpx

    match error:
        case httpx.ConnectTimeout() | httpx.PoolTimeout():
            return "no connection in time"
        case httpx.TimeoutException():
            return "no answer in time"
        case httpx.ConnectError():
            return "no connection"
        case httpx.RemoteProtocolError():
            return "the answer broke off or isn't HTTP"
        case httpx.NetworkError():
            return "the connection broke"
    return "the request could not be sent"
