"""The two processes of the proxy: one forwards, the other mirrors and cannot slow it down."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable

import uvloop

from passport_scorer.tools.shadow.proxy.mirror_queue import MirrorQueue
from passport_scorer.tools.shadow.proxy.tcp_proxy import TcpProxy, Upstream

_GRACE = 10.0  # seconds for pending responses after a signal to stop
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def run_proxy(
    listener: socket.socket,
    upstream: Upstream,
    mirror_queue: MirrorQueue,
    mirror: Callable[[socket.socket], int],
) -> int:
    """Serve until SIGTERM or SIGINT, and return the exit status of the mirror process.

    It forks, so it must be called from a process with a single thread.

    Args:
        listener: the listening socket for clients.
        upstream: the control.
        mirror_queue: the queue of exchanges to mirror.
        mirror: the main function of the mirror process: reads exchanges from a socket until its
            end and returns the exit status, 0 to 127.
    """
    ours, theirs = socket.socketpair()
    child = os.fork()
    if not child:
        code = 1
        try:
            # Only the proxy handles signals: the mirror process exits at the end of the exchanges.
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_IGN)
            ours.close()
            listener.close()
            code = mirror(theirs)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    theirs.close()
    uvloop.run(_serve(listener, ours, TcpProxy(upstream, mirror_queue)))
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return status if status >= 0 else 1  # it was killed


async def _serve(listener: socket.socket, exchanges: socket.socket, proxy: TcpProxy) -> None:
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in _SIGNALS:
        loop.add_signal_handler(number, stopped.set)
    transport, _ = await loop.create_connection(lambda: _WorkerTransport(stopped), sock=exchanges)
    proxy.mirror_queue.open(transport)
    server = await loop.create_server(proxy.accept, sock=listener)
    await stopped.wait()
    server.close()
    deadline = loop.time() + _GRACE
    while not proxy.close_idle() and loop.time() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    for connection in list(proxy.connections):
        connection.client.abort()
    proxy.mirror_queue.close()
    await _flushed(transport, deadline)


async def _flushed(transport: asyncio.Transport, deadline: float) -> None:
    """Wait until the mirror process has read everything, or the deadline."""
    loop = asyncio.get_running_loop()
    # Transports have no callback for an empty buffer.
    while transport.get_write_buffer_size() and loop.time() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.02)


class _WorkerTransport(asyncio.Protocol):
    """The connection to the mirror process; the proxy carries on if it is lost."""

    def __init__(self, stopped: asyncio.Event) -> None:
        self._stopped = stopped

    def connection_lost(self, _error: Exception | None) -> None:
        """Warn that the mirror process has exited, unless the proxy is stopping."""
        if not self._stopped.is_set():
            message = "the mirror process has exited; requests are no longer compared"
            print(f"passport-scorer: {message}", file=sys.stderr)  # noqa: T201
