"""Draining a connection: every request is answered, the last with `Connection: close`.

An idle connection is closed only after it has been quiet for a moment: closing it at once could
cross a request that its client, just answered, has already sent.
"""

from __future__ import annotations

from abc import ABC

from passport_scorer.server.http_exchange import Exchange
from passport_scorer.server.timeouts import ConnectionTimeouts

# Seconds without a byte after which no request is assumed to be on its way.
_QUIET = 0.5


class DrainingConnection(ConnectionTimeouts, ABC):
    """The part of a connection that ends it without cutting off a request."""

    _last: Exchange | None = None  # is answered with `Connection: close`

    def close_after_response(self) -> None:
        """Close the connection with the next response, unless that has been started."""
        newest = self.cycle
        if newest is None or self._unparsed:
            return
        if newest.keep_alive and not newest.response_started:
            newest.keep_alive = False
            self._last = newest

    def shutdown(self) -> None:
        """Close as soon as no request is in progress or on its way."""
        if self.transport.is_closing():
            return
        is_idle = self._is_answered and not self._is_in_head and not self._unparsed
        quiet_for = self.loop.time() - self._active_at
        if is_idle and quiet_for >= _QUIET:
            self.transport.close()
        else:
            self.loop.call_later(_QUIET - quiet_for if is_idle else _QUIET, self.shutdown)

    def _keep_open_for_next(self) -> None:
        """Keep the connection open, since another request has arrived behind the last one."""
        if self._last is not None and not self._last.response_started:
            self._last.keep_alive = True
            self._last = None
