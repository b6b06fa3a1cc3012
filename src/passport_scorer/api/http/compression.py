"""How an answer is sent: compressed for who accepts it, and not at all to who has it already.

Only for answers without secrets: the length of a compressed answer that holds a secret beside
what its caller has chosen tells of the secret (BREACH). Starlette's `GZipMiddleware` would also
compress for who refuses it (`gzip;q=0`), and documents anew for each caller.

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

LEAST_COMPRESSED = 1024  # bytes; a shorter answer fits into one packet as it is
_INLINE = 32 * 1024  # bytes that are compressed without a thread: a fraction of a millisecond
_QUICK, _BEST = 1, 9
_DOCUMENTS = 32  # compressed documents that are kept
_COMPRESSIBLE = ("text/", "application/json", "application/javascript", "image/svg+xml")
_OPAQUE_TAG = re.compile(r'"[^"]*"')
_WEIGHT = re.compile(r"q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")


class Representation:
    """ASGI application: sends what another one answers in the form that suits the caller.

    Args:
        app: what answers; its answers must not hold secrets.
        cache_control: how long its good answers may be kept, where they don't say so themselves;
            None: not at all. Those that may be kept get an ETag.
    """

    def __init__(self, app: ASGIApp, cache_control: str | None = None) -> None:
        self._app = app
        self._cache_control = cache_control

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
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
        """Return the body to send, and change the head accordingly."""
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
    """Return the entity tag of a document: weak, as it stands for its compressed form, too."""
    return f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'


def matches(if_none_match: list[str], tag: str) -> bool:
    """Return True if the caller has the document with this entity tag.

    Args:
        if_none_match: the values of that header.
        tag: compared weakly, as the header wants it.
    """
    written = ",".join(if_none_match)
    return written.strip() == "*" or tag.removeprefix("W/") in _OPAQUE_TAG.findall(written)


def accepts_gzip(accept_encoding: list[str]) -> bool:
    """Return True if gzip suits a caller at least as well as no compression.

    Args:
        accept_encoding: the values of that header. What is malformed in it is left out.
    """
    weights: dict[str, float] = {}
    for coding in ",".join(accept_encoding).lower().split(","):
        name, _, parameter = (part.strip() for part in coding.partition(";"))
        weight = _WEIGHT.fullmatch(parameter.replace(" ", "") or "q=1")
        if weight:
            weights[name.removeprefix("x-") if name == "x-gzip" else name] = float(weight[1])
    gzip_weight = weights.get("gzip", weights.get("*", 0.0))
    return gzip_weight > 0 and gzip_weight >= weights.get("identity", 0.0)
