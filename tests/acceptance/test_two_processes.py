"""Several processes on one database: everything stays correct under races."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from passport_scorer.tools.demo.signing import sign_eip712
from passport_scorer.tools.demo.world import DEMO_API_KEY, ETHEREUM_ISSUER_KEY

if TYPE_CHECKING:
    from tests.acceptance.conftest import Service, StartService, Tables

NOW = datetime.now(UTC)
WEIGHTS = {"Google": "1.11111", "Github": "2.5", "Discord": 0.3, "Ens": "0.000004"}
PROVIDERS = tuple(WEIGHTS)
ADDRESSES = [f"0x{number:040x}" for number in range(0xC0FFEE, 0xC0FFEE + 10)]
REQUESTS = 200


def nullifiers_of(person: int, provider: int) -> list[str]:
    """Two nullifiers of a stamp: one shared with the address before, one with the address after."""
    return [f"v{version}:{provider}:{(person + version) % 5}" for version in (0, 1)]


async def add_people(tables: Tables) -> int:
    """Give each address a stamp of each provider, and return the community to score them in."""
    for (person, address), (number, provider) in itertools.product(
        enumerate(ADDRESSES), enumerate(PROVIDERS)
    ):
        credential = sign_eip712(
            ETHEREUM_ISSUER_KEY,
            address=address,
            provider=provider,
            nullifiers=nullifiers_of(person, number),
            issued_at=NOW - timedelta(days=1),
            expires_at=NOW + timedelta(days=30 + person),
        )
        await tables.add_stamp(address, credential)
    return await tables.add_community(WEIGHTS)


async def ask_all(services: Sequence[Service], community: int) -> list[httpx.Response]:
    """Request the scores of all addresses repeatedly and concurrently."""
    turns = zip(
        range(REQUESTS), itertools.cycle(ADDRESSES), itertools.cycle(services), strict=False
    )
    return await asyncio.gather(
        *(service.score(address, community) for number, address, service in shuffled(turns))
    )


def shuffled(turns: Any) -> list[tuple[int, str, Service]]:
    """Return the same rounds in another order, so that each service gets each address."""
    return sorted(turns, key=lambda turn: turn[0] * 7919 % REQUESTS)


async def check_everything(tables: Tables, community: int, scores: int) -> None:
    """Check the invariants of deduplication and of stored rows, after this number of scores."""
    links = await tables.rows(
        "SELECT hash, address FROM registry_hashscorerlink WHERE community_id = $1", community
    )
    owner = {link["hash"]: link["address"] for link in links}
    assert len(owner) == len(links)
    stored = await tables.rows(
        """
        SELECT p.id, p.address, s.id AS score_id, s.score, s.evidence, s.stamp_scores, s.stamps,
            ARRAY(SELECT c.provider::text FROM registry_stamp c WHERE c.passport_id = p.id
                ORDER BY c.provider) AS copies
        FROM registry_passport p LEFT JOIN registry_score s ON s.passport_id = p.id
        WHERE p.community_id = $1
        """,
        community,
    )
    assert sorted(row["address"] for row in stored) == ADDRESSES
    counted_for: dict[str, set[str]] = defaultdict(set)
    for row in stored:
        check_score(row)
        person = ADDRESSES.index(row["address"])
        for number, provider in enumerate(PROVIDERS):
            nullifiers = nullifiers_of(person, number)
            # Every nullifier that ever counted has an owner.
            assert owner.keys() >= set(nullifiers)
            if not row["stamps"][provider]["dedup"]:
                for nullifier in nullifiers:
                    counted_for[nullifier].add(row["address"])
    assert all(addresses == {owner[hash_]} for hash_, addresses in counted_for.items())
    assert counted_for
    events = await tables.rows(
        "SELECT action, data FROM registry_event WHERE community_id = $1", community
    )
    computed = [event["data"]["pk"] for event in events if event["action"] == "SCU"]
    assert len(computed) == scores
    assert set(computed) == {row["score_id"] for row in stored}


def check_score(row: Mapping[str, Any]) -> None:
    """Check a score row against itself and its registered stamps."""
    assert row["stamps"].keys() == set(PROVIDERS)
    kept = sorted(provider for provider, stamp in row["stamps"].items() if not stamp["dedup"])
    assert row["copies"] == kept
    assert sorted(row["stamp_scores"]) == kept
    total = sum((Decimal(str(WEIGHTS[provider])) for provider in kept), Decimal(0))
    assert Decimal(row["evidence"]["rawScore"]) == total
    assert row["score"] == (1 if total >= 20 else 0)


async def test_two_services_on_one_database(
    demo_database_url: str, start_service: StartService
) -> None:
    """200 concurrent requests for addresses that share accounts: all responses are correct."""
    services = [
        await start_service(demo_database_url),
        await start_service(demo_database_url, DATABASE_POOL_SIZE="10"),
    ]
    tables = services[0].tables
    community = await add_people(tables)
    answers = await ask_all(services, community)
    assert {answer.status_code for answer in answers} == {200}
    for answer in answers:
        body = answer.json()
        kept = [provider for provider, stamp in body["stamps"].items() if not stamp["dedup"]]
        total = sum((Decimal(str(WEIGHTS[provider])) for provider in kept), Decimal(0))
        assert body["score"] == str(round(total, 5))
    await check_everything(tables, community, REQUESTS)
    await tables.usage(DEMO_API_KEY.key, REQUESTS)


async def test_two_workers(demo_database_url: str, start_service: StartService) -> None:
    """The same with one service of two worker processes."""
    service = await start_service(demo_database_url, "--workers", "2")
    community = await add_people(service.tables)
    answers = await ask_all([service], community)
    assert {answer.status_code for answer in answers} == {200}
    await check_everything(service.tables, community, REQUESTS)
    await service.tables.usage(DEMO_API_KEY.key, REQUESTS)


def processes() -> dict[int, int]:
    """Return the live processes of this machine: process ID -> parent's process ID."""
    if Path("/proc/self/stat").exists():
        found = {}
        for file in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                state, parent = file.read_text().rpartition(") ")[2].split()[:2]
                if state != "Z":
                    found[int(file.parent.name)] = int(parent)
        return found
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,state="], capture_output=True, text=True, check=True
    ).stdout
    rows = [line.split() for line in listed.splitlines()]
    return {int(number): int(parent) for number, parent, state in rows if state[0] != "Z"}


def workers_of(service: Service) -> list[int]:
    """Return the worker processes of a service."""
    parent = service.process.pid
    return [number for number, its_parent in processes().items() if its_parent == parent]


async def eventually(holds: Callable[[], bool]) -> None:
    """Wait for a condition; processes need some time to start or exit."""
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline, holds
        await asyncio.sleep(0.02)


async def test_a_worker_dies_under_load(
    demo_database_url: str, start_service: StartService
) -> None:
    """When a worker is killed, the service continues, and starts another one.

    Requests in flight in that worker are lost; later ones are not.
    """
    service = await start_service(demo_database_url, "--workers", "2")
    community = await add_people(service.tables)
    workers = workers_of(service)
    assert len(workers) == 2
    load = asyncio.gather(
        *(service.score(address, community) for address in ADDRESSES * 20), return_exceptions=True
    )
    computed = "SELECT count(*) > 20 FROM registry_event WHERE action = 'SCU'"
    await service.tables.eventually(True, computed)
    os.kill(workers[0], signal.SIGKILL)
    for outcome in await load:
        if not isinstance(outcome, httpx.TransportError):
            assert isinstance(outcome, httpx.Response)
            assert outcome.status_code == 200
    for address in ADDRESSES:
        # A connection that the dead worker had accepted is not used again.
        async with httpx.AsyncClient(base_url=service.base_url, trust_env=False) as client:
            answer = await client.get(
                f"/v2/stamps/{community}/score/{address}",
                headers={"X-API-Key": DEMO_API_KEY.key},
            )
            assert answer.status_code == 200
    await eventually(lambda: len(workers_of(service)) == 2)
    assert [event["process"] for event in service.events("worker_died")] == [workers[0]]
    computed = "SELECT count(*) FROM registry_event WHERE action = 'SCU'"
    await check_everything(service.tables, community, await service.tables.value(computed))


async def test_workers_end_with_their_parent(
    demo_database_url: str, start_service: StartService
) -> None:
    """Workers whose parent was killed exit, since no process could stop them."""
    service = await start_service(demo_database_url, "--workers", "2")
    workers = set(workers_of(service))
    assert len(workers) == 2
    service.process.kill()
    service.process.wait()
    try:
        await eventually(lambda: not workers & processes().keys())
    finally:
        for worker in workers & processes().keys():
            os.kill(worker, signal.SIGKILL)
        service.process.returncode = 0  # it is not expected to exit cleanly
