"""Compress responses for clients that accept it, and send none to clients with a current copy.

Only for responses without secrets: if a secret is compressed together with text that the caller
chose, the length gives the secret away (BREACH). Starlette's `GZipMiddleware` would compress even
for clients that refuse it (`gzip;q=0`), and would compress documents again for each client.

Source: RFC 9110, 8.8 (ETag), 12.5.3 (Accept-Encoding), 13.1.2 (If-None-Match).
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import re
from functools import lru_cache
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LEAST_COMPRESSED = 1024  # bytes; a shorter response fits into one packet uncompressed
_INLINE = 32 * 1024  # bytes compressed without a thread: takes a fraction of a millisecond
_QUICK, _BEST = 1, 9
_DOCUMENTS = 32  # compressed documents in the cache
_COMPRESSIBLE = ("text/", "application/json", "application/javascript", "image/svg+xml")
_OPAQUE_TAG = re.compile(r'"[^"]*"')
_WEIGHT = re.compile(r"q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")


class Representation:
    """ASGI application: sends the responses of another one in the form that suits the client.

    Args:
        app: the application; its responses must not contain secrets.
        cache_control: how long successful responses can be cached if they do not say so
            themselves; None: not at all. Cacheable responses get an ETag.
    """

    def __init__(self, app: ASGIApp, cache_control: str | None = None) -> None:
        self._app = app
        self._cache_control = cache_control

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond."""
        start: Message = {}
        parts: list[bytes] = []

        async def gather(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                body = await self._represented(scope, start, b"".join(parts))
                await send(start)
                await send({"type": "http.response.body", "body": body})

        await self._app(scope, receive, gather)

    async def _represented(self, scope: Scope, start: Message, body: bytes) -> bytes:
        """Return the body to send, and adjust status and headers."""
        asked, said = Headers(scope=scope), MutableHeaders(raw=list(start["headers"]))
        start["headers"] = said.raw
        if not 200 <= start["status"] < 300:
            return body
        if self._cache_control is not None:
            said.setdefault("cache-control", self._cache_control)
        said.add_vary_header("Accept-Encoding")
        is_kept = "no-store" not in said.get("cache-control", "no-store")
        if is_kept and scope["method"] in ("GET", "HEAD"):
            said["etag"] = tag = etag_of(body)
            if matches(asked.getlist("if-none-match"), tag):
                start["status"] = 304
                for name in ("content-length", "content-type"):
                    del said[name]
                return b""
        return await _compressed(asked, said, body, is_document=is_kept)


async def _compressed(asked: Headers, said: MutableHeaders, body: bytes, **how: Any) -> bytes:
    kind = said.get("content-type", "")
    is_fit = len(body) >= LEAST_COMPRESSED and kind.startswith(_COMPRESSIBLE)
    if not is_fit or not accepts_gzip(asked.getlist("accept-encoding")):
        return body
    if len(body) > _INLINE:
        body = await asyncio.to_thread(_gzipped, body, **how)
    else:
        body = _gzipped(body, **how)
    said["content-encoding"] = "gzip"
    said["content-length"] = str(len(body))
    return body


def _gzipped(body: bytes, *, is_document: bool) -> bytes:
    return _gzipped_document(body) if is_document else gzip.compress(body, _QUICK, mtime=0)


@lru_cache(_DOCUMENTS)
def _gzipped_document(body: bytes) -> bytes:
    return gzip.compress(body, _BEST, mtime=0)


@lru_cache(_DOCUMENTS)
def etag_of(body: bytes) -> str:
    """Return the entity tag of a document: weak, because its compressed form shares it."""
    return f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'


def matches(if_none_match: list[str], tag: str) -> bool:
    """Return True if the client's copy has this entity tag.

    Args:
        if_none_match: the values of that header.
        tag: the tag of the current document; the header asks for weak comparison.
    """
    written = ",".join(if_none_match)
    return written.strip() == "*" or tag.removeprefix("W/") in _OPAQUE_TAG.findall(written)


def accepts_gzip(accept_encoding: list[str]) -> bool:
    """Return True if a client likes gzip at least as much as no compression.

    Args:
        accept_encoding: the values of that header. Malformed parts are ignored.
    """
    weights: dict[str, float] = {}
    for coding in ",".join(accept_encoding).lower().split(","):
        name, _, parameter = (part.strip() for part in coding.partition(";"))
        weight = _WEIGHT.fullmatch(parameter.replace(" ", "") or "q=1")
        if weight:
            weights[name.removeprefix("x-") if name == "x-gzip" else name] = float(weight[1])
    gzip_weight = weights.get("gzip", weights.get("*", 0.0))
    return gzip_weight > 0 and gzip_weight >= weights.get("identity", 0.0)
