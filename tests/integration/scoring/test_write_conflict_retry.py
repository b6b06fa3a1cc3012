"""Work that has a write conflict starts again in a new transaction, a bounded number of times."""

from __future__ import annotations

import pytest

from passport_scorer.db.database import Connection
from passport_scorer.db.errors import WriteConflict
from passport_scorer.scoring.write_conflict_retry import MAX_ATTEMPTS, WriteRetries
from passport_scorer.telemetry.metrics import WRITE_CONFLICTS
from tests.support.counting import Counting

from .world import World


@pytest.mark.parametrize("conflicts", range(MAX_ATTEMPTS + 1))
async def test_only_the_last_attempt_is_committed(world: World, conflicts: int) -> None:
    """Each conflict rolls its attempt back and is counted; after the last attempt it is raised."""
    counting, attempts = Counting(), 0

    async def work(connection: Connection) -> int:
        nonlocal attempts
        attempts += 1
        await connection.driver.execute(
            "INSERT INTO registry_passport (address, community_id) VALUES ($1, 7)", str(attempts)
        )
        if attempts <= conflicts:
            raise WriteConflict
        return attempts

    async with world.scorer() as scorer:
        retries = WriteRetries(scorer.database, counting)
        if conflicts < MAX_ATTEMPTS:
            assert await retries.run(work) == conflicts + 1
        else:
            with pytest.raises(WriteConflict):
                await retries.run(work)
    rows = await world.rows("SELECT address FROM registry_passport")
    committed = [str(conflicts + 1)] if conflicts < MAX_ATTEMPTS else []
    assert [row["address"] for row in rows] == committed
    assert counting.counted[(WRITE_CONFLICTS.name,)] == conflicts
