"""Usage is recorded outside the request, and waits while the database is unreachable."""

import asyncio
from contextlib import suppress
from typing import Any

import msgspec

from passport_scorer.auth.usage_backlog import UsageBacklog
from passport_scorer.auth.usage_log import (
    ENOUGH_BYTES,
    BatchedUsageAnalytics,
    NoUsageAnalytics,
)
from passport_scorer.db.database import Database, DatabaseSettings
from passport_scorer.domain.usage import Usage
from tests.support.captured_logs import capture_logs
from tests.support.usage import CALL


def not_written(count: int) -> dict[str, Any]:
    """The log events if this number of rows keeps waiting."""
    return {
        "event": "usage_not_written",
        "log_level": "warning",
        "count": count,
        "reason": "database_unavailable",
    }


async def first_of(logs: list[Any]) -> None:
    """Wait up to ten seconds for an event in the log."""
    for _ in range(10_000):
        if logs:
            break
        await asyncio.sleep(0.001)


async def attempts(analytics: BatchedUsageAnalytics, calls: int, call: Usage = CALL) -> list[Any]:
    """Return the log up to the first attempt to write, while it runs by itself."""
    with capture_logs() as logs:
        running = asyncio.create_task(analytics.run())
        for _ in range(calls):
            analytics.record(call)
        await first_of(logs)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    return logs[:1]


async def test_rows_wait_while_the_database_is_away(absent_database: Database) -> None:
    """All rows that couldn't be written are retried."""
    analytics = BatchedUsageAnalytics(absent_database)
    with capture_logs() as logs:
        for _ in range(3):
            analytics.record(CALL)
        await analytics.flush()
        analytics.record(CALL)
        await analytics.flush()
    assert logs == [not_written(3), not_written(4)]


async def test_rows_beyond_the_capacity_are_dropped_and_counted(absent_database: Database) -> None:
    """No more than the capacity waits; how many were lost is logged as an error, once."""
    analytics = BatchedUsageAnalytics(absent_database, capacity=3)
    with capture_logs() as logs:
        for _ in range(5):
            analytics.record(CALL)
        await analytics.flush()
        await analytics.flush()
    dropped = {"event": "usage_dropped", "log_level": "error", "count": 2}
    assert logs == [dropped, not_written(3), not_written(3)]


async def test_no_more_rows_than_a_batch_are_written_together(absent_database: Database) -> None:
    """A failed write is one batch, and no other is attempted at the same time."""
    analytics = BatchedUsageAnalytics(absent_database, batch=2)
    with capture_logs() as logs:
        for _ in range(5):
            analytics.record(CALL)
        await analytics.flush()
    assert logs == [not_written(2)]


async def test_enough_rows_do_not_wait_for_the_interval(absent_database: Database) -> None:
    """As soon as there are enough rows they are written."""
    analytics = BatchedUsageAnalytics(absent_database, enough=2, interval=3600)
    assert await attempts(analytics, calls=2) == [not_written(2)]


async def test_long_rows_do_not_wait_for_the_interval(absent_database: Database) -> None:
    """A few rows are enough if they are long."""
    analytics = BatchedUsageAnalytics(absent_database, interval=3600)
    long = msgspec.structs.replace(CALL, response_json="x" * (ENOUGH_BYTES // 3))
    assert await attempts(analytics, calls=3, call=long) == [not_written(3)]


async def test_calls_do_not_hurry_rows_that_could_not_be_written(
    absent_database: Database,
) -> None:
    """An unreachable database is asked once in an interval, however many calls come."""
    analytics = BatchedUsageAnalytics(absent_database, enough=2, interval=3600)
    with capture_logs() as logs:
        running = asyncio.create_task(analytics.run())
        for _ in range(2):
            analytics.record(CALL)
        await first_of(logs)
        for _ in range(50):
            analytics.record(CALL)
            await asyncio.sleep(0.001)
        assert logs == [not_written(2)]
        analytics.stop()
        await running
    assert len(analytics) == 52


async def test_a_single_row_waits_up_to_the_interval(absent_database: Database) -> None:
    """Fewer rows are written after the interval."""
    analytics = BatchedUsageAnalytics(absent_database, interval=0.01)
    assert await attempts(analytics, calls=1) == [not_written(1)]


async def test_nothing_recorded_is_nothing_written(absent_database: Database) -> None:
    """Without calls the database isn't asked for anything."""
    with capture_logs() as logs:
        await BatchedUsageAnalytics(absent_database).flush()
    assert logs == []


async def test_recording_needs_no_database() -> None:
    """Recording a call neither fails nor waits, even before there is a connection."""
    analytics = BatchedUsageAnalytics(Database(DatabaseSettings("postgresql:///never-opened")))
    for _ in range(20_000):
        analytics.record(CALL)
    assert analytics.dropped == 10_000


def test_the_backlog_is_bounded_in_bytes() -> None:
    """Large rows push out the oldest; waiting rows and those being written count together."""
    backlog = UsageBacklog(capacity=1000, max_bytes=1_000_000)
    large = msgspec.structs.replace(CALL, response_json="x" * 100_000)
    for _ in range(50):
        backlog.add(large)
    assert (len(backlog), backlog.dropped) == (9, 41)
    batch = backlog.take(500, max_bytes=350_000)
    assert len(batch) == 3
    for _ in range(50):
        backlog.add(large)
    assert len(backlog) == 6
    batch[0].is_done = True
    assert backlog.settle(batch) == 2
    assert len(backlog) == 8
    backlog.add(msgspec.structs.replace(CALL, response_json="x" * 2_000_000))
    assert len(backlog) == 0
    assert backlog.take(500, max_bytes=1) == []


async def test_usage_can_go_unrecorded() -> None:
    """With analytics turned off, nothing is ever written."""
    analytics = NoUsageAnalytics()
    analytics.record(CALL)
    analytics.stop()
    await analytics.run()


async def test_stopping_waits_for_a_write_in_progress(absent_database: Database) -> None:
    """Recorded rows survive a stop during a write that failed."""
    analytics = BatchedUsageAnalytics(absent_database, enough=1)
    running = asyncio.create_task(analytics.run())
    analytics.record(CALL)
    analytics.record(CALL)
    await asyncio.sleep(0)
    analytics.stop()
    await running
    assert len(analytics) == 2
