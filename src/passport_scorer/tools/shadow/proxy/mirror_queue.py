"""The bounded queue of exchanges for the mirror process."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable

import msgspec

from passport_scorer.tools.shadow.comparison.responses import ReceivedResponse
from passport_scorer.tools.shadow.exchanges import Request
from passport_scorer.tools.shadow.proxy.counts import (
    MIRRORED,
    NOT_SAMPLED,
    QUEUE_FULL,
    RATE_EXCEEDED,
    WORKER_GONE,
    WRITE_SKIPPED,
    Counts,
)

_LENGTH = 4  # bytes of a frame's length


class MirroredExchange(msgspec.Struct, frozen=True):
    """An exchange that the mirror process repeats with the candidate.

    Attributes:
        request: what the client sent.
        response: the control's response.
        in_flight: the number of requests that the control was processing, including this one.
    """

    request: Request
    response: ReceivedResponse
    in_flight: int


class MirrorLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits for mirroring.

    Attributes:
        sample: share of the reads to mirror, 0 to 1.
        rate: maximum requests per second; None for no limit.
        queue: maximum bytes in the queue, including bodies that are being collected.
        longest: maximum bytes of a body.
    """

    sample: float = 1.0
    rate: float | None = None
    queue: int = 64 * 1024 * 1024
    longest: int = 1024 * 1024


class MirrorQueue:
    """Decides which exchanges are mirrored and sends them to the mirror process. Never blocks.

    Args:
        limits: the limits.
        wanted: tells whether a request can be mirrored, by method and path.
        counts: counts the outcome for each request.

    Attributes:
        in_flight: the number of requests that the control has not responded to yet.
    """

    def __init__(
        self, limits: MirrorLimits, wanted: Callable[[str, str], bool], counts: Counts
    ) -> None:
        self.limits = limits
        self._counts = counts
        self._wanted = wanted
        self.in_flight = 0
        self._transport: asyncio.Transport | None = None
        self._collected = 0
        self._allowed = 1.0
        self._allowed_at = time.monotonic()

    def open(self, transport: asyncio.Transport) -> None:
        """Set the transport to the mirror process."""
        self._transport = transport

    def close(self) -> None:
        """Close the transport; queued exchanges are still sent if the mirror process reads them."""
        if self._transport:
            self._transport.close()

    def admits(self, method: str, path: str) -> bool:
        """Decide whether to mirror a request; if not, count the reason."""
        reason = self._refusal(method, path)
        if reason:
            self.drop(reason)
        return reason is None

    def _refusal(self, method: str, path: str) -> str | None:
        if self._transport is None or self._transport.is_closing():
            return WORKER_GONE
        if not self._wanted(method, path):
            return WRITE_SKIPPED
        if self.limits.sample < 1 and random.random() >= self.limits.sample:  # noqa: S311
            return NOT_SAMPLED
        if self._queued() >= self.limits.queue:
            return QUEUE_FULL
        return None if self._in_rate() else RATE_EXCEEDED

    def _in_rate(self) -> bool:
        """Take a token from the bucket, which holds those of one second."""
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

    def _queued(self) -> int:
        queued = self._transport.get_write_buffer_size() if self._transport else 0
        return queued + self._collected

    def collect(self, size: int) -> bool:
        """Reserve memory for a body that is being collected; False if the queue is full."""
        if self._queued() + size > self.limits.queue:
            return False
        self._collected += size
        return True

    def release(self, size: int) -> None:
        """Release reserved memory."""
        self._collected -= size

    def drop(self, reason: str) -> None:
        """Count a request that is not mirrored."""
        self._counts.add(reason)

    def put(self, request: Request, response: ReceivedResponse, in_flight: int) -> None:
        """Queue an exchange, or count why it was dropped."""
        if self._transport is None or self._transport.is_closing():
            self.drop(WORKER_GONE)
            return
        frame = msgspec.msgpack.encode(MirroredExchange(request, response, in_flight))
        if self._queued() + len(frame) > self.limits.queue:
            self.drop(QUEUE_FULL)
            return
        self._counts.add(MIRRORED)
        self._transport.write(len(frame).to_bytes(_LENGTH, "big") + frame)


async def read_mirrored(reader: asyncio.StreamReader) -> MirroredExchange | None:
    """Read the next exchange; None if the queue was closed or its process has exited."""
    try:
        length = int.from_bytes(await reader.readexactly(_LENGTH), "big")
        return msgspec.msgpack.decode(await reader.readexactly(length), type=MirroredExchange)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
