"""Calls that several processes count together in a real Redis, also during an outage."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from passport_scorer.auth import rate_limits as rate_limits_module
from passport_scorer.auth import redis_storage as redis_storage_module
from passport_scorer.auth.rate_limits import STORAGE_TIMEOUT, RateLimits
from passport_scorer.auth.redis_storage import redis_storage
from tests.support.captured_logs import capture_logs

PASSWORD = "hush-hush"
PATIENCE = 60.0  # seconds, more than a busy machine takes for anything


class Redis:
    """A Redis of the test's own, on a port that stays the same over restarts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"redis://:{PASSWORD}@127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it listens."""
        program = shutil.which("redis-server")
        if program is None:
            pytest.skip("redis-server is not installed: shared rate limits are NOT tested here")
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--requirepass", PASSWORD]
        self._process = subprocess.Popen(
            [program, *options, "--save", "", "--dir", str(self.folder)],
            stdout=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 20
        while not self.listens():
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def listens(self) -> bool:
        """Return True if it accepts connections."""
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False

    def stop(self) -> None:
        """Kill it, if it runs."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None


def free_port() -> int:
    """An unused port."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port: int = listener.getsockname()[1]
        return port


def wait_for_redis(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let a call wait for so long."""
    for module in (rate_limits_module, redis_storage_module):
        monkeypatch.setattr(module, "STORAGE_TIMEOUT", seconds)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis is not away because the machine is busy."""
    wait_for_redis(monkeypatch, PATIENCE)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    """A Redis that isn't started."""
    redis = Redis(tmp_path)
    yield redis
    redis.stop()


async def count(rate_limits: RateLimits, prefix: str = "abc") -> bool | None:
    """Count a call, three of which are allowed; None if it wasn't counted."""
    state = await rate_limits.count(prefix, "api", "3/1h")
    return state.exceeded if state else None


async def test_processes_count_together(redis: Redis) -> None:
    """Each process knows the calls that the other counted, and reports the same window."""
    redis.start()
    async with redis_storage(redis.url) as one, redis_storage(redis.url) as other:
        first, second = RateLimits(one), RateLimits(other)
        exceeded = [await count(limits) for limits in (first, second, first, second, first)]
        assert exceeded == [False, False, False, True, True]
        assert await count(second, "another key") is False
        state = await second.count("abc", "api", "3/1h")
        assert state is not None
        assert (state.remaining, 3590 <= state.reset <= 3600) == (0, True)


async def test_it_starts_without_redis(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls do not wait for a missing Redis; once it is up, it counts."""
    monkeypatch.setattr(rate_limits_module, "OPEN_SECONDS", 0.05)
    async with redis_storage(redis.url) as counts:
        limits = RateLimits(counts)
        with capture_logs() as logs:
            assert [await count(limits) for _ in range(10)] == [None] * 10
        redis.start()
        await asyncio.sleep(0.06)
        assert [await count(limits) for _ in range(4)] == [False, False, False, True]
    assert logs
    assert PASSWORD not in str(logs)


async def test_redis_dies_and_comes_back(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls pass meanwhile; broken connections are replaced."""
    monkeypatch.setattr(rate_limits_module, "OPEN_SECONDS", 0.05)
    redis.start()
    async with redis_storage(redis.url) as counts:
        limits = RateLimits(counts)
        assert await count(limits) is False
        redis.stop()
        assert [await count(limits) for _ in range(5)] == [None] * 5
        redis.start()
        await asyncio.sleep(0.06)
        assert await count(limits) is False


async def test_a_restart_while_the_connection_is_idle(redis: Redis) -> None:
    """A connection that broke while idle loses no count."""
    redis.start()
    async with redis_storage(redis.url) as counts:
        limits = RateLimits(counts)
        assert await count(limits) is False
        redis.stop()
        redis.start()
        assert await count(limits) is False


async def test_a_redis_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Something that listens and never answers delays one call for a moment, and no other."""
    wait_for_redis(monkeypatch, STORAGE_TIMEOUT)
    monkeypatch.setattr(rate_limits_module, "OPEN_SECONDS", PATIENCE)
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        url = f"redis://127.0.0.1:{listener.getsockname()[1]}"
        async with redis_storage(url) as counts:
            limits = RateLimits(counts)
            assert [await count(limits) for _ in range(50)] == [None] * 50
        listener.setblocking(False)
        listener.accept()[0].close()
        with pytest.raises(BlockingIOError):  # only one call has asked it
            listener.accept()


async def test_no_shared_storage() -> None:
    """Without a URL there is no shared storage."""
    async with redis_storage(None) as counts:
        assert counts is None
