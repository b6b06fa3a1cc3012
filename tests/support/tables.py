"""Tables of a database, read and changed from outside the service."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import asyncpg

LATER_SECONDS = 10
_numbers = itertools.count(1)


class Tables:
    """Reads and changes the tables of a database from outside the service."""

    def __init__(self, url: str) -> None:
        self.url = url

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        """A connection on which JSON is read and written as values."""
        connection = await asyncpg.connect(self.url)
        try:
            await connection.set_type_codec(
                "jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads
            )
            yield connection
        finally:
            await connection.close()

    async def rows(self, sql: str, *arguments: object) -> list[dict[str, Any]]:
        """Run a statement and return its rows."""
        async with self.connection() as connection:
            return [dict(row) for row in await connection.fetch(sql, *arguments)]

    async def value(self, sql: str, *arguments: object) -> Any:
        """Run a statement and return the only value that it yields."""
        async with self.connection() as connection:
            return await connection.fetchval(sql, *arguments)

    async def eventually(self, expected: object, sql: str, *arguments: object) -> None:
        """Wait until a statement yields this value; writes after the answer need some time."""
        deadline = time.monotonic() + LATER_SECONDS
        while (found := await self.value(sql, *arguments)) != expected:
            assert time.monotonic() < deadline, f"{found!r}, not {expected!r}: {sql}"
            await asyncio.sleep(0.02)

    async def usage(self, key: str, count: int) -> list[dict[str, Any]]:
        """The recorded calls of an API key, in their order, as soon as there are that many."""
        key_id = key_id_of(key)
        where = "FROM account_accountapikeyanalytics WHERE api_key_id = $1"
        await self.eventually(count, f"SELECT count(*) {where}", key_id)
        return await self.rows(f"SELECT * {where} ORDER BY created_at, id", key_id)

    async def registry(self) -> dict[str, int]:
        """Return the number of rows of each table that scoring writes."""
        tables = ("passport", "score", "stamp", "hashscorerlink", "event")
        return {
            table: await self.value(f"SELECT count(*) FROM registry_{table}") for table in tables
        }

    async def add_key(self, **columns: object) -> str:
        """Add an API key of account 1 and return it; `columns` differ from what is usual."""
        key = f"k{next(_numbers):06}.secret-{next(_numbers)}-that-nobody-else-knows"
        row = {
            "id": key_id_of(key),
            "prefix": key.partition(".")[0],
            "hashed_key": "pbkdf2_sha256$1$salt$bm90aGluZyBtYXRjaGVz",
            "hashed_key_sha256": sha256_hash(key),
            "created": datetime.now(UTC),
            "name": "acceptance",
            "revoked": False,
            "account_id": 1,
            "create_scorers": False,
            "read_scores": True,
            "submit_passports": False,
            "historical_endpoint": False,
            **{name: value(key) if callable(value) else value for name, value in columns.items()},
        }
        await self.insert("account_accountapikey", row)
        return key

    async def add_community(
        self, weights: Mapping[str, object] | None = None, **columns: object
    ) -> int:
        """Add a community of account 1 and return its id; its weights are the demo's, or these."""
        if weights is None:
            weights = await self.value(
                "SELECT weights FROM scorer_weighted_binaryweightedscorer WHERE scorer_ptr_id = 1"
            )
        scorer = await self.insert(
            "scorer_weighted_scorer",
            {"type": "WEIGHTED_BINARY", "exclude_from_weight_updates": False},
        )
        await self.insert(
            "scorer_weighted_binaryweightedscorer",
            {"scorer_ptr_id": scorer, "weights": weights, "threshold": Decimal(20)},
            returning="scorer_ptr_id",
        )
        name = f"community {next(_numbers)}"
        row = {
            "name": name,
            "description": name,
            "account_id": 1,
            "scorer_id": scorer,
            "rule": "LIFO",
            "human_points_program": False,
            **columns,
        }
        added: int = await self.insert("account_community", row)
        return added

    async def add_broken_community(self) -> int:
        """Add a community whose scores the database refuses to write, and return its id."""
        added = await self.add_community()
        await self.rows(f"ALTER TABLE registry_passport ADD CHECK (community_id <> {added})")
        return added

    async def add_stamp(self, address: str, credential: Mapping[str, Any]) -> None:
        """Put a credential into the stamp store."""
        await self.insert(
            "ceramic_cache_ceramiccache",
            {
                "address": address,
                "provider": credential["credentialSubject"]["provider"],
                "stamp": credential,
                "updated_at": datetime.now(UTC),
                "type": 1,
                "compose_db_save_status": "pending",
                "compose_db_stream_id": "",
                "proof_value": credential["proof"]["proofValue"],
            },
        )

    async def insert(self, table: str, row: Mapping[str, object], returning: str = "id") -> Any:
        """Insert a row and return its id."""
        places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
        sql = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places}) RETURNING {returning}"
        return await self.value(sql, *row.values())


def key_id_of(key: str) -> str:
    """The id of the row of an API key: of one of the demo's, or one that a test has added."""
    return f"{key.partition('.')[0]}.{'demo' if key.startswith('demokey') else 'test'}"


def sha256_hash(key: str) -> str:
    """Return the value of `hashed_key_sha256` for a key."""
    return "sha256$" + hashlib.sha256(key.encode()).hexdigest()
