"""Latency histograms and event timelines in little, constant memory."""

from __future__ import annotations

import math

import msgspec

_SHORTEST = 1e-4  # seconds
_RATIO = 1.1  # of a bucket's upper to its lower bound: the precision of quantiles
_LAST_BUCKET = 150  # about two and a half minutes
_MOST_SPANS = 48


class LatencyHistogram(msgspec.Struct):
    """A latency histogram with buckets that grow by 10 %.

    Attributes:
        buckets: bucket number -> count.
        count: the number of responses.
        longest: the maximum, in seconds.
    """

    buckets: dict[int, int] = {}
    count: int = 0
    longest: float = 0.0

    def add(self, seconds: float) -> None:
        """Add the latency of a response."""
        number = bucket_of(seconds)
        self.buckets[number] = self.buckets.get(number, 0) + 1
        self.count += 1
        self.longest = max(self.longest, seconds)

    def quantile(self, share: float) -> float | None:
        """Return a quantile in seconds; None if there are no responses."""
        if not self.count:
            return None
        wanted, seen = math.ceil(share * self.count), 0
        for number in sorted(self.buckets):
            seen += self.buckets[number]
            if seen >= wanted:
                return min(seconds_of(number), self.longest)
        return self.longest


def bucket_of(seconds: float) -> int:
    """Return the bucket number of a latency."""
    if seconds <= _SHORTEST:
        return 0
    return min(_LAST_BUCKET, math.ceil(math.log(seconds / _SHORTEST, _RATIO)))


def seconds_of(bucket: int) -> float:
    """Return the upper bound of a bucket."""
    return float(_SHORTEST * _RATIO**bucket)


class Timeline(msgspec.Struct):
    """Event counts in a bounded number of time spans of equal width, which doubles as needed.

    Attributes:
        start: the start of the first span, in seconds since 1970; None if there are no events.
        width: the width of a span in seconds.
        counts: the number of events in each span.
    """

    start: float | None = None
    width: float = 1.0
    counts: list[int] = []

    @property
    def end(self) -> float:
        """The end of the last span, in seconds since 1970; 0 if there are no events."""
        return (self.start or 0.0) + self.width * len(self.counts)

    def add(self, time: float, count: int = 1) -> None:
        """Add events at a time."""
        if self.start is None:
            self.start = math.floor(time)
        while (number := math.floor((time - self.start) / self.width)) < 0:
            self._begin_earlier()
        while number >= _MOST_SPANS:
            self._widen()
            number = math.floor((time - self.start) / self.width)
        self.counts += [0] * (number + 1 - len(self.counts))
        self.counts[number] += count

    def _widen(self) -> None:
        pairs = zip(self.counts[::2], [*self.counts[1::2], 0], strict=False)
        self.counts = [a + b for a, b in pairs]
        self.width *= 2

    def _begin_earlier(self) -> None:
        """Double the width and extend into the past: a log need not be in order."""
        self._widen()
        free = _MOST_SPANS - len(self.counts)
        self.counts = [0] * free + self.counts
        self.start = (self.start or 0.0) - free * self.width
