"""A database that is away, and a fixed time."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from passport_scorer.db.database import Database, DatabaseSettings


@pytest.fixture
def now() -> datetime:
    """The time at which keys are presented."""
    return datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
async def absent_database(tmp_path: Path) -> AsyncIterator[Database]:
    """A pool whose server isn't there: no socket lies in its folder."""
    database = Database(DatabaseSettings(f"postgresql://nobody@/nothing?host={tmp_path}"))
    await database.open()
    yield database
    await database.close()
