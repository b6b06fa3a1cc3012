"""The rate limits of partners."""

import asyncio
from datetime import UTC, datetime

import pytest

from passport_scorer.auth import rate_limits as rate_limits_module
from passport_scorer.auth.rate_limits import (
    RateLimited,
    RateLimits,
    RateLimitState,
)
from passport_scorer.auth.window_counts import WindowCounts
from tests.support.captured_logs import capture_logs

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()


class WindowStorage:
    """Counts in memory, at a time that a test moves."""

    def __init__(self) -> None:
        self.time = NOON
        self.counts = WindowCounts(lambda: self.time, 1000)

    async def add(self, name: str, seconds: int) -> tuple[int, float]:
        """Count a call."""
        return self.counts.add(name, seconds), self.counts.left(name)


class AbsentStorage(WindowStorage):
    """A shared store that doesn't answer."""

    async def add(self, name: str, seconds: int) -> tuple[int, float]:
        """Fail."""
        raise ConnectionError(f"redis://user:password@store: {name}")


@pytest.fixture
def storage() -> WindowStorage:
    """Where calls are counted."""
    return WindowStorage()


@pytest.fixture
def rate_limits(storage: WindowStorage) -> RateLimits:
    """The rate limits, counted in this storage."""
    return RateLimits(storage)


async def counted(
    rate_limits: RateLimits, prefix: str = "abc", group: str = "scores", limit: str = "2/15m"
) -> RateLimitState:
    """Return the state of a limit after another call."""
    state = await rate_limits.count(prefix, group, limit)
    assert state is not None
    return state


async def test_calls_are_counted_down(rate_limits: RateLimits) -> None:
    """The last call that is allowed leaves none, the next one is too many."""
    states = [await counted(rate_limits) for _ in range(4)]
    assert [(state.remaining, state.exceeded) for state in states] == [
        (1, False),
        (0, False),
        (0, True),
        (0, True),
    ]


async def test_keys_and_groups_are_counted_separately(rate_limits: RateLimits) -> None:
    """A call counts for its own key and its own group of endpoints alone."""
    await counted(rate_limits)
    others = [
        await counted(rate_limits, prefix="other"),
        await counted(rate_limits, group="analysis"),
    ]
    assert [state.remaining for state in others] == [1, 1]


async def test_a_window_is_fixed(storage: WindowStorage, rate_limits: RateLimits) -> None:
    """It ends a period after its first call, whatever comes in between; then a new one starts."""
    await counted(rate_limits)
    storage.time += 899
    last = await counted(rate_limits)
    storage.time += 1
    first = await counted(rate_limits)
    assert (last.remaining, last.reset) == (0, 1)
    assert (first.remaining, first.reset) == (1, 900)


async def test_the_headers(storage: WindowStorage, rate_limits: RateLimits) -> None:
    """Answers carry the policy, and the remaining calls."""
    await counted(rate_limits)
    storage.time += 100
    assert (await counted(rate_limits)).headers() == {
        "RateLimit-Policy": '"scores";q=2;w=900',
        "RateLimit": '"scores";r=0;t=800',
    }


async def test_one_call_too_many_is_told_when_to_come_back(rate_limits: RateLimits) -> None:
    """Over the limit there is Retry-After in addition to the other headers."""
    for _ in range(2):
        await counted(rate_limits)
    assert (await counted(rate_limits)).headers() == {
        "RateLimit-Policy": '"scores";q=2;w=900',
        "RateLimit": '"scores";r=0;t=900',
        "Retry-After": "900",
    }


async def test_a_window_about_to_end_is_never_shown_as_ended(
    storage: WindowStorage, rate_limits: RateLimits
) -> None:
    """A caller is never told to come back after zero seconds."""
    await counted(rate_limits)
    storage.time += 899.9
    assert (await counted(rate_limits)).reset == 1


@pytest.mark.parametrize("limit", [None, ""])
async def test_without_a_limit_nothing_is_counted(
    rate_limits: RateLimits, limit: str | None
) -> None:
    """An unlimited key has no state, and so no headers."""
    assert await rate_limits.count("abc", "scores", limit) is None


async def test_a_limit_as_people_write_it_limits(rate_limits: RateLimits) -> None:
    """The policy of an answer is the limit that was meant."""
    state = await counted(rate_limits, limit="1/ 2 Hours")
    assert state.headers()["RateLimit-Policy"] == '"scores";q=1;w=7200'
    assert (await counted(rate_limits, limit="1/ 2 Hours")).exceeded


async def test_what_cannot_be_read_limits_and_is_logged_once(rate_limits: RateLimits) -> None:
    """Calls are counted against the default; the log names the key once, not with each call."""
    with capture_logs() as logs:
        states = [await counted(rate_limits, limit="a lot") for _ in range(126)]
    assert [state.exceeded for state in states] == [False] * 125 + [True]
    assert {(state.count, state.window) for state in states} == {(125, 900)}
    assert logs == [
        {
            "event": "rate_limit_not_readable",
            "log_level": "warning",
            "api_key_prefix": "abc",
            "limit": "a lot",
            "counts_as": "125/15m",
        }
    ]


async def test_warnings_are_bounded(
    rate_limits: RateLimits, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys beyond a number are limited as well, but neither logged nor cached."""
    monkeypatch.setattr(rate_limits_module, "MAX_WARNINGS", 3)
    with capture_logs() as logs:
        for number in range(9):
            assert (await counted(rate_limits, prefix=f"key{number}", limit="?")).remaining == 124
    assert [entry["api_key_prefix"] for entry in logs] == ["key0", "key1", "key2"]


async def test_limits_can_be_switched_off(storage: WindowStorage) -> None:
    """Then nothing is counted, not even for a key that may never call."""
    rate_limits = RateLimits(storage, enabled=False)
    assert await rate_limits.count("abc", "scores", "0/1d") is None
    assert len(storage.counts) == 0


async def test_calls_are_let_through_when_they_cannot_be_counted() -> None:
    """A storage that is down limits no caller, and is logged without its address."""
    storage = AbsentStorage()
    with capture_logs() as logs:
        assert await RateLimits(storage).count("abc", "scores", "0/1m") is None
    assert logs == [
        {
            "event": "rate_limit_not_counted",
            "log_level": "warning",
            "reason": "ConnectionError",
        }
    ]


class BadDayStorage(WindowStorage):
    """A shared store that hangs until it has recovered."""

    def __init__(self) -> None:
        super().__init__()
        self.hangs = True
        self.asked = 0

    async def add(self, name: str, seconds: int) -> tuple[int, float]:
        """Count a call, or hang."""
        self.asked += 1
        if self.hangs:
            await asyncio.sleep(60)
        return await super().add(name, seconds)


async def test_a_storage_that_hangs_delays_one_call() -> None:
    """One call waits for the store, later ones skip it; all pass."""
    storage = BadDayStorage()
    rate_limits = RateLimits(storage)
    states = [await rate_limits.count("abc", "scores", "0/1m") for _ in range(100)]
    assert states == [None] * 100
    assert (storage.asked, rate_limits.uncounted) == (1, 100)


async def test_a_store_that_recovers(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the pause one call tries it, alone; if that is counted, all are again."""
    monkeypatch.setattr(rate_limits_module, "OPEN_SECONDS", 0.05)
    storage = BadDayStorage()
    rate_limits = RateLimits(storage)
    await rate_limits.count("abc", "scores", "9/1m")
    await asyncio.sleep(0.1)
    together = [rate_limits.count("abc", "scores", "9/1m") for _ in range(10)]
    assert await asyncio.gather(*together) == [None] * 10
    assert storage.asked == 2
    await asyncio.sleep(0.1)
    storage.hangs = False
    with capture_logs() as logs:
        states = [await counted(rate_limits, limit="9/1m") for _ in range(2)]
    assert [state.remaining for state in states] == [8, 7]
    assert logs == [{"event": "rate_limit_counted_again", "log_level": "warning", "uncounted": 11}]


async def test_calls_are_counted_in_memory_unless_told() -> None:
    """Without a shared store a process counts for itself."""
    rate_limits = RateLimits()
    states = [await counted(rate_limits, limit="2/1h") for _ in range(3)]
    assert [state.exceeded for state in states] == [False, False, True]
    assert 3590 <= states[-1].reset <= 3600


async def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond a number of keys, the oldest windows are forgotten."""
    monkeypatch.setattr(rate_limits_module, "MEMORY_CAPACITY", 3)
    rate_limits = RateLimits()
    for number in range(4):
        assert (await counted(rate_limits, prefix=f"key{number}")).remaining == 1
    assert (await counted(rate_limits, prefix="key3")).remaining == 0
    assert (await counted(rate_limits, prefix="key0")).remaining == 1


def test_the_sentence() -> None:
    """A caller over the limit gets the sentence that clients know."""
    assert RateLimited().message == "You have been rate limited!"
