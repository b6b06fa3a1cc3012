"""A TCP proxy between clients and the control.

Bytes are forwarded unchanged before they are parsed: clients receive exactly what the control
sends, including headers and framing. `Host` remains the client's, as behind a load balancer.
"""

from __future__ import annotations

import asyncio
import ssl
from abc import ABC, abstractmethod
from typing import cast
from urllib.parse import urlsplit

import msgspec

from passport_scorer.tools.shadow.http_client import InvalidTarget, checked_url
from passport_scorer.tools.shadow.proxy.http_tap import HttpTap
from passport_scorer.tools.shadow.proxy.mirror_queue import MirrorQueue

_CONNECT_SECONDS = 10.0


class Upstream(msgspec.Struct, frozen=True):
    """The address of the control."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None


def upstream_of(url: str) -> Upstream:
    """Parse the URL of the control.

    Raises:
        InvalidTarget: it is not like http://host:port; it cannot have a path, since requests are
            forwarded unchanged.
    """
    parts = urlsplit(checked_url(url, "--control"))
    if parts.path or not parts.hostname:
        raise InvalidTarget("--control: expected a URL like http://host:port, without a path.")
    secure = parts.scheme == "https"
    tls = ssl.create_default_context() if secure else None
    return Upstream(parts.hostname, parts.port or (443 if secure else 80), tls)


class TcpProxy:
    """The proxy with all its connections.

    Args:
        upstream: the control.
        mirror_queue: where exchanges are mirrored.
    """

    def __init__(self, upstream: Upstream, mirror_queue: MirrorQueue) -> None:
        self._upstream = upstream
        self.mirror_queue = mirror_queue
        self.connections: set[ProxiedConnection] = set()
        self.connecting: set[asyncio.Task[None]] = set()

    def accept(self) -> ClientSide:
        """Create the protocol for a new client connection."""
        return ClientSide(self)

    async def connect(self, connection: ProxiedConnection) -> None:
        """Connect a client to the control; on failure close the client's connection."""
        up = self._upstream
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                await asyncio.get_running_loop().create_connection(
                    lambda: ControlSide(connection), up.host, up.port, ssl=up.tls
                )
        except OSError:  # includes TimeoutError and TLS errors
            connection.client.abort()

    def close_idle(self) -> bool:
        """Close connections without a pending response; return True if none are left."""
        for connection in list(self.connections):
            if connection.tap.following and connection.tap.idle:
                connection.client.close()
        return not self.connections


class ProxiedConnection:
    """A client's connection and its counterpart to the control."""

    def __init__(self, proxy: TcpProxy, client: asyncio.Transport) -> None:
        self.proxy = proxy
        self.client = client
        self.control: asyncio.Transport | None = None
        self.tap = HttpTap(proxy.mirror_queue)
        self.early: list[bytes] = []
        self.early_end = False


class _Side(asyncio.Protocol, ABC):
    """One end of a proxied connection, with back pressure from the other end."""

    connection: ProxiedConnection

    @abstractmethod
    def other(self) -> asyncio.Transport | None:
        """Return the other end's transport."""

    def pause_writing(self) -> None:
        """Stop reading from the other end while this one is slow."""
        if (other := self.other()) and not other.is_closing():
            other.pause_reading()

    def resume_writing(self) -> None:
        """Resume reading from the other end."""
        if (other := self.other()) and not other.is_closing():
            other.resume_reading()


class ClientSide(_Side):
    """The client's end."""

    def __init__(self, proxy: TcpProxy) -> None:
        self._proxy = proxy

    def other(self) -> asyncio.Transport | None:
        """Return the control's transport, if it is connected."""
        return self.connection.control

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connect a new client to the control."""
        client = cast(asyncio.Transport, transport)
        self.connection = ProxiedConnection(self._proxy, client)
        self._proxy.connections.add(self.connection)
        task = asyncio.get_running_loop().create_task(self._proxy.connect(self.connection))
        self._proxy.connecting.add(task)
        task.add_done_callback(self._proxy.connecting.discard)

    def data_received(self, data: bytes) -> None:
        """Forward data from the client, then parse it."""
        if self.connection.control is None:
            # Buffers one chunk: reading is paused until the control is connected.
            self.connection.early.append(data)
            self.connection.client.pause_reading()
            return
        self.connection.control.write(data)
        self.connection.tap.feed_request(data)

    def eof_received(self) -> bool:
        """Forward the client's half-close; it can still receive a response."""
        control = self.connection.control
        if control is None:
            self.connection.early_end = True
        elif control.can_write_eof():
            control.write_eof()
        return True

    def connection_lost(self, _error: Exception | None) -> None:
        """Close the connection to the control."""
        self._proxy.connections.discard(self.connection)
        self.connection.tap.stop()
        if self.connection.control:
            self.connection.control.close()


class ControlSide(_Side):
    """The control's end."""

    def __init__(self, connection: ProxiedConnection) -> None:
        self.connection = connection

    def other(self) -> asyncio.Transport | None:
        """Return the client's transport."""
        return self.connection.client

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Forward the data that the client has sent so far."""
        control = cast(asyncio.Transport, transport)
        connection = self.connection
        if connection.client.is_closing():
            control.abort()
            return
        connection.control = control
        for data in connection.early:
            control.write(data)
            connection.tap.feed_request(data)
        if connection.early_end and control.can_write_eof():
            control.write_eof()
        if connection.early:
            connection.client.resume_reading()
        connection.early = []

    def data_received(self, data: bytes) -> None:
        """Forward data from the control, then parse it."""
        self.connection.client.write(data)
        self.connection.tap.feed_response(data)

    def connection_lost(self, error: Exception | None) -> None:
        """Close the client's connection."""
        self.connection.tap.end_response()
        if error is None:
            self.connection.client.close()
        else:
            self.connection.client.abort()
