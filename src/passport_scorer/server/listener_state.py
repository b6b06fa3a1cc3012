"""The state that a listener's connections share: limits, and which to close at one."""

from __future__ import annotations

import asyncio
import errno
import heapq
import os
from collections import deque
from typing import TYPE_CHECKING

from uvicorn.server import ServerState

from passport_scorer.server.connection_limits import ConnectionLimits
from passport_scorer.server.flow_control import Turns
from passport_scorer.server.refusals import Refusals
from passport_scorer.server.request_memory import RequestMemory
from passport_scorer.telemetry.metrics import (
    CONNECTIONS_OPEN,
    NO_METRICS,
    REQUEST_BYTES_HELD,
    RESPONSE_BYTES_UNSENT,
    Metrics,
)

if TYPE_CHECKING:
    from passport_scorer.server.connection_memory import ConnectionMemory
    from passport_scorer.server.http_protocol import HttpConnection

# Probes are answered beyond the limit of requests, up to a limit of their own.
_PROBES = frozenset({"/health", "/health/", "/health/ready"})
_MOST_PROBES = 100
_RANKED_AT_ONCE = 64  # connections per search
_NEXT_SEARCH = 0.1  # seconds after a search that found none
_ENOUGH = 0.75  # share of an exceeded budget to get down to, so that searches are rare


class ListenerState(ServerState):
    """uvicorn's state of a server, and everything that is bounded.

    Attributes:
        limits: the bounds.
        refusals: counts rejected requests and closed connections, by reason.
        memory: bytes of requests.
        turns: the queue of connections that receive a lot.
        unsent: bytes of responses.
        holding: connections with an incomplete request, or with bytes that wait to be parsed.
        unread: connections with a response that the client has not read.
        receiving: requests whose handlers wait for the rest of a body.
        is_draining: each connection closes after its next response.
        closed_at: when the listener was closed; idle connections then close too.

    Args:
        name: of the listener: `public` or `internal`.
        limits: the bounds.
        metrics: where it is counted.
    """

    connections: set[HttpConnection]  # type: ignore[assignment]

    def __init__(
        self,
        name: str = "public",
        limits: ConnectionLimits | None = None,
        metrics: Metrics = NO_METRICS,
    ) -> None:
        super().__init__()
        self.limits = limits or ConnectionLimits()
        self.refusals = Refusals(name, metrics)
        self.memory = RequestMemory(self.limits.request_bytes)
        self.turns = Turns()
        self.unsent = 0
        self.receiving = 0
        self.holding: set[ConnectionMemory] = set()
        self.unread: set[ConnectionMemory] = set()
        self.is_draining = False
        self.closed_at: float | None = None
        self._name = name
        self._metrics = metrics
        self._quiet: deque[tuple[float, HttpConnection]] = deque()
        self._next_rank_at = 0.0
        self._next_eviction_at = 0.0
        self._checks_unsent = False
        self._swept_at: float | None = None

    def is_full(self, path: str) -> bool:
        """Return True if another request for this path would exceed the limit.

        Requests whose bodies are still being received don't count: their senders decide how
        long that takes.
        """
        probes = _MOST_PROBES if path in _PROBES else 0
        return len(self.tasks) - self.receiving >= self.limits.requests + probes

    def admit(self, newcomer: HttpConnection, now: float) -> None:
        """Make room for a new connection by closing the quietest one, or reject it."""
        if len(self.connections) <= self.limits.connections:
            return
        victim = self._quietest(newcomer, now)
        if victim is None:
            newcomer.evict("too_many_connections")
        else:
            victim.evict("closed_for_others")

    def make_room(self, newcomer: ConnectionMemory, now: float) -> bool:
        """Close connections until the requests fit into the memory again, with some to spare.

        The slowest are closed first, then the oldest, but none that is new.

        Returns:
            False if the newcomer has to be closed too.
        """
        if now >= self._next_eviction_at:
            others = [
                each
                for each in self.holding
                if each is not newcomer
                and each.held_bytes
                and now - each.holds_since >= self.limits.quiet_seconds
            ]
            for victim in sorted(others, key=lambda each: each.holding_rank):
                victim.refuse(408, "request_memory")
                if self.memory.held < _ENOUGH * self.memory.limit:
                    return True
            self._next_eviction_at = now + _NEXT_SEARCH
        return not self.memory.is_exceeded

    def check_unsent_soon(self) -> None:
        """Bound the memory of responses, once the system has taken its part of them."""
        if not self._checks_unsent:
            self._checks_unsent = True
            asyncio.get_running_loop().call_soon(self._check_unsent)

    def sweep(self, now: float) -> None:
        """Close connections that have timed out; update metrics and log."""
        late, self._swept_at = self._is_late(now), now
        for connection in list(self.connections):
            if late:
                connection.restart_timeouts(now)
            elif connection.due <= now:
                connection.due = connection.check(now)
        if self.unsent > self.limits.response_bytes:
            self._check_unsent()
        self._look_for_descriptors()
        self._metrics.set(CONNECTIONS_OPEN, len(self.connections), self._name)
        self._metrics.set(REQUEST_BYTES_HELD, self.memory.held, self._name)
        self._metrics.set(RESPONSE_BYTES_UNSENT, self.unsent, self._name)
        self.refusals.report(now)

    def _is_late(self, now: float) -> bool:
        """Return True if the process itself was late, so that received bytes are not read yet."""
        last = now if self._swept_at is None else self._swept_at
        return now - last > 3 * self.limits.sweep_seconds

    def _check_unsent(self) -> None:
        self._checks_unsent = False
        for each in self.unread:
            each.note_unsent()
        if self.unsent <= self.limits.response_bytes:
            return
        for victim in sorted(self.unread, key=lambda each: each.reading_rank):
            victim.break_off("response_memory")
            if self.unsent < _ENOUGH * self.limits.response_bytes:
                return

    def _look_for_descriptors(self) -> None:
        """Detect that no descriptor is left: the event loop then drops connections silently."""
        try:
            os.close(os.dup(2))
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                self.refusals.note("no_descriptors")

    def _quietest(self, newcomer: HttpConnection, now: float) -> HttpConnection | None:
        while self._quiet or self._rank(newcomer, now):
            since, connection = self._quiet.popleft()
            if connection in self.connections and connection.quiet_since == since:
                return connection
        return None

    def _rank(self, newcomer: HttpConnection, now: float) -> bool:
        """Find the quietest connections; search rarely where there are none."""
        if now < self._next_rank_at:
            return False
        ranked = heapq.nsmallest(
            _RANKED_AT_ONCE,
            (
                (rank, since, id(each), each)
                for each in self.connections
                if each is not newcomer
                and (since := each.quiet_since) is not None
                and now - since >= self.limits.quiet_seconds
                for rank in [each.quiet_rank]
            ),
        )
        self._quiet.extend((since, each) for _, since, _, each in ranked)
        self._next_rank_at = now + _NEXT_SEARCH if not ranked else 0.0
        return bool(ranked)
