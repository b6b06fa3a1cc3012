"""How long answers took, and when things happened, in little and constant memory."""

from __future__ import annotations

import math

import msgspec

_SHORTEST = 1e-4  # seconds
_RATIO = 1.1  # of a bucket's end to its start: what a quantile can be wrong by
_LAST_BUCKET = 150  # about two and a half minutes
_MOST_SPANS = 48


class Latencies(msgspec.Struct):
    """A histogram of seconds, in buckets that grow by a tenth.

    Attributes:
        buckets: number of the bucket -> how many.
        count: how many there are in all.
        longest: seconds.
    """

    buckets: dict[int, int] = {}
    count: int = 0
    longest: float = 0.0

    def add(self, seconds: float) -> None:
        """Count an answer."""
        number = bucket_of(seconds)
        self.buckets[number] = self.buckets.get(number, 0) + 1
        self.count += 1
        self.longest = max(self.longest, seconds)

    def quantile(self, share: float) -> float | None:
        """Return the seconds within which this share of the answers came; None: no answers."""
        if not self.count:
            return None
        wanted, seen = math.ceil(share * self.count), 0
        for number in sorted(self.buckets):
            seen += self.buckets[number]
            if seen >= wanted:
                return min(seconds_of(number), self.longest)
        return self.longest


def bucket_of(seconds: float) -> int:
    """Return the number of the bucket of a latency."""
    if seconds <= _SHORTEST:
        return 0
    return min(_LAST_BUCKET, math.ceil(math.log(seconds / _SHORTEST, _RATIO)))


def seconds_of(bucket: int) -> float:
    """Return the end of a bucket."""
    return float(_SHORTEST * _RATIO**bucket)


class Timeline(msgspec.Struct):
    """How often something happened in spans of equal length, which grow as time goes by.

    Attributes:
        start: of the first span, seconds since 1970; None: nothing happened yet.
        width: of a span, seconds.
        counts: one for each span.
    """

    start: float | None = None
    width: float = 1.0
    counts: list[int] = []

    @property
    def end(self) -> float:
        """When the last span ends, seconds since 1970; 0 if nothing happened yet."""
        return (self.start or 0.0) + self.width * len(self.counts)

    def add(self, time: float, count: int = 1) -> None:
        """Count what happened then."""
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
        """Double the reach towards the past: requests of a log needn't be in order."""
        self._widen()
        free = _MOST_SPANS - len(self.counts)
        self.counts = [0] * free + self.counts
        self.start = (self.start or 0.0) - free * self.width
