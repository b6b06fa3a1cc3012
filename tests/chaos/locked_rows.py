"""Row locks held by another session: only callers for that address may wait."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from tests.chaos.deployment import ENDLESS, DatabaseServer, Deployment, background_load
from tests.chaos.load import Budget, run_all
from tests.chaos.result import Plan, Result, Scenario
from tests.chaos.workload import PROVIDERS, address, addresses, alone, stamp

SECONDS = 12  # that each lock is held
CALLERS = 16
PEOPLE = 24
POOL = 5
VICTIM = "victim"

# The statement that takes each lock; $1: the victim, $2: an address without a passport.
LOCKS: Mapping[str, str] = {
    "score": """
        SELECT FROM registry_score s JOIN registry_passport p ON p.id = s.passport_id
        WHERE p.address = $1 FOR UPDATE OF s""",
    "passport": """
        SELECT FROM registry_passport WHERE address = $1 FOR UPDATE""",
    "new passport": """
        INSERT INTO registry_passport (address, community_id)
        SELECT $2::text, 1 WHERE $1::text <> $2::text""",
    "link": """
        SELECT FROM registry_hashscorerlink WHERE address = $1 FOR UPDATE""",
    "stamps": """
        SELECT FROM registry_stamp s JOIN registry_passport p ON p.id = s.passport_id
        WHERE p.address = $1 FOR UPDATE OF s""",
}


def fresh(lock: str) -> str:
    """Return an address that has no passport before the lock is taken."""
    return address(f"fresh victim: {lock}")


async def hold(
    deployment: Deployment, connection: Any, lock: str, people: list[str], seconds: float
) -> None:
    """Hold a lock under load, while one caller requests the locked address."""
    victims = [address(VICTIM), fresh(lock)]
    # Renewed stamps make the service write the links and the registered stamps.
    await deployment.workload.tables.rows(
        "UPDATE ceramic_cache_ceramiccache SET deleted_at = now() WHERE address = $1 AND deleted_at"
        " IS NULL",
        victims[0],
    )
    nullifiers = alone(victims)[victims[0]]
    renewed = (stamp(victims[0], each, nullifiers[each]) for each in PROVIDERS)
    await deployment.workload.add_stamps(renewed)
    transaction = connection.transaction()
    await transaction.start()
    try:
        arguments = victims if "$2" in LOCKS[lock] else victims[:1]
        await connection.execute(LOCKS[lock], *arguments)
        budget = Budget(ENDLESS, seconds)
        group = f"innocents ({lock} locked)"
        innocents = deployment.callers(CALLERS, group, deployment.workload.scores(people), budget)
        asked = itertools.cycle(victims)
        calls = (deployment.workload.score(next(asked)) for _ in itertools.count())
        async with (
            deployment.watched() as watch,
            background_load(deployment, 1, "for locked rows", calls, pause=0.1),
        ):
            await run_all(innocents)
        deployment.result.expect(group, "2xx")
        deployment.result.note(group)
        if watch.waiting > POOL:
            deployment.result.violations.append(
                f"{watch.waiting} backends waiting for the {lock} (limit: {POOL})"
            )
    finally:
        await transaction.rollback()


async def locked_rows(server: DatabaseServer, plan: Plan, result: Result) -> None:
    """Hold one lock after the other."""
    settings = {"DATABASE_POOL_SIZE": str(POOL)}
    async with server.deployment(result, settings=settings) as deployment:
        people = addresses("innocent", PEOPLE)
        await deployment.workload.seed(alone([*people, address(VICTIM)]))
        budget = plan.budget(1000, 10)
        calm = deployment.callers(
            CALLERS, "before", deployment.workload.scores([*people, address(VICTIM)]), budget
        )
        await run_all(calm)
        result.note("before")
        async with deployment.tables.connection() as connection:
            for lock in LOCKS:
                await hold(deployment, connection, lock, people, plan.seconds(SECONDS, 4, 30))
                result.done["locks"] += 1
        result.done["requests"] = sum(each.asked for each in result.tallies.values())
        result.expect("for locked rows", "2xx", "503")
        await deployment.finish()
        result.violations += await committed_all_the_same(deployment)


async def committed_all_the_same(deployment: Deployment) -> list[str]:
    """Count scores of the victims that were committed but answered with an error."""
    victims = [address(VICTIM), *map(fresh, LOCKS)]
    told = sum(score.address in victims for score in deployment.history.scores)
    events = await deployment.tables.value(
        "SELECT count(*) FROM registry_event WHERE action = 'SCU' AND address = ANY($1)", victims
    )
    return [f"{events - told} scores committed despite an error response"] if events > told else []


LOCKED_ROWS = Scenario(
    "locked-row", "row locks held by another session on one address", locked_rows
)
