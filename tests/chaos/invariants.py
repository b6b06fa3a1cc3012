"""Invariants of the database, in SQL that shares no code with the service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.chaos.history import NO_ANSWER, RECORDED, History
from tests.chaos.workload import FORGED
from tests.support.tables import Tables

_COUNTED = """
    SELECT p.address, p.community_id, n.nullifier #>> '{}' AS nullifier
    FROM registry_stamp s
    JOIN registry_passport p ON p.id = s.passport_id,
        jsonb_path_query(s.credential, 'lax $.credentialSubject.nullifiers[*]') AS n(nullifier)
    WHERE p.address <> ALL($1)
"""

# Each query returns the number of violations; $1: addresses to leave out.
INVARIANTS: Mapping[str, str] = {
    "nullifiers counted for more than one address": f"""
        SELECT count(*) FROM (
            SELECT FROM ({_COUNTED}) c GROUP BY nullifier, community_id
            HAVING count(DISTINCT address) > 1
        ) twice""",
    "nullifiers counted for an address they are not linked to": f"""
        SELECT count(*) FROM ({_COUNTED}) c
        LEFT JOIN registry_hashscorerlink l
            ON l.hash = c.nullifier AND l.community_id = c.community_id
        WHERE l.address IS DISTINCT FROM c.address""",
    "scores that differ from registry_stamp": """
        SELECT count(*) FROM registry_score s JOIN registry_passport p ON p.id = s.passport_id
        WHERE p.address <> ALL($1) AND (
            ARRAY(SELECT key FROM jsonb_each(s.stamps) WHERE NOT (value ->> 'dedup')::boolean
                ORDER BY key)
            IS DISTINCT FROM
            ARRAY(SELECT provider::text FROM registry_stamp c WHERE c.passport_id = s.passport_id
                ORDER BY 1))""",
    "scores without their event": """
        SELECT count(*) FROM registry_score s JOIN registry_passport p ON p.id = s.passport_id
        WHERE p.address <> ALL($1) AND NOT EXISTS (
            SELECT FROM registry_event e
            WHERE e.action = 'SCU' AND e.address = p.address AND e.community_id = p.community_id
                AND e.data -> 'pk' = to_jsonb(s.id)
                AND (e.data #>> '{fields,evidence,rawScore}')::numeric
                    = (s.evidence ->> 'rawScore')::numeric
                AND (e.data #>> '{fields,last_score_timestamp}')::timestamptz
                    = date_trunc('milliseconds', s.last_score_timestamp))""",
    "passports without a score": """
        SELECT count(*) FROM registry_passport p WHERE p.address <> ALL($1)
            AND NOT EXISTS (SELECT FROM registry_score s WHERE s.passport_id = p.id)""",
    "forged stamps counted": f"""
        SELECT count(*) FROM ({_COUNTED}) c WHERE nullifier LIKE '{FORGED}%'""",
    "forged nullifiers linked": f"""
        SELECT count(*) FROM registry_hashscorerlink
        WHERE address <> ALL($1) AND hash LIKE '{FORGED}%'""",
    "capped actions above their cap": """
        SELECT count(*) FROM (
            SELECT FROM registry_humanpoints WHERE action IN ('MTA', 'MM2') AND address <> ALL($1)
            GROUP BY action HAVING count(*) > 5000
        ) beyond""",
    "calls with two usage rows": """
        SELECT count(*) - count(DISTINCT jsonb_path_query_first(query_params, 'lax $.call[0]'))
        FROM account_accountapikeyanalytics WHERE query_params ? 'call' AND $1::text[] IS NOT NULL
        """,
}

_TOLD_AND_NOT_COMMITTED = """
    SELECT count(*) FROM told t WHERE NOT EXISTS (
        SELECT FROM registry_event e
        WHERE e.action = 'SCU' AND e.address = t.address AND e.community_id = t.community_id
            AND (e.data #>> '{fields,last_score_timestamp}')::timestamptz
                = date_trunc('milliseconds', t.computed_at)
            AND round((e.data #>> '{fields,evidence,rawScore}')::numeric, 5) = t.raw)
"""
_RECORDED = """
    SELECT jsonb_path_query_first(query_params, 'lax $.call[0]') #>> '{}', status_code
    FROM account_accountapikeyanalytics WHERE query_params ? 'call'
"""


async def violated(tables: Tables, left_out: Sequence[str] = ()) -> list[str]:
    """Return a description of each violated invariant.

    Args:
        tables: the database.
        left_out: addresses whose rows the scenario wrote itself.
    """
    found = []
    async with tables.connection() as connection:
        for name, sql in INVARIANTS.items():
            if count := await connection.fetchval(sql, list(left_out)):
                found.append(f"{count:,} {name}")
    return found


class Comparison:
    """The differences between a history and the database.

    Attributes:
        violations: descriptions of what must not happen.
        lost: the number of answered calls without a usage row.
        in_doubt: the number of uploads that were stored but answered with 503.
    """

    def __init__(self) -> None:
        self.violations: list[str] = []
        self.lost = 0
        self.in_doubt = 0

    def add(self, count: int, what: str) -> None:
        """Add a violation unless `count` is 0."""
        if count:
            self.violations.append(f"{count:,} {what}")


async def compared(tables: Tables, history: History) -> Comparison:
    """Compare a history with the database."""
    result = Comparison()
    async with tables.connection() as connection:
        await _compare_scores(connection, history, result)
        await _compare_calls(connection, history, result)
        await _compare_uploads(connection, history, result)
    return result


async def _compare_scores(connection: Any, history: History, result: Comparison) -> None:
    await connection.execute(
        """CREATE TEMPORARY TABLE told (
            address text, community_id bigint, computed_at timestamptz, raw numeric)"""
    )
    await connection.copy_records_to_table("told", records=history.scores)
    await connection.execute("ANALYZE registry_event")
    lost = await connection.fetchval(_TOLD_AND_NOT_COMMITTED)
    result.add(lost, "answered scores that were never committed")


async def _compare_calls(connection: Any, history: History, result: Comparison) -> None:
    recorded = dict(await connection.fetch(_RECORDED))
    expected = {number: status for number, status in history.calls.items() if status in RECORDED}
    result.lost = len(expected.keys() - recorded.keys())
    others = sum(recorded.get(number, status) != status for number, status in expected.items())
    result.add(others, "usage rows with a status other than the response's")


async def _compare_uploads(connection: Any, history: History, result: Comparison) -> None:
    rows = await connection.fetch("SELECT proof_value FROM ceramic_cache_ceramiccache")
    stored = {row["proof_value"] for row in rows}
    parts = lost = 0
    for upload in history.uploads:
        count = sum(each in stored for each in upload.proof_values)
        parts += 0 < count < len(upload.proof_values)
        lost += upload.status == 201 and count == 0
        if count and upload.status not in (201, NO_ANSWER):
            if upload.status == 503:
                result.in_doubt += 1
            else:
                result.add(1, f"uploads stored despite status {upload.status}")
    result.add(parts, "uploads stored in part")
    result.add(lost, "uploads accepted but not stored")
