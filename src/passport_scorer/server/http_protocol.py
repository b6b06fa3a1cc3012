"""HTTP/1.1 connections: everything is bounded, and the end of the service cuts no request."""

from __future__ import annotations

import asyncio
from typing import cast

from passport_scorer.server.flow_control import ConnectionFlow
from passport_scorer.server.http_exchange import (
    Exchange,
    RequestTimeout,
    ServiceBusy,
    refused_response,
)
from passport_scorer.server.request_parsing import RequestParsing
from passport_scorer.server.slow_clients import Pace
from passport_scorer.telemetry.correlation import Correlation, correlation_of

# Seconds without a byte after which a closing server takes it that no request is on its way.
_QUIET = 0.5
_UNSENT = 16 * 1024  # bytes that need not be accounted for: more than most responses
_TIME_TO_ANSWER = 5.0  # seconds in which a handler must answer a request that was cut off


class HttpConnection(RequestParsing):
    """A connection that holds as much as it may, as long as it may.

    When the server ends, whatever was asked is answered, with `Connection: close`. An idle
    connection is closed only when it has been quiet for a moment: a close would cross the
    request of a caller who has just been answered.

    Attributes:
        due: when `check` has something to do at the earliest.
        holds_since: when it began to hold bytes of a request.
    """

    due = 0.0
    holds_since = 0.0
    _heard = 0.0  # when a request was answered last, or the connection was made
    _arriving: Pace | None = None  # of a request that is incomplete
    _is_arriving_head = False
    _is_receiving = False  # it is counted among those whose handler waits for a body
    _leaving: Pace | None = None  # of a response that its reader has not taken
    _held = 0  # bytes of a head that is incomplete, and of what is not parsed yet
    _unsent = 0
    _last: Exchange | None = None  # what is answered with `Connection: close`

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin."""
        super().connection_made(transport)
        self.flow = ConnectionFlow(transport, self.server_state.turns)
        transport.set_write_buffer_limits(_UNSENT)
        self._heard = self.loop.time()
        self.due = self._heard + self.server_state.limits.head_seconds
        self.server_state.admit(self, self._heard)
        if self.server_state.closed_at is not None:  # was in the listener's queue at the end
            self.shutdown()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give everything back."""
        super().connection_lost(exc)
        self._let_go()
        self._has_been_read()

    # Requests

    def _has_come(self, count: int) -> None:
        if self._is_in_head or self._is_in_body:
            self._await_rest(count)
        elif self._arriving is not None or self._held:
            self._let_go()
        if self.server_state.is_draining:
            self.end_with_answer()

    def _has_kept(self) -> None:
        if self._last is not None and not self._last.response_started:
            self._last.keep_alive = True  # there is another one
            self._last = None
        self._hold(len(self._unparsed))

    def _await_rest(self, count: int) -> None:
        """Set deadlines for the rest of a request."""
        now = self.loop.time()
        limits = self.server_state.limits
        if self._arriving is None or self._is_arriving_head != self._is_in_head:
            self._arriving = Pace(now, limits.least_rate, limits.rate_seconds)
            self._is_arriving_head = self._is_in_head
            self._begin_to_hold(now)
            self._count_receiving(self._is_in_body and not self._is_answered)
            self.due = 0.0
        self._arriving.moved(count, now)
        self._hold(self._bytes_without_progress if self._is_in_head else 0)

    def _count_receiving(self, is_receiving: bool) -> None:  # noqa: FBT001
        self.server_state.receiving += is_receiving - self._is_receiving
        self._is_receiving = is_receiving

    # Responses

    def on_response_complete(self) -> None:
        """A response has been written: go on with what was sent behind the request."""
        self.server_state.total_requests += 1
        self._heard = self.loop.time()
        if self._is_receiving:
            self._count_receiving(False)  # noqa: FBT003
        if self.transport.is_closing():
            return
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cast("Exchange", cycle), app)
        elif self._unparsed or self.flow.read_paused:
            self._go_on()

    def pause_writing(self) -> None:
        """The reader is slower than the responses."""
        super().pause_writing()
        self.server_state.unread.add(self)
        self.due = 0.0
        self.note_unsent()
        if self.server_state.unsent > self.server_state.limits.response_bytes:
            self.server_state.check_unsent_soon()

    def resume_writing(self) -> None:
        """The reader has taken nearly everything."""
        super().resume_writing()
        self._has_been_read()
        self._go_on()

    def note_unsent(self) -> int:
        """Count the bytes that the reader has not taken; return how many it took since."""
        unsent = self.transport.get_write_buffer_size()
        taken = self._unsent - unsent
        self.server_state.unsent -= taken
        self._unsent = unsent
        return taken

    def _has_been_read(self) -> None:
        self.server_state.unsent -= self._unsent
        self._unsent = 0
        self._leaving = None
        self.server_state.unread.discard(self)

    @property
    def _is_answered(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    # What is held, and who goes first

    @property
    def held_bytes(self) -> int:
        """Bytes of requests that closing this connection would free."""
        return self._held + (self.cycle.held if self.cycle and self._is_in_body else 0)

    @property
    def holding_rank(self) -> tuple[bool, float]:
        """The lowest goes first: those that send slowly or don't read, then the oldest."""
        is_slow = self.flow.is_unread if self._arriving is None else self._arriving.is_slow
        return not is_slow, self.holds_since

    @property
    def reading_rank(self) -> tuple[bool, float]:
        """The lowest goes first: those that read slowly, then the oldest."""
        if self._leaving is None:
            return True, self.loop.time()
        return not self._leaving.is_slow, self._leaving.since

    @property
    def quiet_since(self) -> float | None:
        """Since when no request has been worked on; None: one is."""
        if self.transport.is_closing() or self._ends_at is not None:
            return None  # it goes anyway
        if self._arriving is not None:
            return self._arriving.moved_at if self._arriving.is_slow else self._arriving.since
        if self.flow.is_unread:
            return self._heard
        return self._heard if self._is_answered else None

    @property
    def quiet_rank(self) -> int:
        """The lowest goes first: those that never asked anything, idle ones, then slow ones."""
        if self._arriving is not None:
            return 0 if self._arriving.is_slow and self.cycle is None else 3
        if self.flow.is_unread:
            return 2
        return 0 if self.cycle is None else 1

    def _begin_to_hold(self, now: float) -> None:
        if self not in self.server_state.holding:
            self.server_state.holding.add(self)
            self.holds_since = now

    def _hold(self, count: int) -> None:
        """Account for bytes of a head, or of what is not parsed yet."""
        if count > self._held:
            self._begin_to_hold(self.loop.time())
        self.server_state.memory.take(count - self._held)
        self._held = count
        if count and self.server_state.memory.is_exceeded:
            self._make_room()

    def _make_room(self) -> None:
        if not self.server_state.make_room(self, self.loop.time()):
            self.refuse(503, "request_memory")

    def _let_go(self) -> None:
        """Hold nothing any more."""
        self._unparsed = b""
        self._arriving = None
        self.server_state.memory.give_back(self._held)
        self._held = 0
        self.server_state.holding.discard(self)
        if self._is_receiving:
            self._count_receiving(False)  # noqa: FBT003

    # Deadlines

    def excuse(self, now: float) -> None:
        """Begin the windows anew, since the process itself was late."""
        for pace in (self._arriving, self._leaving):
            if pace is not None:
                pace.restart(now)

    def check(self, now: float) -> float:
        """Close if a deadline has passed; return when to look again."""
        if self.flow.is_unread or self.transport.is_closing():
            self._check_reader(now)
        elif self._ends_at is not None:
            if now >= self._ends_at:
                self.transport.abort()
        elif self._arriving is not None:
            self._check_sender(now)
        else:
            return self._check_idle(now)
        return 0.0

    def _check_reader(self, now: float) -> None:
        limits = self.server_state.limits
        if self._leaving is None:
            self._leaving = Pace(now, limits.least_rate, limits.rate_seconds)
            self.server_state.unread.add(self)
        self._leaving.moved(self.note_unsent(), now)
        if self._leaving.is_too_slow(now) or self._delays_the_end(self._leaving, now):
            self.break_off("reader_too_slow")

    def _check_sender(self, now: float) -> None:
        pace = cast("Pace", self._arriving)
        is_too_slow = pace.is_too_slow(now)
        if self._is_arriving_head:
            if now - pace.since >= self.server_state.limits.head_seconds:
                self.refuse(408, "head_timeout")
                return
        elif self.flow.read_paused or self._is_asking():  # the handler is behind
            pace.restart(now)
        elif is_too_slow:
            self.refuse(408, "body_timeout")
            return
        if self._delays_the_end(pace, now):
            self.refuse(408, "incomplete_at_end")

    def _is_asking(self) -> bool:
        """Whether the sender waits for leave to send the body."""
        return self.cycle is not None and self.cycle.waiting_for_100_continue

    def _check_idle(self, now: float) -> float:
        limits = self.server_state.limits
        if not self._is_answered:
            return now + limits.idle_seconds
        due = self._heard + (limits.head_seconds if self.cycle is None else limits.idle_seconds)
        if now >= due:
            if self.cycle is None:
                self.server_state.refusals.note("no_request")
            self.transport.close()
        return due

    def _delays_the_end(self, pace: Pace, now: float) -> bool:
        closed_at = self.server_state.closed_at
        if closed_at is None:
            return False
        return now - max(closed_at, pace.moved_at) >= self.server_state.limits.drain_seconds

    # Ends

    def refuse(self, status: int, reason: str) -> None:
        """Answer a request that is incomplete with an error, and close.

        Where a handler waits for the rest of the body, the answer is the handler's.
        """
        self.server_state.refusals.note(reason)
        cycle, is_in_body = self.cycle, self._is_in_body
        correlation = correlation_of(self.headers or ())
        if not is_in_body:
            self.headers = []
            self.scope = {}  # type: ignore[typeddict-item]
        self._let_go()
        if cycle is not None and not cycle.response_complete:
            if not is_in_body or cycle.response_started:
                self.transport.abort()  # another answer is under way
                return
            if cycle.reads_body and status in (408, 503):
                cycle.refuse(RequestTimeout if status == 408 else ServiceBusy)
                self._end_within(_TIME_TO_ANSWER)
                return
            cycle.disconnected = True
            cycle.message_event.set()
        elif is_in_body:  # it has its answer
            self.transport.close()
            return
        self._say_refused(status, reason, correlation)
        self._linger()

    def turn_away(self, reason: str) -> None:
        """Close, so that there is a connection less; a request or a newcomer gets 503."""
        if self._arriving is not None:
            self.refuse(503, reason)
            return
        self.server_state.refusals.note(reason)
        self._let_go()
        if self.flow.is_unread:
            self.transport.abort()
            return
        if self.cycle is None:
            self._say_refused(503, reason, correlation_of(()))
        self.transport.close()

    def _say_refused(self, status: int, reason: str, correlation: Correlation) -> None:
        self.server_state.refusals.answered(reason, correlation)
        self.transport.write(refused_response(status, reason, correlation, self.root_path))

    def break_off(self, reason: str) -> None:
        """Close at once, in the middle of whatever it is."""
        self.server_state.refusals.note(reason)
        self._let_go()
        self._has_been_read()
        self.transport.abort()

    def _linger(self) -> None:
        """Close, but read on for a while, so that the response isn't lost in a reset."""
        state = self.server_state
        is_crowded = len(self.connections) >= state.limits.connections
        if is_crowded or state.closed_at is not None or self.transport.is_closing():
            self.transport.close()
            return
        self.transport.write_eof()
        self._end_within(self.server_state.limits.linger_seconds)

    def _end_within(self, seconds: float) -> None:
        self._discarded = 0
        self._ends_at = self.loop.time() + seconds
        self.due = 0.0
        self.flow.resume_reading()

    def end_with_answer(self) -> None:
        """Let the connection end with the answer to what was asked last, if it isn't begun."""
        newest = self.cycle
        if newest is None or self._unparsed:
            return
        if newest.keep_alive and not newest.response_started:
            newest.keep_alive = False
            self._last = newest

    def shutdown(self) -> None:
        """Close as soon as nothing is asked any more."""
        if self.transport.is_closing():
            return
        is_idle = self._is_answered and not self._is_in_head and not self._unparsed
        quiet_for = self.loop.time() - self._heard
        if is_idle and quiet_for >= _QUIET:
            self.transport.close()
        else:
            self.loop.call_later(_QUIET - quiet_for if is_idle else _QUIET, self.shutdown)
