"""A server on a Unix socket that leaves no connection behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def unix_server(serve: Serve, path: Path) -> AsyncIterator[None]:
    """Serve each connection; at the end, cancel those that are left, and wait for them."""
    serving: set[asyncio.Task[Any]] = set()

    async def tracked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        try:
            await serve(reader, writer)
        except asyncio.CancelledError:
            pass  # the server has ended
        finally:
            writer.close()
            serving.discard(task)

    server = await asyncio.start_unix_server(tracked, str(path))
    async with server:
        yield
        server.close()
        left = list(serving)
        for task in left:
            task.cancel()
        await asyncio.gather(*left)
