"""The budget of bytes of requests that a listener holds in memory."""

from __future__ import annotations


class RequestMemory:
    """A budget of bytes.

    Attributes:
        limit: maximum bytes.
        held: bytes in memory.
    """

    __slots__ = ("held", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.held = 0

    @property
    def is_exceeded(self) -> bool:
        """True if the budget is exceeded."""
        return self.held > self.limit

    def take(self, count: int) -> None:
        """Count received bytes; the caller checks `is_exceeded`."""
        self.held += count

    def give_back(self, count: int) -> None:
        """Release bytes."""
        self.held -= count
