"""The memory of a connection, and its rank among those that could be closed to free some."""

from __future__ import annotations

from abc import ABC

from passport_scorer.server.request_parsing import RequestParsing
from passport_scorer.server.slow_clients import Pace


class ConnectionMemory(RequestParsing, ABC):
    """The part of a connection that accounts for the memory it holds.

    Attributes:
        holds_since: when it began to hold bytes of a request.
    """

    holds_since = 0.0
    _active_at = 0.0  # when a request was last answered, or the connection was made
    _upload: Pace | None = None  # of an incomplete request
    _is_receiving = False  # counted among the requests whose handler waits for a body
    _download: Pace | None = None  # of a response that the client has not read yet
    _held = 0  # bytes of an incomplete head, and bytes that are not parsed yet
    _unsent = 0  # bytes of responses that the client has not read yet

    def note_unsent(self) -> int:
        """Count the bytes that the client has not read; return how many it has read since."""
        unsent = self.transport.get_write_buffer_size()
        taken = self._unsent - unsent
        self.server_state.unsent -= taken
        self._unsent = unsent
        return taken

    def _release_unsent(self) -> None:
        self.server_state.unsent -= self._unsent
        self._unsent = 0
        self._download = None
        self.server_state.unread.discard(self)

    @property
    def _is_answered(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    @property
    def held_bytes(self) -> int:
        """Bytes of requests that closing this connection would free."""
        return self._held + (self.cycle.held if self.cycle and self._is_in_body else 0)

    @property
    def holding_rank(self) -> tuple[bool, float]:
        """The lowest is closed first: slow senders and those that don't read, then the oldest."""
        is_slow = self.flow.is_unread if self._upload is None else self._upload.is_slow
        return not is_slow, self.holds_since

    @property
    def reading_rank(self) -> tuple[bool, float]:
        """The lowest is closed first: slow readers, then the oldest."""
        if self._download is None:
            return True, self.loop.time()
        return not self._download.is_slow, self._download.since

    @property
    def quiet_since(self) -> float | None:
        """The time since which no request is in progress; None if one is."""
        if self.transport.is_closing() or self._closes_at is not None:
            return None  # it is closing anyway
        if self._upload is not None:
            return self._upload.moved_at if self._upload.is_slow else self._upload.since
        if self.flow.is_unread:
            return self._active_at
        return self._active_at if self._is_answered else None

    @property
    def quiet_rank(self) -> int:
        """The lowest is closed first: connections without a request, idle ones, then slow ones."""
        if self._upload is not None:
            return 0 if self._upload.is_slow and self.cycle is None else 3
        if self.flow.is_unread:
            return 2
        return 0 if self.cycle is None else 1

    def _begin_to_hold(self, now: float) -> None:
        if self not in self.server_state.holding:
            self.server_state.holding.add(self)
            self.holds_since = now

    def _hold(self, count: int) -> None:
        """Account for bytes of a head, or bytes that are not parsed yet."""
        if count > self._held:
            self._begin_to_hold(self.loop.time())
        self.server_state.memory.take(count - self._held)
        self._held = count
        if count and self.server_state.memory.is_exceeded:
            self._make_room()

    def _make_room(self) -> None:
        if not self.server_state.make_room(self, self.loop.time()):
            self.refuse(503, "request_memory")

    def _release_memory(self) -> None:
        """Release every byte of requests."""
        self._unparsed = b""
        self._upload = None
        self.server_state.memory.give_back(self._held)
        self._held = 0
        self.server_state.holding.discard(self)
        if self._is_receiving:
            self._count_receiving(False)  # noqa: FBT003

    def _count_receiving(self, is_receiving: bool) -> None:  # noqa: FBT001
        self.server_state.receiving += is_receiving - self._is_receiving
        self._is_receiving = is_receiving
