"""The backlog of usage analytics, bounded in rows and bytes."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from sys import getsizeof

from passport_scorer.domain.usage import Usage

_OVERHEAD = 600  # approximate bytes of a row without its texts


class QueuedUsage:
    """A waiting row.

    Attributes:
        usage: the row.
        size: its bytes in memory.
        id: the id allocated for it, which later attempts reuse; None: not allocated yet.
        is_uncertain: True if an earlier attempt may have been committed.
        is_done: True if it was written or rejected.
    """

    __slots__ = ("id", "is_done", "is_uncertain", "size", "usage")

    def __init__(self, usage: Usage) -> None:
        self.usage = usage
        self.size = _size(usage)
        self.id: int | None = None
        self.is_uncertain = False
        self.is_done = False


class UsageBacklog:
    """Rows in the order of their calls; beyond the bounds, the oldest are dropped.

    Args:
        capacity: maximum number of rows.
        max_bytes: maximum bytes in memory.

    Attributes:
        waiting_bytes: the size in memory of the waiting rows.
        dropped: the number of dropped rows; reset when it is reported.
    """

    def __init__(self, capacity: int, max_bytes: int) -> None:
        self.waiting_bytes = 0
        self.dropped = 0
        self._capacity = capacity
        self._max_bytes = max_bytes
        self._waiting: deque[QueuedUsage] = deque()
        self._taken = 0
        self._taken_bytes = 0

    def __len__(self) -> int:
        """Return the number of waiting rows."""
        return len(self._waiting)

    def add(self, usage: Usage) -> None:
        """Append a row."""
        entry = QueuedUsage(usage)
        self._waiting.append(entry)
        self.waiting_bytes += entry.size
        self._drop_oldest()

    def take(self, count: int, max_bytes: int) -> list[QueuedUsage]:
        """Take the oldest rows; the caller passes them to `settle` afterward.

        Args:
            count: maximum number of rows.
            max_bytes: maximum bytes, but at least one row.
        """
        batch: list[QueuedUsage] = []
        size = 0
        while self._waiting and len(batch) < count:
            following = size + self._waiting[0].size
            if batch and following > max_bytes:
                break
            batch.append(self._waiting.popleft())
            size = following
        self._taken += len(batch)
        self._taken_bytes += size
        self.waiting_bytes -= size
        return batch

    def settle(self, batch: Sequence[QueuedUsage]) -> int:
        """Remove the finished rows of a batch, put the others back, and return their number."""
        left = [entry for entry in batch if not entry.is_done]
        self._taken -= len(batch)
        self._taken_bytes -= sum(entry.size for entry in batch)
        self.waiting_bytes += sum(entry.size for entry in left)
        self._waiting.extendleft(reversed(left))
        self._drop_oldest()
        return len(left)

    def _drop_oldest(self) -> None:
        while self._waiting and (
            self.waiting_bytes + self._taken_bytes > self._max_bytes
            or len(self._waiting) + self._taken > self._capacity
        ):
            self.waiting_bytes -= self._waiting.popleft().size
            self.dropped += 1


def _size(usage: Usage) -> int:
    texts = (
        usage.path,
        usage.path_segments_json,
        usage.query_params_json,
        usage.headers_json,
        usage.payload_json,
        usage.response_json,
        usage.error,
    )
    return _OVERHEAD + sum(map(getsizeof, texts))
