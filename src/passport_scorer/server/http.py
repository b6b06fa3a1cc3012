"""The HTTP server of one process: uvicorn on sockets that are open already."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

GRACE = 20  # seconds that requests get to finish after a signal to stop
_KEEP_ALIVE = 75  # seconds; longer than load balancers keep an idle connection
# Bytes of a request line and headers, or of trailers, that are read at all.
_LONGEST_HEAD = 4 * 1024 * 1024


class BoundedHttp(HttpToolsProtocol):
    """HTTP/1.1 that stops reading a head without end; any other gets its exact answer later."""

    _bytes_without_progress = 0

    def data_received(self, data: bytes) -> None:
        """Take bytes from the connection."""
        self._bytes_without_progress += len(data)
        if self._bytes_without_progress > _LONGEST_HEAD:
            self.send_400_response("The head of the request is too long.")
            return
        super().data_received(data)

    def on_headers_complete(self) -> None:
        """The head has ended."""
        self._bytes_without_progress = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body has come; whoever reads it knows when it is enough."""
        self._bytes_without_progress = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request has ended, trailers included."""
        self._bytes_without_progress = 0
        super().on_message_complete()


class _Server(uvicorn.Server):
    """A server that leaves signals to `serve_until_stopped`, which may run two of them."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve_until_stopped(listeners: Sequence[tuple[ASGIApp, socket.socket]]) -> None:
    """Serve each application on its socket until SIGTERM or SIGINT, and let requests finish.

    A second signal ends at once.
    """
    servers = [_server(application) for application, _ in listeners]
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _stop, servers)
    await asyncio.gather(
        *(
            server.serve(sockets=[listener])
            for server, (_, listener) in zip(servers, listeners, strict=True)
        )
    )


def _stop(servers: Sequence[_Server]) -> None:
    for server in servers:
        server.force_exit = server.should_exit
        server.should_exit = True


def _server(application: ASGIApp) -> _Server:
    options: dict[str, Any] = {
        "http": BoundedHttp,
        "ws": "none",
        "lifespan": "off",
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "proxy_headers": False,
        "timeout_keep_alive": _KEEP_ALIVE,
        "timeout_graceful_shutdown": GRACE,
    }
    return _Server(uvicorn.Config(application, **options))
