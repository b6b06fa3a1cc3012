"""Stands between the service and PostgreSQL, and counts the round trips."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

from tests.support.stream_server import unix_server

_SOCKET = ".s.PGSQL.5432"
_READY = b"Z"  # ReadyForQuery: the server has answered all that it was asked


class CountingProxy:
    """Passes everything on; `round_trips` counts how often the server became ready again."""

    def __init__(self, upstream: Path) -> None:
        self._upstream = upstream
        self.round_trips = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Connect one client."""
        server_reader, server_writer = await asyncio.open_unix_connection(str(self._upstream))
        forth = asyncio.create_task(self._forth(reader, server_writer))
        try:
            while True:
                kind = await server_reader.readexactly(1)
                length = await server_reader.readexactly(4)
                body = await server_reader.readexactly(int.from_bytes(length) - 4)
                self.round_trips += kind == _READY
                writer.write(kind + length + body)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            forth.cancel()
            server_writer.close()

    async def _forth(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while octets := await reader.read(65536):
            writer.write(octets)


@asynccontextmanager
async def counting_proxy(url: str, folder: Path) -> AsyncIterator[tuple[str, CountingProxy]]:
    """Give the URL of a proxy in front of a database, and the proxy."""
    parts = urlsplit(url)
    host = parse_qs(parts.query)["host"][0]
    proxy = CountingProxy(Path(host) / _SOCKET)
    async with unix_server(proxy.serve, folder / _SOCKET):
        yield parts._replace(query=f"host={quote(str(folder))}&sslmode=disable").geturl(), proxy
