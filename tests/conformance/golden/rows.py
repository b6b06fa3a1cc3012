"""The rows that the recorded exchanges leave, in a normal form, and those of a database."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from tests.conformance.golden.answers import EVENT_TIME, Json, kind, show


class Database:
    """Reads rows as JSON through psql, without code of the service."""

    def __init__(self, url: str, psql: str) -> None:
        self.url, self.psql = url, psql

    def run(self, *args: str, stdin: str | None = None) -> str:
        command = [self.psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", self.url, *args]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"psql failed: {done.stderr.strip()}")
        return done.stdout

    def rows(self, sql: str) -> list[Json]:
        text = self.run("-At", "-c", f"select coalesce(json_agg(t), '[]') from ({sql}) t")
        rows: list[Json] = json.loads(text)
        return rows


# One query per table: no surrogate ids, times as <time>, everything else as stored.
# A time that can be anything but null is <time>; ISO text inside JSON is normalized below.
TIME = "case when {0} is null then null else '<time>' end as {0}"
UTC = "to_char({0} at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') as {0}"
TABLES: dict[str, str] = {
    "registry_passport": """
        select address, community_id, requires_calculation from registry_passport""",
    "registry_score": f"""
        select p.address, p.community_id, s.score::text as score, s.status, s.error, s.evidence,
               s.stamp_scores, s.stamps, {UTC.format("expiration_date")},
               {TIME.format("last_score_timestamp")}
        from registry_score s join registry_passport p on p.id = s.passport_id""",
    "registry_stamp": """
        select p.address, p.community_id, s.provider, md5(s.credential::text) as credential_md5,
               coalesce(s.credential->'proof'->>'proofValue', s.credential->'proof'->>'jws') proof
        from registry_stamp s join registry_passport p on p.id = s.passport_id""",
    "registry_hashscorerlink": f"""
        select hash, address, community_id, {UTC.format("expires_at")}
        from registry_hashscorerlink""",
    "registry_event": f"""
        select action, address, community_id, {TIME.format("created_at")}, data
        from registry_event""",
    "registry_humanpoints": f"""
        select address, action, chain_id, provider, tx_hash, {TIME.format("timestamp")}
        from registry_humanpoints""",
    "registry_humanpointscommunityqualifiedusers": """
        select address, community_id from registry_humanpointscommunityqualifiedusers""",
    "ceramic_cache_ceramiccache": f"""
        select address, provider, type, proof_value, md5(stamp::text) as stamp_md5,
               compose_db_save_status, compose_db_stream_id, source_app, source_scorer_id,
               {UTC.format("issuance_date")}, {UTC.format("expiration_date")},
               {TIME.format("created_at")}, {TIME.format("updated_at")}, {TIME.format("deleted_at")}
        from ceramic_cache_ceramiccache""",
    "account_accountapikeyanalytics": """
        select api_key_id, path, status_code, error, response_skipped
        from account_accountapikeyanalytics""",
    "account_accountapikey": """
        select prefix, hashed_key_sha256 is not null as migrated from account_accountapikey""",
    "account_nonce": "select nonce, was_used from account_nonce where expires_on > '2090-01-01'",
}


def normal_row(table: str, row: Json) -> Json:
    """Return the order-independent normal form of a row (see README.md)."""
    if table == "registry_event" and row["action"] == "SCU":
        fields = row["data"].get("fields")
        if fields is not None and "pk" in row["data"]:
            row["data"]["pk"] = fields["passport"] = "<id>"
            when = fields.get("last_score_timestamp")
            if isinstance(when, str) and EVENT_TIME.fullmatch(when):
                fields["last_score_timestamp"] = "<time>"
    if table == "account_accountapikeyanalytics" and row["status_code"] == 429:
        row["error"] = "<text>"
    for score in (row, (row.get("data") or {}).get("fields") or {}):
        if isinstance(score.get("stamp_scores"), dict):  # 1 and 1.0 are the same number
            score["stamp_scores"] = {k: as_float(v) for k, v in score["stamp_scores"].items()}
        if isinstance(score.get("evidence"), dict):
            for name in ("rawScore", "threshold"):
                score["evidence"][name] = normal_decimal(score["evidence"].get(name))
    return row


def as_float(value: Any) -> Any:
    """Return a number as a float, so that 1 and 1.0 are written alike."""
    return float(value) if kind(value) == "number" else value


def normal_decimal(value: Any) -> Any:
    """'20.00000' and '20' are the same number; binary noise of 1e-12 and less is dropped."""
    try:
        number = round(Decimal(str(value)), 12)
    except InvalidOperation:
        return value
    return f"{number:f}".rstrip("0").rstrip(".") if isinstance(value, str) else value


def read_rows(database: Database, tables: list[str]) -> dict[str, list[Json]]:
    """Return the rows of tables in their normal form."""
    return {t: sorted_rows(normal_row(t, r) for r in database.rows(TABLES[t])) for t in tables}


def sorted_rows(rows: Any) -> list[Json]:
    """Return rows in one order."""
    return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))


def is_compared(row: Json, ignored: list[Json]) -> bool:
    """Omits rows that match an entry of rows.json's "ignored" (column -> regular expression)."""
    return not any(
        all(re.fullmatch(str(v), str(row.get(k))) for k, v in pattern.items())
        for pattern in ignored
    )


def compare_rows(expected: Json, database: Database) -> dict[str, list[str]]:
    """Return the differences per table, as readable lines."""
    result = {}
    for table, wanted in expected["tables"].items():
        wanted = wanted + expected.get("overruled", {}).get(table, [])
        ignored = expected.get("ignored", {}).get(table, [])
        wanted = [row for row in wanted if is_compared(row, ignored)]

        def differences(
            table: str = table, wanted: list[Json] = wanted, ignored: list[Json] = ignored
        ) -> list[str]:
            rows = read_rows(database, [table])[table]
            return row_differences(wanted, [row for row in rows if is_compared(row, ignored)])

        result[table] = settled(differences)
    return result


def settled(differences: Callable[[], list[str]]) -> list[str]:
    """Retries for up to five seconds, because some rows are written after the response."""
    deadline = time.monotonic() + 5
    while (found := differences()) and time.monotonic() < deadline:
        time.sleep(0.25)
    return found


def row_differences(wanted: list[Json], got: list[Json]) -> list[str]:
    """Return the rows of one list that the other lacks, as readable lines."""

    def text(row: Json) -> str:
        return json.dumps(row, sort_keys=True)

    left, right = list(map(text, wanted)), list(map(text, got))
    missing, extra = multiset_minus(left, right), multiset_minus(right, left)
    return [f"missing row: {r}" for r in missing] + [f"unexpected row: {r}" for r in extra]


def multiset_minus(left: list[str], right: list[str]) -> list[str]:
    """Return the items of the first list that remain after removing those of the second."""
    return sorted((Counter(left) - Counter(right)).elements())


def check_then(checks: list[Json], database: Database) -> Iterator[str]:
    """Return the differences of rows that an exchange must write immediately."""
    for check in checks:

        def differences(check: Json = check) -> list[str]:
            got = sorted_rows(database.rows(check["sql"]))
            if got == sorted_rows(check["rows"]):
                return []
            return [f"{check['sql']}: expected {show(check['rows'], 400)}, got {show(got, 400)}"]

        yield from settled(differences)
