"""Where the calls of several processes are counted together: Redis.

Source: specification, auth.md ("Rate limits").
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from limits.aio.storage import RedisStorage, Storage

from passport_scorer.auth.rate_limits import LONGEST_WAIT

_KEYS = "passport-scorer"


@asynccontextmanager
async def redis_storage(url: str | None) -> AsyncIterator[Storage | None]:
    """Give a storage in Redis, for as long as the context lasts.

    Nothing is connected before something is counted, so it needn't be there yet.

    Args:
        url: `redis://…` or `rediss://…`; may hold a password, so it is never logged. None: there
            is no shared storage.
    """
    if url is None:
        yield None
        return
    # A process that counts for itself starts without these.
    from redis.asyncio import ConnectionPool
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    # A connection that broke while it was idle shows only when it is used: hence one more try.
    pool = ConnectionPool.from_url(
        url,
        socket_connect_timeout=LONGEST_WAIT,
        socket_timeout=LONGEST_WAIT,
        retry=Retry(NoBackoff(), 1),
    )
    options: dict[str, Any] = {"connection_pool": pool}
    try:
        yield RedisStorage(f"async+{url}", implementation="redispy", key_prefix=_KEYS, **options)
    finally:
        await pool.aclose()
