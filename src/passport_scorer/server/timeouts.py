"""The timeouts of a connection: slow senders, slow readers, idle clients."""

from __future__ import annotations

from abc import ABC
from typing import cast

from passport_scorer.server.connection_memory import ConnectionMemory
from passport_scorer.server.slow_clients import Pace


class ConnectionTimeouts(ConnectionMemory, ABC):
    """The part of a connection that closes it when its client is too slow.

    Attributes:
        due: the earliest time at which `check` has something to do.
    """

    due = 0.0
    _is_uploading_head = False

    def _await_remainder(self, count: int) -> None:
        """Set timeouts for the remainder of a request."""
        now = self.loop.time()
        limits = self.server_state.limits
        if self._upload is None or self._is_uploading_head != self._is_in_head:
            self._upload = Pace(now, limits.least_rate, limits.rate_seconds)
            self._is_uploading_head = self._is_in_head
            self._begin_to_hold(now)
            self._count_receiving(self._is_in_body and not self._is_answered)
            self.due = 0.0
        self._upload.moved(count, now)
        self._hold(self._bytes_without_progress if self._is_in_head else 0)

    def restart_timeouts(self, now: float) -> None:
        """Restart the windows, since the process itself was late."""
        for pace in (self._upload, self._download):
            if pace is not None:
                pace.restart(now)

    def check(self, now: float) -> float:
        """Close if a timeout has passed; return when to check again."""
        if self.flow.is_unread or self.transport.is_closing():
            self._check_reader(now)
        elif self._closes_at is not None:
            if now >= self._closes_at:
                self.transport.abort()
        elif self._upload is not None:
            self._check_sender(now)
        else:
            return self._check_idle(now)
        return 0.0

    def _check_reader(self, now: float) -> None:
        limits = self.server_state.limits
        if self._download is None:
            self._download = Pace(now, limits.least_rate, limits.rate_seconds)
            self.server_state.unread.add(self)
        self._download.moved(self.note_unsent(), now)
        if self._download.is_too_slow(now) or self._delays_shutdown(self._download, now):
            self.break_off("reader_too_slow")

    def _check_sender(self, now: float) -> None:
        pace = cast("Pace", self._upload)
        is_too_slow = pace.is_too_slow(now)
        if self._is_uploading_head:
            if now - pace.since >= self.server_state.limits.head_seconds:
                self.refuse(408, "head_timeout")
                return
        elif self.flow.read_paused or self._awaits_continue():  # the handler is behind
            pace.restart(now)
        elif is_too_slow:
            self.refuse(408, "body_timeout")
            return
        if self._delays_shutdown(pace, now):
            self.refuse(408, "incomplete_at_end")

    def _awaits_continue(self) -> bool:
        """True if the client waits for `100 Continue` before it sends the body."""
        return self.cycle is not None and self.cycle.waiting_for_100_continue

    def _check_idle(self, now: float) -> float:
        limits = self.server_state.limits
        if not self._is_answered:
            return now + limits.idle_seconds
        due = self._active_at + (limits.head_seconds if self.cycle is None else limits.idle_seconds)
        if now >= due:
            if self.cycle is None:
                self.server_state.refusals.note("no_request")
            self.transport.close()
        return due

    def _delays_shutdown(self, pace: Pace, now: float) -> bool:
        closed_at = self.server_state.closed_at
        if closed_at is None:
            return False
        return now - max(closed_at, pace.moved_at) >= self.server_state.limits.drain_seconds
