"""Rows of addresses that make a database large, and are never requested.

Made by SQL: signing a million stamps takes minutes, and scoring as many addresses takes hours. The
number of rows and their keys are those of scored addresses. Documents are empty, so that tables
are smaller than they would be; no request reads these rows.
"""

from __future__ import annotations

import asyncio
from typing import Any

from benchmarks.database import connected, run
from benchmarks.stamps import Advance
from passport_scorer.tools.demo.world import DEMO_SCORER_ID

_STAMPS = 10
_ADDRESSES_AT_ONCE = 20_000
_FILL = """
WITH address AS MATERIALIZED (
    SELECT n, '0x' || encode(substr(sha256(('filler ' || n)::bytea), 1, 20), 'hex') AS address
    FROM generate_series($1::integer, $2::integer) AS n
), stamp AS MATERIALIZED (
    SELECT
        address.address,
        provider.name AS provider,
        sha256((address.address || provider.name)::bytea) AS digest
    FROM address
    CROSS JOIN LATERAL (
        SELECT 'BenchmarkProvider' || lpad(i::text, 3, '0') AS name
        FROM generate_series(0, $3::integer - 1) AS i
    ) AS provider
), stored AS (
    INSERT INTO ceramic_cache_ceramiccache (
        address, provider, stamp, created_at, updated_at, type, compose_db_save_status,
        compose_db_stream_id, issuance_date, expiration_date, proof_value, source_app,
        source_scorer_id
    )
    SELECT
        address, provider, '{}', now(), now(), 1, 'pending', '', now(), now() + '90 days',
        '0x' || encode(digest || digest, 'hex') || '1b', 1, 1
    FROM stamp
), passport AS (
    INSERT INTO registry_passport (address, community_id)
    SELECT address, $4 FROM address
    RETURNING id, address
), registered AS (
    INSERT INTO registry_stamp (passport_id, provider, credential)
    SELECT passport.id, stamp.provider, '{}'
    FROM passport
    JOIN stamp USING (address)
), link AS (
    INSERT INTO registry_hashscorerlink (hash, address, community_id, expires_at)
    SELECT
        version.name || ':' || encode(sha256(stamp.digest || version.name::bytea), 'base64'),
        stamp.address, $4, now() + '90 days'
    FROM stamp
    CROSS JOIN (VALUES ('v0.0.0'), ('v1')) AS version (name)
    ORDER BY 1
), score AS (
    INSERT INTO registry_score (passport_id, score, status, last_score_timestamp, expiration_date)
    SELECT id, 1, 'DONE', now(), now() + '90 days' FROM passport
)
INSERT INTO registry_event (action, address, created_at, community_id, data)
SELECT 'SCU', address, now(), $4, '{}' FROM address
"""
# Indexes that no constraint needs; they are made afterward, which is several times faster.
_PLAIN_INDEXES = """
    SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
    FROM pg_index AS i
    WHERE i.indrelid::regclass::text = ANY ($1)
        AND NOT EXISTS (SELECT FROM pg_constraint AS c WHERE c.conindid = i.indexrelid)
"""
_TABLES = [
    "ceramic_cache_ceramiccache",
    "registry_event",
    "registry_hashscorerlink",
    "registry_passport",
    "registry_score",
    "registry_stamp",
]


def add_filler(url: str, numbers: range, advance: Advance) -> None:
    """Add addresses with ten stamps each, and with a score, to a database without sessions.

    Args:
        url: the URL of the database; it is vacuumed and analyzed at the end.
        numbers: the numbers of the addresses, which are not those of `stamps.address_of`.
        advance: called with the number of further addresses done.
    """
    asyncio.run(_add(url, numbers, advance))


async def _add(url: str, numbers: range, advance: Advance) -> None:
    async with connected(url) as connection:
        for setting in (
            "session_replication_role = replica",  # without checks of foreign keys
            "synchronous_commit = off",
            "maintenance_work_mem = '512MB'",
            "work_mem = '256MB'",
        ):
            await connection.execute(f"SET {setting}")
        indexes = await connection.fetch(_PLAIN_INDEXES, _TABLES)
        for name, _ in indexes:
            await connection.execute(f"DROP INDEX {name}")
        await _insert(connection, numbers, advance)
        for _, definition in indexes:
            await connection.execute(definition)
    await run(url, "VACUUM (ANALYZE)", "CHECKPOINT")


async def _insert(connection: Any, numbers: range, advance: Advance) -> None:
    for first in range(numbers.start, numbers.stop, _ADDRESSES_AT_ONCE):
        last = min(first + _ADDRESSES_AT_ONCE, numbers.stop) - 1
        await connection.execute(_FILL, first, last, _STAMPS, DEMO_SCORER_ID)
        advance(last - first + 1)
