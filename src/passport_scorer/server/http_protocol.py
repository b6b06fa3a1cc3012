"""HTTP/1.1 connections: everything is bounded, and a shutdown cuts off no request."""

from __future__ import annotations

import asyncio
from typing import cast

from passport_scorer.server.connection_draining import DrainingConnection
from passport_scorer.server.flow_control import ConnectionFlow
from passport_scorer.server.http_exchange import (
    Exchange,
    RequestTimeout,
    ServiceBusy,
    refused_response,
)
from passport_scorer.telemetry.correlation import Correlation, correlation_of

_UNSENT = 16 * 1024  # bytes that need no accounting: more than most responses
_TIME_TO_ANSWER = 5.0  # seconds in which a handler must answer a request that was cut off


class HttpConnection(DrainingConnection):
    """A connection whose memory, rates and lifetime are bounded."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the timeouts, or reject the connection at the limit."""
        super().connection_made(transport)
        self.flow = ConnectionFlow(transport, self.server_state.turns)
        transport.set_write_buffer_limits(_UNSENT)
        self._active_at = self.loop.time()
        self.due = self._active_at + self.server_state.limits.head_seconds
        self.server_state.admit(self, self._active_at)
        if self.server_state.closed_at is not None:  # was in the listener's queue at the end
            self.shutdown()

    def connection_lost(self, exc: Exception | None) -> None:
        """Release everything that the connection holds."""
        super().connection_lost(exc)
        self._release_memory()
        self._release_unsent()

    def _on_parsed(self, count: int) -> None:
        if self._is_in_head or self._is_in_body:
            self._await_remainder(count)
        elif self._upload is not None or self._held:
            self._release_memory()
        if self.server_state.is_draining:
            self.close_after_response()

    def _on_buffered(self) -> None:
        self._keep_open_for_next()
        self._hold(len(self._unparsed))

    def on_response_complete(self) -> None:
        """Handle a written response: continue with pipelined requests."""
        self.server_state.total_requests += 1
        self._active_at = self.loop.time()
        if self._is_receiving:
            self._count_receiving(False)  # noqa: FBT003
        if self.transport.is_closing():
            return
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cast("Exchange", cycle), app)
        elif self._unparsed or self.flow.read_paused:
            self._resume()

    def pause_writing(self) -> None:
        """Handle a client that reads more slowly than responses are written."""
        super().pause_writing()
        self.server_state.unread.add(self)
        self.due = 0.0
        self.note_unsent()
        if self.server_state.unsent > self.server_state.limits.response_bytes:
            self.server_state.check_unsent_soon()

    def resume_writing(self) -> None:
        """Handle a client that has read nearly everything."""
        super().resume_writing()
        self._release_unsent()
        self._resume()

    def refuse(self, status: int, reason: str) -> None:
        """Answer an incomplete request with an error, and close.

        Where a handler waits for the rest of the body, the answer is the handler's.
        """
        self.server_state.refusals.note(reason)
        cycle, is_in_body = self.cycle, self._is_in_body
        correlation = correlation_of(self.headers or ())
        if not is_in_body:
            self.headers = []
            self.scope = {}  # type: ignore[typeddict-item]
        self._release_memory()
        if cycle is not None and not cycle.response_complete:
            if not is_in_body or cycle.response_started:
                self.transport.abort()  # another answer is in progress
                return
            if cycle.reads_body and status in (408, 503):
                cycle.refuse(RequestTimeout if status == 408 else ServiceBusy)
                self._close_within(_TIME_TO_ANSWER)
                return
            cycle.disconnected = True
            cycle.message_event.set()
        elif is_in_body:  # it has its answer
            self.transport.close()
            return
        self._send_refusal(status, reason, correlation)
        self._linger()

    def evict(self, reason: str) -> None:
        """Close to make room for others; an incomplete request or a new client gets 503."""
        if self._upload is not None:
            self.refuse(503, reason)
            return
        self.server_state.refusals.note(reason)
        self._release_memory()
        if self.flow.is_unread:
            self.transport.abort()
            return
        if self.cycle is None:
            self._send_refusal(503, reason, correlation_of(()))
        self.transport.close()

    def _send_refusal(self, status: int, reason: str, correlation: Correlation) -> None:
        self.server_state.refusals.answered(reason, correlation)
        self.transport.write(refused_response(status, reason, correlation, self.root_path))

    def break_off(self, reason: str) -> None:
        """Close immediately, even during a response."""
        self.server_state.refusals.note(reason)
        self._release_memory()
        self._release_unsent()
        self.transport.abort()

    def _linger(self) -> None:
        """Close, but keep reading for a while, so that the response is not lost in a reset."""
        state = self.server_state
        is_full = len(self.connections) >= state.limits.connections
        if is_full or state.closed_at is not None or self.transport.is_closing():
            self.transport.close()
            return
        self.transport.write_eof()
        self._close_within(self.server_state.limits.linger_seconds)

    def _close_within(self, seconds: float) -> None:
        self._discarded = 0
        self._closes_at = self.loop.time() + seconds
        self.due = 0.0
        self.flow.resume_reading()
