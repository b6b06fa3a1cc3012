"""Faults of PostgreSQL: read-only, failover, crash, terminated sessions, password rotation."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from tests.chaos.deployment import ENDLESS, DatabaseServer, Deployment
from tests.chaos.load import Budget, run_all, until
from tests.chaos.result import Plan, Result, Scenario
from tests.chaos.workload import addresses, rings

SECONDS = 14  # of each fault
CALLERS = 16
RECOVERY_SECONDS = 30
USER, PASSWORD, NEXT_PASSWORD = "scorer", "the-first-password", "the-next-password"
_TERMINATE = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE usename = 'scorer' AND pid <> pg_backend_pid()
"""
_READ_ONLY = "ALTER SYSTEM SET default_transaction_read_only = on"
_WRITABLE = "ALTER SYSTEM RESET default_transaction_read_only"
_RELOAD = "SELECT pg_reload_conf()"


class Fault(Protocol):
    """Injects a fault that lasts until the end of the block."""

    def __call__(
        self, deployment: Deployment, seconds: float
    ) -> AbstractAsyncContextManager[None]: ...


@asynccontextmanager
async def read_only(deployment: Deployment, seconds: float) -> AsyncIterator[None]:
    """Make the server read-only; instances must not be ready."""
    run = deployment.server.run
    await run(_READ_ONLY, _RELOAD)
    try:
        await asyncio.sleep(seconds)
        for instance in deployment.instances:
            if await instance.is_ready():
                deployment.result.violations.append("ready while the database is read-only")
        yield
    finally:
        await run(_WRITABLE, _RELOAD)


@asynccontextmanager
async def failover(deployment: Deployment, seconds: float) -> AsyncIterator[None]:
    """Make open sessions read-only and new ones writable, as after a failover.

    A setting of the role overrides the server's, but only in new sessions.
    """
    run = deployment.server.run
    await run(f"ALTER ROLE {USER} SET default_transaction_read_only = off", _READ_ONLY, _RELOAD)
    try:
        await recovered(deployment, "a failover")
        await asyncio.sleep(seconds)
        yield
    finally:
        await run(_WRITABLE, _RELOAD, f"ALTER ROLE {USER} RESET default_transaction_read_only")


@asynccontextmanager
async def crash(deployment: Deployment, seconds: float) -> AsyncIterator[None]:
    """Restart the server in immediate mode, twice."""
    for _ in range(2):
        await asyncio.sleep(seconds / 2)
        await deployment.server.crash()
        deployment.result.done["crashes"] += 1
    yield


@asynccontextmanager
async def terminated_sessions(deployment: Deployment, seconds: float) -> AsyncIterator[None]:
    """Terminate all sessions repeatedly."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        deployment.result.done["terminated sessions"] += await deployment.tables.value(_TERMINATE)
        await asyncio.sleep(0.3)
    yield


@asynccontextmanager
async def rotated_password(deployment: Deployment, seconds: float) -> AsyncIterator[None]:
    """Rotate the password, terminate all sessions, and restore the old password."""
    run = deployment.server.run
    await run(f"ALTER ROLE {USER} PASSWORD '{NEXT_PASSWORD}'")
    try:
        await asyncio.sleep(seconds / 2)
        await deployment.tables.value(_TERMINATE)
        await asyncio.sleep(seconds / 2)
        yield
    finally:
        await run(f"ALTER ROLE {USER} PASSWORD '{PASSWORD}'")


FAULTS: Mapping[str, Fault] = {
    "read-only": read_only,
    "failover": failover,
    "crash": crash,
    "terminated sessions": terminated_sessions,
    "password rotation": rotated_password,
}


@asynccontextmanager
async def role(server: DatabaseServer) -> AsyncIterator[None]:
    """Create a role that must authenticate and can only read and write data."""
    rules = server.embedded.folder / "data" / "pg_hba.conf"
    before = rules.read_text()
    rules.write_text(f"local all {USER} scram-sha-256\n{before}")
    await server.run(
        f"CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}'",
        f"GRANT pg_read_all_data, pg_write_all_data TO {USER}",
        _RELOAD,
    )
    try:
        yield
    finally:
        rules.write_text(before)
        await server.run(f"DROP ROLE {USER}", _RELOAD)


async def recovered(deployment: Deployment, fault: str) -> None:
    """Wait for ten good responses of each instance, and note how long that took."""
    began = time.monotonic()
    who = addresses("failover", 1)[0]
    for number in range(len(deployment.instances)):
        (caller,) = deployment.callers(
            1,
            "after a fault",
            deployment.workload.scores([who]),
            Budget(ENDLESS, RECOVERY_SECONDS, lambda _: None),
            instances=[deployment.instances[number]],
            pause=0.1,
        )
        tally = deployment.result.tallies["after a fault"]
        good = tally.counts["2xx"]
        task = asyncio.create_task(caller.run())
        await until(lambda: tally.counts["2xx"] >= good + 10 or task.done(), RECOVERY_SECONDS)  # noqa: B023
        caller.budget.stop()
        await task
        if tally.counts["2xx"] < good + 10:
            deployment.result.violations.append(
                f"fewer than ten good responses within {RECOVERY_SECONDS} s of {fault}"
            )
    deployment.result.notes.append(f"recovered {time.monotonic() - began:.1f} s after {fault}")


async def fail_over(server: DatabaseServer, plan: Plan, result: Result) -> None:
    """Inject one fault after the other under load."""
    async with (
        role(server),
        server.deployment(result, instances=2, user=f"{USER}:{PASSWORD}") as deployment,
    ):
        people = addresses("failover", 30)
        await deployment.workload.seed(rings(people))
        for name, fault in FAULTS.items():
            budget = Budget(ENDLESS, ENDLESS, plan.advance)
            calls = deployment.workload.everything(people, [1, 2])
            load = asyncio.create_task(
                run_all(deployment.callers(CALLERS, name, calls, budget, pause=0.01))
            )
            try:
                async with fault(deployment, plan.seconds(SECONDS, 4, 30)):
                    pass
                await recovered(deployment, f"the end of {name}")
            finally:
                budget.stop()
                await load
            result.done["faults"] += 1
            result.expect(name, "2xx", "4xx", "503")
        result.done["requests"] = sum(each.asked for each in result.tallies.values())
        await deployment.finish(may_doubt=True)


FAILOVER = Scenario(
    "failover", "read-only, failover, crash, terminated sessions, password rotation", fail_over
)
