"""Counts of calls in Redis, which several processes share.

Source: docs/rules/authentication.md, "Rate limits".
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from passport_scorer.auth.rate_limits import STORAGE_TIMEOUT, CallStorage

if TYPE_CHECKING:
    from redis.asyncio import ConnectionPool

_KEYS = "passport-scorer"
# In one step, so that no window stays without an end.
_ADD = """
local count = redis.call("INCR", KEYS[1])
local left = redis.call("PTTL", KEYS[1])
if left < 0 then
    left = ARGV[1] * 1000
    redis.call("PEXPIRE", KEYS[1], left)
end
return {count, left}
"""


class RedisStorage:
    """Counts calls in Redis: see `CallStorage`.

    Args:
        pool: the connections.
    """

    def __init__(self, pool: ConnectionPool) -> None:
        from redis.asyncio import Redis

        self._add = Redis(connection_pool=pool).register_script(_ADD)

    async def add(self, name: str, seconds: int) -> tuple[int, float]:
        """Count a call; raises what the client of Redis raises."""
        count, milliseconds = await self._add(keys=[f"{_KEYS}/{name}"], args=[seconds])
        return count, milliseconds / 1000


@asynccontextmanager
async def redis_storage(url: str | None) -> AsyncIterator[CallStorage | None]:
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
    try:
        yield RedisStorage(pool)
    finally:
        await pool.aclose()
