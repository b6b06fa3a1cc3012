"""Concurrent requests to two instances for addresses that share nullifiers."""

from __future__ import annotations

from tests.chaos.deployment import DatabaseServer
from tests.chaos.load import run_all
from tests.chaos.result import Plan, Result, Scenario
from tests.chaos.workload import addresses, rings

REQUESTS = 60_000
SECONDS = 130
PEOPLE = 60
CALLERS = 64
LEFT = 10  # remaining awards of the capped action
POINTS = {
    "HUMAN_POINTS_ENABLED": "on",
    "HUMAN_POINTS_WRITE_ENABLED": "on",
    "HUMAN_POINTS_MTA_ENABLED": "on",
}


async def race(server: DatabaseServer, plan: Plan, result: Result) -> None:
    """Send all kinds of requests for all addresses to both instances."""
    async with server.deployment(result, instances=2, settings=POINTS) as deployment:
        people = addresses("racing", PEOPLE)
        await deployment.workload.seed(rings(people))
        generous = await deployment.tables.add_community(
            {"Google": "30", "Github": "30", "Discord": "30", "Ens": "30"},
            human_points_program=True,
        )
        await deployment.workload.limited_points(generous, LEFT)
        calls = deployment.workload.everything(people, [1, 1, 1, 1, 2, 2, 2, generous])
        await run_all(deployment.callers(CALLERS, "all", calls, plan.budget(REQUESTS, SECONDS)))
        result.done["requests"] = result.tallies["all"].asked
        result.expect("all", "2xx", "4xx")
        result.note("all")
        await deployment.finish()
        given = await deployment.tables.value(
            "SELECT count(*) FROM registry_humanpoints WHERE action = 'MTA'"
        )
        result.notes.append(f"{given:,} awards of the capped action (cap: 5,000)")


RACING = Scenario(
    "racing", "concurrent requests to two instances for addresses that share nullifiers", race
)
