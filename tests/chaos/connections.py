"""Hostile connections alongside valid requests."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.chaos.deployment import DatabaseServer, Deployment
from tests.chaos.load import Budget, run_all
from tests.chaos.result import Plan, Result, Scenario
from tests.chaos.workload import address, addresses, alone

SECONDS = 8  # of each kind, and before
# Kinds of `hostile_connections` -> connections at scale 1.
KINDS: Mapping[str, int] = {
    "silent": 1000,
    "idle": 1000,
    "half_heads": 1000,
    "long_headers": 200,
    "many_headers": 50,
    "half_bodies": 200,
    "dribbled_bodies": 500,
    "slow_readers": 200,
    "pipelined": 200,
    "not_http": 500,
}
STOP_SECONDS = 10  # from SIGTERM to the exit of the service
LENIENT_STOP_SECONDS = 30  # where responses are in progress
READERS = ("slow_readers", "pipelined")
CALLERS = 4
MOST_MEMORY = 300  # megabytes
SLOWER = 5  # times the usual p99
LEAST_MILLISECONDS = 1000  # below this, a busy machine is not a violation


@contextmanager
def hostile(name: str, count: int, port: int) -> Iterator[None]:
    """Keep hostile connections open until the end of the block."""
    arguments = ["-m", "tests.chaos.hostile", name, str(count), str(port), address("hostile")]
    with subprocess.Popen([sys.executable, *arguments]) as attackers:
        try:
            yield
        finally:
            attackers.kill()


async def good_calls(deployment: Deployment, label: str, people: list[str], seconds: float) -> None:
    """Send good requests over keep-alive connections and over new ones."""
    budget = Budget(100_000, seconds)
    calls = deployment.workload.scores(people)
    await run_all(
        [
            *deployment.callers(CALLERS, label, calls, budget, pause=0.01),
            *deployment.callers(
                2, f"{label}, new connections", calls, budget, keeps=False, pause=0.05
            ),
        ]
    )


async def attack_connections(server: DatabaseServer, plan: Plan, result: Result) -> None:
    """Open one kind of hostile connections after the other, alongside valid requests."""
    async with server.deployment(result) as deployment:
        people = addresses("good", 20)
        await deployment.workload.seed(alone(people))
        await good_calls(deployment, "before", people, plan.seconds(SECONDS, 3))
        result.note("before")
        usual = result.tallies["before"].percentile(0.99)
        (instance,) = deployment.instances
        for name, number in KINDS.items():
            count = plan.count(number, least=5, most=4000)
            with hostile(name, count, instance.port):
                async with deployment.watched() as watch:
                    await good_calls(deployment, name, people, plan.seconds(SECONDS, 4, 60))
                began = time.monotonic()
                await instance.stop()
                took = time.monotonic() - began
            result.done["hostile connections"] += count
            _judge(result, name, watch.memory, usual)
            if took > (LENIENT_STOP_SECONDS if name in READERS else STOP_SECONDS):
                result.violations.append(f"{name}: {took:.0f} s from SIGTERM to exit")
            await instance.start()
        result.done["good requests"] = sum(each.asked for each in result.tallies.values())
        await deployment.finish()


def _judge(result: Result, name: str, memory: int, usual: float) -> None:
    for group in (name, f"{name}, new connections"):
        result.expect(group, "2xx")
        if refused := result.tallies[group].counts["refused"]:
            result.violations.append(f"{group}: {refused:,} connections of good callers refused")
    p99 = result.tallies[name].percentile(0.99)
    result.note(name, f"{name}: {memory} MB")
    if p99 > max(usual * SLOWER, LEAST_MILLISECONDS):
        result.violations.append(
            f"{name}: p99 of good requests {p99:.0f} ms, {usual:.0f} ms before"
        )
    if memory > MOST_MEMORY:
        result.violations.append(f"{name}: {memory} MB (at most {MOST_MEMORY})")


CONNECTIONS = Scenario(
    "connections", "hostile connections alongside valid requests", attack_connections
)
