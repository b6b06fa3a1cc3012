"""The same score with the usual design: one statement after another.

A fair comparison: the same libraries, HTTP server, tables, indexes, signature check and rules
as the service, prepared statements, and several rows per statement. The differences are:

- each row is fetched when it is needed: 26 round trips, one after another;
- stamps are deleted and inserted, and links and the score written, even if nothing has changed;
- every signature is checked on every request;
- the usage is recorded before the response is sent.

`DATABASE_URL=… uvicorn benchmarks.sequential:application` runs it.
"""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import asyncpg
import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks import sequential_statements as sql
from benchmarks.stamps import TRUSTED_ISSUER
from passport_scorer.api.http.responses import json_response
from passport_scorer.api.schemas.score import score_response
from passport_scorer.auth.key_hashes import matches_sha256_hash
from passport_scorer.credentials.verifier import verify
from passport_scorer.domain.community import Community, read_weights
from passport_scorer.domain.deduplication import Link
from passport_scorer.domain.human_points import PointsPolicy
from passport_scorer.domain.scoring import Outcome, Passport, Snapshot, decide
from passport_scorer.domain.stamps import StampPolicy, StoredStamp, examine
from passport_scorer.domain.timestamps import event_time
from passport_scorer.telemetry.logger import log
from passport_scorer.telemetry.logs import configure_logs

POOL_SIZE = 8  # connections of a worker
_POLICY = StampPolicy(frozenset({TRUSTED_ISSUER}))
_JSON = msgspec.json.Encoder()


async def get_score(request: Request) -> Response:
    """Score an address in a community of the caller's account, and record the result."""
    began = time.perf_counter()
    presented = request.headers["x-api-key"]
    address = request.path_params["address"].lower()
    async with request.app.state.pool.acquire() as connection:
        key = await connection.fetchrow(sql.KEY, presented.partition(".")[0])
        if key is None or not matches_sha256_hash(presented, key["hashed_key_sha256"]):
            return Response(status_code=401)
        account = await connection.fetchrow(sql.ACCOUNT, key["account_id"])
        user = await connection.fetchrow(sql.USER, account["user_id"])
        if not user["is_active"]:
            return Response(status_code=401)
        community = await _community(connection, request.path_params["scorer_id"], account["id"])
        async with connection.transaction():
            outcome = await _score(connection, community, address)
        response = json_response(score_response(outcome.saved(), with_points=False))
        await _record_usage(connection, request, key["id"], response)
    duration = round((time.perf_counter() - began) * 1000, 2)
    log.info("request", method="GET", status=200, duration_ms=duration, address=address)
    return response


async def health(_request: Request) -> Response:
    """Serve until the process stops."""
    return Response()


async def _community(connection: Any, scorer_id: str, account_id: int) -> Any:
    by_external_id = await connection.fetchrow(sql.COMMUNITY_BY_EXTERNAL_ID, scorer_id, account_id)
    return by_external_id or await connection.fetchrow(sql.COMMUNITY, int(scorer_id), account_id)


async def _score(connection: Any, row: Any, address: str) -> Outcome:
    passport_id = await connection.fetchval(
        sql.LOCK_PASSPORT, address, row["id"]
    ) or await connection.fetchval(sql.NEW_PASSPORT, address, row["id"])
    score_id = await connection.fetchval(sql.SCORE, passport_id) or await connection.fetchval(
        sql.NEW_SCORE, passport_id
    )
    await connection.execute(sql.MARK_AS_PROCESSING, score_id)
    community = await _with_weights(connection, row)
    rows = await _live_stamps(connection, address)
    stamps = _verified(rows)
    links = await _links(connection, community, stamps)
    examined = tuple(examine(stamp, address, _POLICY) for stamp in stamps)
    snapshot = Snapshot(address, community, Passport(passport_id, score_id), examined, links)
    now = datetime.now(UTC)
    outcome = decide(snapshot, now, PointsPolicy())
    await _write_links(connection, outcome)
    await _rewrite_stamps(connection, outcome, passport_id, rows)
    await connection.fetch(sql.SCORED_STAMPS, passport_id)
    await _write_score(connection, outcome, passport_id, score_id)
    await connection.execute(sql.MARK_AS_CALCULATED, passport_id)
    return outcome


async def _with_weights(connection: Any, row: Any) -> Community:
    scorer = await connection.fetchrow(sql.SCORER, row["scorer_id"])
    table = sql.BINARY_SCORER if scorer["type"] == "WEIGHTED_BINARY" else sql.WEIGHTED_SCORER
    weighted = await connection.fetchrow(table, scorer["id"])
    weights: Mapping[str, Decimal] = read_weights(weighted["weights"]).usable
    customization = await connection.fetchrow(sql.CUSTOMIZATION, row["id"])
    if customization:
        allowed = await connection.fetch(sql.ALLOW_LISTS, customization["id"])
        weights = {**weights, **{f"AllowList#{each['name']}": each["weight"] for each in allowed}}
    return Community(row["id"], weights, weighted["threshold"], row["human_points_program"])


async def _live_stamps(connection: Any, address: str) -> list[Any]:
    rows = await connection.fetch(sql.STAMPS, address)
    revoked = await connection.fetch(sql.REVOCATIONS, [row["id"] for row in rows])
    left_out = {row["ceramic_cache_id"] for row in revoked}
    return [row for row in rows if row["id"] not in left_out]


def _verified(rows: Sequence[Any]) -> tuple[StoredStamp, ...]:
    now = datetime.now(UTC)
    return tuple(
        StoredStamp(row["id"], "", row["provider"], verify(row["stamp"], now), None) for row in rows
    )


async def _links(
    connection: Any, community: Community, stamps: Sequence[StoredStamp]
) -> dict[str, Link]:
    nullifiers = [
        nullifier
        for stamp in stamps
        if stamp.credential
        for nullifier in stamp.credential.nullifiers
    ]
    rows = await connection.fetch(sql.LINKS, community.id, nullifiers)
    return {row["hash"]: Link(row["hash"], row["address"], row["expires_at"]) for row in rows}


async def _write_links(connection: Any, outcome: Outcome) -> None:
    """Claim the nullifiers of all kept stamps, and check that the address owns them now."""
    snapshot = outcome.snapshot
    claims = {n: stamp.expires_at for stamp in outcome.assessment.kept for n in stamp.nullifiers}
    if not claims:
        return
    hashes, expiries = list(claims), list(claims.values())
    await connection.execute(
        sql.CLAIM, hashes, snapshot.address, snapshot.community.id, expiries, datetime.now(UTC)
    )
    owners = await connection.fetch(sql.LINKS, snapshot.community.id, hashes)
    if any(row["address"] != snapshot.address for row in owners):
        raise RuntimeError("Another address was faster.")


async def _rewrite_stamps(
    connection: Any, outcome: Outcome, passport_id: int, rows: Sequence[Any]
) -> None:
    kept = {stamp.source.row_id for stamp in outcome.assessment.kept}
    wanted = [row for row in rows if row["id"] in kept]
    await connection.execute(sql.DELETE_STAMPS, passport_id)
    await connection.execute(
        sql.INSERT_STAMPS,
        passport_id,
        [row["provider"] for row in wanted],
        [row["stamp"] for row in wanted],
    )


async def _write_score(connection: Any, outcome: Outcome, passport_id: int, score_id: int) -> None:
    score, snapshot = outcome.score, outcome.snapshot
    now, record = outcome.computed_at, outcome.assessment.record
    await connection.execute(
        sql.WRITE_SCORE,
        score_id,
        Decimal(score.binary),
        now,
        score.expires_at,
        record.evidence,
        record.stamp_scores,
        record.stamps,
    )
    fields = {
        "passport": passport_id,
        "score": str(score.binary),
        "last_score_timestamp": event_time(now),
        "status": "DONE",
        "error": None,
        "evidence": msgspec.Raw(record.evidence),
        "stamp_scores": msgspec.Raw(record.stamp_scores),
        "stamps": msgspec.Raw(record.stamps),
        "expiration_date": score.expires_at and event_time(score.expires_at),
    }
    event = _json({"model": "registry.score", "pk": score_id, "fields": fields})
    await connection.execute(sql.EVENT, snapshot.address, now, snapshot.community.id, event)


async def _record_usage(connection: Any, request: Request, key_id: str, response: Response) -> None:
    path = request.url.path
    segments = [segment for segment in path.split("/") if segment]
    await connection.execute(
        sql.USAGE,
        key_id,
        datetime.now(UTC),
        path,
        segments[0],
        _json(segments),
        _json(dict(request.query_params)),
        _json({name: "***" if "key" in name else text for name, text in request.headers.items()}),
        bytes(response.body).decode(),
        response.status_code,
    )


def _json(value: object) -> str:
    return _JSON.encode(value).decode()


@asynccontextmanager
async def _with_pool(application: Starlette) -> AsyncIterator[None]:
    configure_logs(environment="benchmark", readable=False)
    async with asyncpg.create_pool(
        os.environ["DATABASE_URL"],
        min_size=POOL_SIZE,
        max_size=POOL_SIZE,
        server_settings={"jit": "off"},
    ) as pool:
        application.state.pool = pool
        yield


application = Starlette(
    routes=[
        Route("/health", health),
        Route("/v2/stamps/{scorer_id}/score/{address}", get_score),
    ],
    lifespan=_with_pool,
)
