"""SIGSTOP of one of two instances in the middle of a transaction."""

from __future__ import annotations

import asyncio
import signal

from tests.chaos.deployment import ENDLESS, DatabaseServer, Deployment
from tests.chaos.load import Budget, run_all
from tests.chaos.result import Plan, Result, Scenario
from tests.chaos.workload import addresses, rings

FREEZES = 3
SECONDS = 25  # of each freeze
CALLERS = 12
TRIES = 200
_THAW_SECONDS = 3
# Only a frozen instance stays idle in a transaction for so long.
_CAUGHT = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND state = 'idle in transaction'
        AND state_change < clock_timestamp() - interval '100 milliseconds'
"""


async def freeze(deployment: Deployment) -> bool:
    """Stop the first instance in a transaction; return False if it was never in one."""
    for _ in range(TRIES):
        deployment.instances[0].send(signal.SIGSTOP)
        await asyncio.sleep(0.25)
        if await deployment.tables.value(_CAUGHT):
            return True
        deployment.instances[0].send(signal.SIGCONT)
        await asyncio.sleep(0.05)
    return False


async def freeze_one(server: DatabaseServer, plan: Plan, result: Result) -> None:
    """Freeze an instance repeatedly; requests for other addresses must not fail."""
    async with server.deployment(result, instances=2) as deployment:
        frozen, other = deployment.instances
        theirs, ours = addresses("frozen", 24), addresses("other", 24)
        await deployment.workload.seed(rings(theirs))
        await deployment.workload.seed(rings(ours))
        budget = Budget(ENDLESS, ENDLESS, plan.advance)
        load = asyncio.create_task(
            run_all(
                [
                    *deployment.callers(
                        CALLERS,
                        "frozen",
                        deployment.workload.uploads(theirs),
                        budget,
                        instances=[frozen],
                    ),
                    *deployment.callers(
                        2,
                        "same people",
                        deployment.workload.scores(theirs),
                        budget,
                        instances=[other],
                    ),
                    *deployment.callers(
                        CALLERS,
                        "others",
                        deployment.workload.everything(ours, [1, 2]),
                        budget,
                        instances=[other],
                    ),
                ]
            )
        )
        await asyncio.sleep(2)
        for _ in range(plan.count(FREEZES)):
            caught = await freeze(deployment)
            result.done["freezes in a transaction"] += caught
            await asyncio.sleep(plan.seconds(SECONDS, 4, 25))
            frozen.send(signal.SIGCONT)
            await asyncio.sleep(_THAW_SECONDS)
        budget.stop()
        await load
        result.done["requests"] = sum(each.asked for each in result.tallies.values())
        result.expect("others", "2xx", "4xx")
        result.note("others")
        result.expect("same people", "2xx", "503")
        result.expect("frozen", "2xx", "4xx", "503")
        await deployment.finish()


FROZEN = Scenario("frozen", "SIGSTOP of one of two instances in a transaction", freeze_one)
