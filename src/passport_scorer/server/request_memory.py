"""The bytes of requests that a listener holds in memory."""

from __future__ import annotations


class RequestMemory:
    """A budget of bytes.

    Attributes:
        limit: bytes that may be held.
        held: bytes that are.
    """

    __slots__ = ("held", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.held = 0

    @property
    def is_exceeded(self) -> bool:
        """Whether more is held than may be."""
        return self.held > self.limit

    def take(self, count: int) -> None:
        """Count bytes that came; the caller looks at `is_exceeded`."""
        self.held += count

    def give_back(self, count: int) -> None:
        """Count bytes no more."""
        self.held -= count
