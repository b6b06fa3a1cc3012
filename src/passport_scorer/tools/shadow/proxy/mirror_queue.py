"""Copies of exchanges on their way to the watching process: few, small, or none at all."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable

import msgspec

from passport_scorer.tools.shadow.comparison.responses import Answer
from passport_scorer.tools.shadow.exchanges import Request
from passport_scorer.tools.shadow.proxy.counts import (
    NO_READ,
    NOT_CHOSEN,
    NOT_WATCHED,
    PUT,
    TOO_FAST,
    TOO_MANY,
    Counts,
)

_LENGTH = 4  # bytes of a frame's length


class Copy(msgspec.Struct, frozen=True):
    """What the watching process is told.

    Attributes:
        request: what the client sent.
        answer: what the control answered.
        at_once: requests that the control had under way with this one.
    """

    request: Request
    answer: Answer
    at_once: int


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much may be copied.

    Attributes:
        sample: share of the reads, 0 to 1.
        rate: copies per second at most; None: any.
        queue: bytes that may wait, in requests, answers and frames.
        longest: bytes of a body that is copied.
    """

    sample: float = 1.0
    rate: float | None = None
    queue: int = 64 * 1024 * 1024
    longest: int = 1024 * 1024


class Outbox:
    """Decides what is copied, and sends it without ever waiting.

    Args:
        limits: how much.
        wanted: says whether a request may be copied, by method and path.
        counts: what becomes of each request.

    Attributes:
        under_way: requests that the control has not answered yet.
    """

    def __init__(self, limits: Limits, wanted: Callable[[str, str], bool], counts: Counts) -> None:
        self.limits = limits
        self._counts = counts
        self._wanted = wanted
        self.under_way = 0
        self._transport: asyncio.Transport | None = None
        self._collected = 0
        self._allowed = 1.0
        self._allowed_at = time.monotonic()

    def open(self, transport: asyncio.Transport) -> None:
        """Take the way to the watching process."""
        self._transport = transport

    def close(self) -> None:
        """End the way; what waits is still sent, if the watching process takes it."""
        if self._transport:
            self._transport.close()

    def admits(self, method: str, path: str) -> bool:
        """Decide whether a request is copied; if not, it is counted why."""
        reason = self._refusal(method, path)
        if reason:
            self.drop(reason)
        return reason is None

    def _refusal(self, method: str, path: str) -> str | None:
        if self._transport is None or self._transport.is_closing():
            return NOT_WATCHED
        if not self._wanted(method, path):
            return NO_READ
        if self.limits.sample < 1 and random.random() >= self.limits.sample:  # noqa: S311
            return NOT_CHOSEN
        if self._waiting() >= self.limits.queue:
            return TOO_MANY
        return None if self._in_rate() else TOO_FAST

    def _in_rate(self) -> bool:
        """Take one of the allowances, of which a second's worth is kept at most."""
        rate = self.limits.rate
        if rate is None:
            return True
        now = time.monotonic()
        earned = self._allowed + (now - self._allowed_at) * rate
        self._allowed, self._allowed_at = min(max(1.0, rate), earned), now
        if self._allowed < 1:
            return False
        self._allowed -= 1
        return True

    def _waiting(self) -> int:
        waiting = self._transport.get_write_buffer_size() if self._transport else 0
        return waiting + self._collected

    def collect(self, size: int) -> bool:
        """Ask for bytes of memory for a body that is being collected; False: there are none."""
        if self._waiting() + size > self.limits.queue:
            return False
        self._collected += size
        return True

    def release(self, size: int) -> None:
        """Give such bytes back."""
        self._collected -= size

    def drop(self, reason: str) -> None:
        """Count something that is not copied."""
        self._counts.add(reason)

    def put(self, request: Request, answer: Answer, at_once: int) -> None:
        """Send a copy, or count that there was no room."""
        if self._transport is None or self._transport.is_closing():
            self.drop(NOT_WATCHED)
            return
        frame = msgspec.msgpack.encode(Copy(request, answer, at_once))
        if self._waiting() + len(frame) > self.limits.queue:
            self.drop(TOO_MANY)
            return
        self._counts.add(PUT)
        self._transport.write(len(frame).to_bytes(_LENGTH, "big") + frame)


async def next_copy(reader: asyncio.StreamReader) -> Copy | None:
    """Read what an outbox sent; None: it was closed, or its process is gone."""
    try:
        length = int.from_bytes(await reader.readexactly(_LENGTH), "big")
        return msgspec.msgpack.decode(await reader.readexactly(length), type=Copy)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
