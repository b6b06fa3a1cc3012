"""The service behind PgBouncer in transaction mode: each transaction gets a different session."""

from __future__ import annotations

import asyncio
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from passport_scorer.db.database import Database, DatabaseSettings
from passport_scorer.db.errors import QueryFailed, ValueRefused, WriteConflict
from passport_scorer.db.queries.nonces import insert_nonce
from passport_scorer.db.statement import Query
from passport_scorer.tools.demo.signing import sign_eip712
from passport_scorer.tools.demo.world import ETHEREUM_ISSUER_KEY, PEOPLE
from tests.support.pgbouncer import PROGRAM, PgBouncer

if TYPE_CHECKING:
    from tests.acceptance.conftest import Service, StartService

SECRET = "a secret of this test, which is long enough"
OFF = {"DATABASE_PREPARED_STATEMENTS": "off"}

pytestmark = pytest.mark.skipif(
    PROGRAM is None, reason="PgBouncer is missing: apt-get install pgbouncer"
)


class StartPgBouncer(Protocol):
    """Start a PgBouncer with this number of connections that ignores these start-up parameters."""

    def __call__(self, database_url: str, pool_size: int, ignored: str = "") -> PgBouncer: ...


@pytest.fixture
def pgbouncer() -> Iterator[StartPgBouncer]:
    """Starts a PgBouncer with this number of connections to a database."""
    started: list[PgBouncer] = []
    with tempfile.TemporaryDirectory(prefix="passport-scorer-tests-") as folder:
        Path(folder).chmod(0o755)

        def start(database_url: str, pool_size: int, ignored: str = "") -> PgBouncer:
            bouncer = PgBouncer(Path(folder), database_url, pool_size, ignored)
            started.append(bouncer)
            bouncer.start()
            return bouncer

        yield start
        for bouncer in started:
            bouncer.stop()


@asynccontextmanager
async def opened(url: str, *, pool_size: int) -> AsyncIterator[Database]:
    """A pool without prepared statements."""
    database = Database(DatabaseSettings(url, pool_size=pool_size, prepared_statements=False))
    await database.open()
    try:
        yield database
    finally:
        await database.close()


class Number(msgspec.Struct, frozen=True):
    """A parameter and a result of a statement."""

    number: int


class Texts(msgspec.Struct, frozen=True):
    """A result of a statement."""

    texts: list[str]


def statement(sql: str, row: Any = Number) -> Query[Number, Any]:
    """Return a test statement that takes a number."""
    query: Query[Number, Any] = Query("of_a_test", Number, row, register=False)
    query.__dict__["sql"] = sql
    return query


ECHO = statement("SELECT $1::bigint AS number")
# Both have the same types: confused with each other, they would return wrong results.
NEGATE = statement("SELECT -$1::bigint AS number")
ARRAY = statement("SELECT ARRAY[$1::bigint::text, 'x'] AS texts", Texts)


@pytest.mark.parametrize("connections", [1, 2, 3])
async def test_statements_are_not_mixed_up(
    database_url: str, pgbouncer: StartPgBouncer, connections: int
) -> None:
    """No matter how few sessions clients share, each gets the result of its own statement."""
    bouncer = pgbouncer(database_url, connections)
    async with opened(bouncer.url, pool_size=8) as database:

        async def ask(number: int) -> None:
            for turn in range(20):
                value = number * 1000 + turn
                kind = (number + turn) % 3
                if kind == 0:
                    assert await database.fetch(ECHO, Number(value)) == [Number(value)]
                elif kind == 1:
                    assert await database.read(NEGATE, Number(value)) == [Number(-value)]
                else:
                    expected = [Texts([str(value), "x"])]
                    assert await database.read(ARRAY, Number(value)) == expected

        await asyncio.gather(*(ask(number) for number in range(1, 41)))


REFUSED = statement("SELECT count(*) AS number FROM registry_score WHERE id = $1::int")


async def test_a_value_that_is_refused_gives_the_session_back(
    database_url: str, pgbouncer: StartPgBouncer
) -> None:
    """A statement that ends before its values are sent holds no session and no locks."""
    bouncer = pgbouncer(database_url, 1)
    async with (
        opened(bouncer.url, pool_size=1) as one,
        opened(bouncer.url, pool_size=1) as other,
    ):
        for _ in range(3):
            with pytest.raises(ValueRefused):
                await one.fetch(REFUSED, Number(2**40))
            assert await other.fetch(ECHO, Number(1)) == [Number(1)]


async def test_transactions_and_refused_values(
    database_url: str, pgbouncer: StartPgBouncer
) -> None:
    """A transaction is one transaction; a failure affects neither other work nor other clients."""
    bouncer = pgbouncer(database_url, 1)
    now = datetime.now(UTC)
    async with opened(bouncer.url, pool_size=4) as database:

        async def add(nonce: str, *, fails: bool) -> None:
            async with database.transaction() as connection:
                await insert_nonce(connection, nonce, created_on=now, expires_on=now)
                if fails:
                    await connection.fetch(FAIL, Number(0))

        results = await asyncio.gather(
            *(add(f"{number:060}", fails=number % 2 == 0) for number in range(20)),
            return_exceptions=True,
        )
        assert [type(result) for result in results] == [QueryFailed, type(None)] * 10
        assert await database.fetch(COUNT_NONCES, Number(0)) == [Number(10)]
        with pytest.raises(WriteConflict):
            await add(f"{1:060}", fails=False)


FAIL = statement("SELECT nothing AS number FROM nowhere WHERE $1::bigint = 0")
COUNT_NONCES = statement("SELECT count(*) + $1::bigint AS number FROM account_nonce")


PARAMETERS = (
    "jit,plan_cache_mode,enable_seqscan,enable_bitmapscan,"
    "statement_timeout,lock_timeout,idle_in_transaction_session_timeout"
)


class Limits(msgspec.Struct, frozen=True):
    """Return the lock timeout of a statement."""

    lock_timeout: str


@pytest.mark.parametrize(("ignored", "why"), [("", "refused"), (PARAMETERS, "ignored")])
async def test_start_up_parameters_that_the_proxy_does_not_take(
    demo_database_url: str,
    start_service: StartService,
    pgbouncer: StartPgBouncer,
    ignored: str,
    why: str,
) -> None:
    """A service that does not know of the proxy detects it, logs it once, and keeps its limits."""
    bouncer = pgbouncer(demo_database_url, 2, ignored)
    service = await start_service(bouncer.url)
    for person in PEOPLE:
        assert (await service.score(person.name)).status_code == 200
    (event,) = service.events("database_pooler_detected")
    assert event["reason"] == why
    assert not service.events("database_unavailable")
    database = Database(DatabaseSettings(bouncer.url))
    limit = statement(
        "SELECT current_setting('lock_timeout') AS lock_timeout WHERE $1::bigint = 0", Limits
    )
    for _ in range(3):
        assert await database.fetch(limit, Number(0)) == [Limits("500ms")]
    await database.close()


def owner(address: str) -> dict[str, str]:
    """Return the headers of an owner of an address."""
    claims = {
        "token_type": "access",
        "did": f"did:pkh:eip155:1:{address}",
        "exp": int(time.time()) + 600,
        "iat": int(time.time()),
        "jti": "test",
    }
    key = OctKey.import_key(SECRET)
    return {"Authorization": f"Bearer {jwt.encode({'alg': 'HS256'}, claims, key)}"}


@pytest.mark.parametrize("connections", [1, 2])
async def test_everything_at_once(
    demo_database_url: str,
    start_service: StartService,
    pgbouncer: StartPgBouncer,
    connections: int,
) -> None:
    """Two services behind a proxy with one or two sessions: all responses are correct."""
    bouncer = pgbouncer(demo_database_url, connections)
    settings = {**OFF, "CERAMIC_CACHE_SCORER_ID": "1", "JWT_SECRET": SECRET}
    services = [await start_service(bouncer.url, **settings) for _ in range(2)]
    expected = {
        person.name: (await services[0].score(person.name)).json()["score"] for person in PEOPLE
    }

    # On a busy machine, more would wait longer than requests can.
    at_once = asyncio.Semaphore(8)

    async def score(service: Service, name: str) -> None:
        async with at_once:
            answer = await service.score(name)
        assert answer.status_code == 200, service.events("database_unavailable")
        assert answer.json()["score"] == expected[name]

    async def store(service: Service, number: int) -> None:
        address = f"0x{number + 0xC0FFEE:040x}"
        stamp = sign_eip712(
            ETHEREUM_ISSUER_KEY,
            address=address,
            provider="Google",
            nullifiers=[f"v0.0.0:{number}"],
            issued_at=datetime.now(UTC) - timedelta(days=1),
            expires_at=datetime.now(UTC) + timedelta(days=30),
        )
        body = [{"provider": "Google", "stamp": stamp}]
        async with at_once:
            answer = await service.client.post(
                "/ceramic-cache/stamps/bulk", json=body, headers=owner(address)
            )
        assert answer.status_code == 201, answer.text
        assert [shown["provider"] for shown in answer.json()["stamps"]] == ["Google"]

    turns = [score(service, name) for _ in range(5) for service in services for name in expected]
    turns += [store(services[number % 2], number) for number in range(30)]
    await asyncio.gather(*turns)
    assert not [event for service in services for event in service.events("request_failed")]


async def test_a_restart_under_load(
    demo_database_url: str, start_service: StartService, pgbouncer: StartPgBouncer
) -> None:
    """While the proxy restarts, failures are 503 only; then the service recovers."""
    bouncer = pgbouncer(demo_database_url, 2)
    service = await start_service(bouncer.url, **OFF)
    over = asyncio.Event()
    statuses: set[int] = set()

    async def load(name: str) -> None:
        while not over.is_set():
            statuses.add((await service.score(name)).status_code)

    async with asyncio.TaskGroup() as group:
        for person in PEOPLE:
            group.create_task(load(person.name))
        for number in (signal.SIGTERM, signal.SIGKILL):
            await asyncio.sleep(0.3)
            bouncer.stop(number)
            while True:
                if await service.health() != 200:
                    break
            bouncer.start()
            await service.healthy_again()
        over.set()
    assert statuses == {200, 503}
    for person in PEOPLE:
        assert (await service.score(person.name)).status_code == 200
    assert not service.events("request_failed")
