"""Two processes: one passes bytes on, the other one watches and can't be in its way."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable

import uvloop

from passport_scorer.tools.shadow.proxy.mirror_queue import Outbox
from passport_scorer.tools.shadow.proxy.tcp_proxy import Forwarder, Upstream

_GRACE = 10.0  # seconds that answers get to come after a signal to stop
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def run_proxy(
    listener: socket.socket,
    upstream: Upstream,
    outbox: Outbox,
    watch: Callable[[socket.socket], int],
) -> int:
    """Serve until SIGTERM or SIGINT, and return what the watching process ended with.

    Must be called while there is one thread: it forks.

    Args:
        listener: where clients connect.
        upstream: the control.
        outbox: what is copied.
        watch: what the watching process does with the socket that copies come from, until they
            end; returns its exit status, 0 to 127.
    """
    ours, theirs = socket.socketpair()
    watcher = os.fork()
    if not watcher:
        code = 1
        try:
            # Signals are the proxy's: the watching process ends when there are no more copies.
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_IGN)
            ours.close()
            listener.close()
            code = watch(theirs)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    theirs.close()
    uvloop.run(_serve(listener, ours, Forwarder(upstream, outbox)))
    status = os.waitstatus_to_exitcode(os.waitpid(watcher, 0)[1])
    return status if status >= 0 else 1  # it was killed


async def _serve(listener: socket.socket, copies: socket.socket, forwarder: Forwarder) -> None:
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in _SIGNALS:
        loop.add_signal_handler(number, stopped.set)
    transport, _ = await loop.create_connection(lambda: _Watched(stopped), sock=copies)
    forwarder.outbox.open(transport)
    server = await loop.create_server(forwarder.accept, sock=listener)
    await stopped.wait()
    server.close()
    deadline = loop.time() + _GRACE
    while not forwarder.close_idle() and loop.time() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    for link in list(forwarder.links):
        link.client.abort()
    forwarder.outbox.close()
    await _flushed(transport, deadline)


async def _flushed(transport: asyncio.Transport, deadline: float) -> None:
    """Let the watching process take what waits, for as long as stopping may take."""
    loop = asyncio.get_running_loop()
    # A transport tells nobody that it is empty.
    while transport.get_write_buffer_size() and loop.time() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.02)


class _Watched(asyncio.Protocol):
    """The way to the watching process; if that ends, the proxy goes on without it."""

    def __init__(self, stopped: asyncio.Event) -> None:
        self._stopped = stopped

    def connection_lost(self, _error: Exception | None) -> None:
        """The watching process has ended, or the proxy is about to."""
        if not self._stopped.is_set():
            print("passport-scorer: nothing is compared any more", file=sys.stderr)  # noqa: T201
