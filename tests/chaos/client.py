"""A minimal HTTP/1.1 client for load generation: one keep-alive connection per caller."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

HOST = "127.0.0.1"
HOSTILE_HOST = "127.0.0.66"  # all of 127/8 is loopback: attackers get their own peer address
ANSWER_SECONDS = 30.0
_LONGEST_HEAD = 1024 * 1024


class Refused(Exception):
    """The connection was refused; no request was sent."""


class Broken(Exception):
    """The connection closed before the response was complete."""


class Silent(Exception):
    """No response arrived within `ANSWER_SECONDS`."""


class Reply(NamedTuple):
    """A response; `closes` is true if the server closes the connection after it."""

    status: int
    body: bytes
    closes: bool


class Connection:
    """A connection that is opened on demand and reopened after it was closed.

    Args:
        source: the local address to connect from.
        keeps: False to open a new connection for each request.
    """

    def __init__(self, source: str = HOST, *, keeps: bool = True) -> None:
        self._source = source
        self._keeps = keeps
        self._port = 0
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, port: int, request: bytes) -> Reply:
        """Send a complete request and return the response.

        Raises:
            Refused: the connection was refused.
            Broken: the connection closed too early.
            Silent: no response arrived in time.
        """
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                reply = await self._exchange(port, request)
        except TimeoutError:
            self.close()
            raise Silent from None
        except (OSError, EOFError, asyncio.LimitOverrunError, ValueError) as error:
            self.close()
            raise Broken(repr(error)) from None
        if reply.closes or not self._keeps:
            self.close()
        return reply

    async def _exchange(self, port: int, request: bytes) -> Reply:
        reader, writer = await self._open(port)
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = head.partition(b"\r\ncontent-length:")[2].partition(b"\r")[0]
        body = await reader.readexactly(int(length or 0))
        return Reply(int(head[9:12]), body, b"\r\nconnection: close" in head)

    async def _open(self, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams and self._port == port:
            return self._streams
        self.close()
        try:
            self._streams = await asyncio.open_connection(
                HOST, port, local_addr=(self._source, 0), limit=_LONGEST_HEAD
            )
        except OSError as error:
            raise Refused(repr(error)) from None
        self._port = port
        return self._streams

    def close(self) -> None:
        """Abort the connection."""
        if self._streams:
            self._streams[1].transport.abort()
        self._streams = None


def request(method: str, target: str, *headers: str, body: bytes | None = None) -> bytes:
    """Return a serialized request; `headers` are complete lines."""
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost", *headers]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")
