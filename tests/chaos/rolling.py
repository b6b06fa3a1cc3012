"""Rolling restarts of two instances behind a load balancer."""

from __future__ import annotations

import asyncio

from tests.chaos.deployment import ENDLESS, DatabaseServer, Deployment
from tests.chaos.load import Budget, run_all
from tests.chaos.result import Plan, Result, Scenario
from tests.chaos.workload import addresses, rings

RESTARTS = 10
SECONDS = 70
CALLERS = 24
DELAY = 2  # seconds from SIGTERM until the listeners close
LOOK_PAUSE = 0.2


async def look(deployment: Deployment) -> None:
    """Probe the readiness of each instance, as a load balancer does."""
    while True:
        for instance in deployment.instances:
            instance.ready = await instance.is_ready()
        await asyncio.sleep(LOOK_PAUSE)


async def restart_in_turn(server: DatabaseServer, plan: Plan, result: Result) -> None:
    """Restart the instances in turn under load; no request may fail."""
    settings = {"SHUTDOWN_DELAY_SECONDS": str(DELAY)}
    async with server.deployment(result, instances=2, workers=2, settings=settings) as deployment:
        people = addresses("rolling", 40)
        await deployment.workload.seed(rings(people))
        calls = deployment.workload.everything(people, [1, 2])
        budget = Budget(ENDLESS, plan.seconds(SECONDS, least=5) + 60, plan.advance)
        load = asyncio.create_task(run_all(deployment.callers(CALLERS, "all", calls, budget)))
        looking = asyncio.create_task(look(deployment))
        bounds = plan.budget(RESTARTS, SECONDS)
        for number in range(plan.count(RESTARTS, least=2)):
            if not bounds.take():
                break
            instance = deployment.instances[number % 2]
            await instance.stop()
            await instance.start()
            await asyncio.sleep(2 * LOOK_PAUSE)
            result.done["restarts"] += 1
        looking.cancel()
        budget.stop()
        await load
        result.done["requests"] = result.tallies["all"].asked
        result.expect("all", "2xx", "4xx")
        await deployment.finish()


ROLLING = Scenario("rolling", "SIGTERM and restart of two instances in turn", restart_in_turn)
