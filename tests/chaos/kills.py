"""SIGKILL of workers and of whole instances under load."""

from __future__ import annotations

import asyncio
import random
import signal

from tests.chaos.deployment import ENDLESS, DatabaseServer, Deployment
from tests.chaos.load import Budget, run_all, until
from tests.chaos.result import Plan, Result, Scenario
from tests.chaos.workload import addresses, rings

KILLS = 20
SECONDS = 110
WORKERS = 2
CALLERS = 32
RECOVERY_SECONDS = 20
EACH_WHOLE = 4  # every n-th kill takes a whole instance


async def kill(deployment: Deployment, number: int, chosen: random.Random) -> None:
    """Kill a worker or a whole instance, and wait until it is replaced."""
    instance = deployment.instances[number % len(deployment.instances)]
    await asyncio.sleep(chosen.uniform(0.2, 1.2))
    if number % EACH_WHOLE == EACH_WHOLE - 1:
        deployment.kills += WORKERS
        await instance.kill()
        await instance.start()
        return
    deployment.kills += 1
    before = instance.workers()
    victim = chosen.choice(before)
    instance.send(signal.SIGKILL, victim)
    if not await until(
        lambda: len(set(instance.workers()) - {victim}) == WORKERS, RECOVERY_SECONDS
    ):
        deployment.result.violations.append(f"no new worker within {RECOVERY_SECONDS} s of a kill")


async def kill_them(server: DatabaseServer, plan: Plan, result: Result) -> None:
    """Kill processes at random times under load."""
    chosen = random.Random(7)
    async with server.deployment(result, instances=2, workers=WORKERS) as deployment:
        people = addresses("kills", 40)
        await deployment.workload.seed(rings(people))
        calls = deployment.workload.everything(people, [1, 2])
        seconds = plan.seconds(SECONDS, least=5)
        budget = Budget(ENDLESS, seconds + 60, plan.advance)
        load = asyncio.create_task(run_all(deployment.callers(CALLERS, "all", calls, budget)))
        bounds = plan.budget(KILLS, seconds / plan.scale)
        for number in range(plan.count(KILLS, least=2)):
            if not bounds.take():
                break
            await kill(deployment, number, chosen)
            result.done["kills"] += 1
        budget.stop()
        await load
        result.done["requests"] = result.tallies["all"].asked
        result.expect("all", "2xx", "4xx", "broken")
        in_flight = CALLERS * result.done["kills"]
        if result.tallies["all"].counts["broken"] > in_flight:
            result.violations.append(
                f"more broken connections than {in_flight:,} requests in flight"
            )
        await deployment.finish()


KILLS_OF_PROCESSES = Scenario(
    "kills", "SIGKILL of workers and of whole instances under load", kill_them
)
