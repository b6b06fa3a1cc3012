"""An unreachable database, and a fixed time."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from passport_scorer.db.database import Database, DatabaseSettings
from passport_scorer.db.errors import DatabaseUnavailable
from passport_scorer.db.queries.health import ping
from tests.support.captured_logs import capture_logs


@pytest.fixture
def now() -> datetime:
    """The time at which keys are presented."""
    return datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
async def absent_database(tmp_path: Path) -> AsyncIterator[Database]:
    """A pool whose server is down, as the log has said: its folder has no socket."""
    database = Database(DatabaseSettings(f"postgresql://nobody@/nothing?host={tmp_path}"))
    await database.open()
    with capture_logs() as logs, pytest.raises(DatabaseUnavailable):
        await ping(database)
    assert [event["reason"] for event in logs] == ["connection_refused"]
    yield database
    await database.close()
