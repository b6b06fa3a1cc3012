"""Passing bytes on between clients and the control, exactly as they come.

Nothing is parsed before it is passed on: what the control answers reaches the client as the
same bytes, headers, framing and all. `Host` stays the client's, as behind a load balancer.
"""

from __future__ import annotations

import asyncio
import ssl
from abc import ABC, abstractmethod
from typing import cast
from urllib.parse import urlsplit

import msgspec

from passport_scorer.tools.shadow.http_client import InvalidTarget, checked_url
from passport_scorer.tools.shadow.proxy.http_tap import Observer
from passport_scorer.tools.shadow.proxy.mirror_queue import Outbox

_CONNECT_SECONDS = 10.0


class Upstream(msgspec.Struct, frozen=True):
    """Where the control listens."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None


def upstream_of(url: str) -> Upstream:
    """Return where a URL leads.

    Raises:
        InvalidTarget: it isn't like http://host:port; a path can't be put before paths that
            are passed on as they are.
    """
    parts = urlsplit(checked_url(url, "--control"))
    if parts.path or not parts.hostname:
        raise InvalidTarget("--control: expected a URL like http://host:port, without a path.")
    secure = parts.scheme == "https"
    tls = ssl.create_default_context() if secure else None
    return Upstream(parts.hostname, parts.port or (443 if secure else 80), tls)


class Forwarder:
    """All connections of the proxy.

    Args:
        upstream: the control.
        outbox: where copies go.
    """

    def __init__(self, upstream: Upstream, outbox: Outbox) -> None:
        self._upstream = upstream
        self.outbox = outbox
        self.links: set[Link] = set()
        self.connecting: set[asyncio.Task[None]] = set()

    def accept(self) -> ClientSide:
        """Make the protocol of a new connection of a client."""
        return ClientSide(self)

    async def connect(self, link: Link) -> None:
        """Connect a client to the control; if that fails, the client's connection is closed."""
        up = self._upstream
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                await asyncio.get_running_loop().create_connection(
                    lambda: ControlSide(link), up.host, up.port, ssl=up.tls
                )
        except OSError:  # which TimeoutError and TLS errors are
            link.client.abort()

    def close_idle(self) -> bool:
        """Close connections on which no answer is waited for; True if none are left."""
        for link in list(self.links):
            if link.observer.following and link.observer.idle:
                link.client.close()
        return not self.links


class Link:
    """A client's connection and the control's that belongs to it."""

    def __init__(self, forwarder: Forwarder, client: asyncio.Transport) -> None:
        self.forwarder = forwarder
        self.client = client
        self.control: asyncio.Transport | None = None
        self.observer = Observer(forwarder.outbox)
        self.early: list[bytes] = []
        self.early_end = False


class _Side(asyncio.Protocol, ABC):
    """One end: reads no faster than the other end takes."""

    link: Link

    @abstractmethod
    def other(self) -> asyncio.Transport | None:
        """The other end's transport."""

    def pause_writing(self) -> None:
        """This end is slow: stop reading at the other one."""
        if (other := self.other()) and not other.is_closing():
            other.pause_reading()

    def resume_writing(self) -> None:
        """This end has caught up."""
        if (other := self.other()) and not other.is_closing():
            other.resume_reading()


class ClientSide(_Side):
    """The end at the client."""

    def __init__(self, forwarder: Forwarder) -> None:
        self._forwarder = forwarder

    def other(self) -> asyncio.Transport | None:
        """The control's transport, if it is connected."""
        return self.link.control

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected."""
        client = cast(asyncio.Transport, transport)
        self.link = Link(self._forwarder, client)
        self._forwarder.links.add(self.link)
        task = asyncio.get_running_loop().create_task(self._forwarder.connect(self.link))
        self._forwarder.connecting.add(task)
        task.add_done_callback(self._forwarder.connecting.discard)

    def data_received(self, data: bytes) -> None:
        """Pass on what the client sends; then look at it."""
        if self.link.control is None:
            # At most one piece: nothing more is read until the control is there.
            self.link.early.append(data)
            self.link.client.pause_reading()
            return
        self.link.control.write(data)
        self.link.observer.sent(data)

    def eof_received(self) -> bool:
        """The client sends nothing more, but may still wait for its answer."""
        control = self.link.control
        if control is None:
            self.link.early_end = True
        elif control.can_write_eof():
            control.write_eof()
        return True

    def connection_lost(self, _error: Exception | None) -> None:
        """The client is gone."""
        self._forwarder.links.discard(self.link)
        self.link.observer.stop()
        if self.link.control:
            self.link.control.close()


class ControlSide(_Side):
    """The end at the control."""

    def __init__(self, link: Link) -> None:
        self.link = link

    def other(self) -> asyncio.Transport | None:
        """The client's transport."""
        return self.link.client

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The control is there: pass on what the client has sent so far."""
        control = cast(asyncio.Transport, transport)
        link = self.link
        if link.client.is_closing():
            control.abort()
            return
        link.control = control
        for data in link.early:
            control.write(data)
            link.observer.sent(data)
        if link.early_end and control.can_write_eof():
            control.write_eof()
        if link.early:
            link.client.resume_reading()
        link.early = []

    def data_received(self, data: bytes) -> None:
        """Pass on what the control answers; then look at it."""
        self.link.client.write(data)
        self.link.observer.answered(data)

    def connection_lost(self, error: Exception | None) -> None:
        """The control has closed the connection: so does the proxy."""
        self.link.observer.ended()
        if error is None:
            self.link.client.close()
        else:
            self.link.client.abort()
