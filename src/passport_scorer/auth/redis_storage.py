"""Rate limit storage in Redis, which several processes share.

Source: docs/rules/authentication.md, "Rate limits".
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from limits.aio.storage import RedisStorage, Storage

from passport_scorer.auth.rate_limits import STORAGE_TIMEOUT

_KEYS = "passport-scorer"


@asynccontextmanager
async def redis_storage(url: str | None) -> AsyncIterator[Storage | None]:
    """Open a storage in Redis for the duration of the context.

    It connects when the first call is counted, so that the service starts without Redis.

    Args:
        url: `redis://…` or `rediss://…`; can contain a password, so it is never logged. None: no
            shared storage.
    """
    if url is None:
        yield None
        return
    # Imported late: a process that counts in memory does not need them.
    from redis.asyncio import ConnectionPool
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    # An idle connection that broke is noticed only when it is used: hence one retry.
    pool = ConnectionPool.from_url(
        url,
        socket_connect_timeout=STORAGE_TIMEOUT,
        socket_timeout=STORAGE_TIMEOUT,
        retry=Retry(NoBackoff(), 1),
    )
    options: dict[str, Any] = {"connection_pool": pool}
    try:
        yield RedisStorage(f"async+{url}", implementation="redispy", key_prefix=_KEYS, **options)
    finally:
        await pool.aclose()
