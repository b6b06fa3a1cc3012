"""A small world in a real database: scorers, stamps that are really signed, and a clock to set."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import asyncpg

from passport_scorer.credentials.verdict_cache import VerdictCache
from passport_scorer.db.database import Database, DatabaseSettings
from passport_scorer.db.queries.loaded_scores import ScoringRequest
from passport_scorer.domain.human_points import PointsPolicy
from passport_scorer.domain.scoring import SavedScore, Snapshot
from passport_scorer.domain.stamps import StampPolicy
from passport_scorer.scoring.score_cache import ScoreCache
from passport_scorer.scoring.service import ScoringService
from passport_scorer.scoring.snapshots import Loaded, SnapshotLoader
from passport_scorer.telemetry import Telemetry
from passport_scorer.telemetry.metrics import NO_METRICS, Metrics
from passport_scorer.telemetry.traces import NO_TRACES
from passport_scorer.tools.demo.signing import issuer_did, sign_eip712

ISSUER_KEY = hashlib.sha256(b"the issuer of these tests").digest()
START = datetime(2030, 1, 1, tzinfo=UTC)
COMMUNITY = 7


def address(name: str) -> str:
    """Return an address that stands for a name."""
    return "0x" + hashlib.sha256(name.encode()).hexdigest()[:40]


class World:
    """The database of a test, with SQL of its own, so that it shares no mistakes."""

    def __init__(self, url: str, connection: Any) -> None:
        self.url = url
        self.connection = connection
        self.now = START

    async def add_community(
        self,
        community_id: int = COMMUNITY,
        *,
        weights: Mapping[str, str],
        threshold: str = "1",
        human_points: bool = False,
    ) -> None:
        """Add a community with a scorer, and the one account that all of them belong to."""
        await self.connection.execute(
            """
            WITH u AS (INSERT INTO auth_user VALUES
                (1, '!', NULL, false, 'test', '', '', '', false, true, now())
                ON CONFLICT DO NOTHING),
            a AS (INSERT INTO account_account VALUES (1, '0x', 1) ON CONFLICT DO NOTHING),
            s AS (INSERT INTO scorer_weighted_scorer VALUES ($1, 'WEIGHTED_BINARY', false)),
            w AS (INSERT INTO scorer_weighted_binaryweightedscorer VALUES ($1, $2, $3))
            INSERT INTO account_community
                (id, name, description, account_id, scorer_id, rule, human_points_program)
            VALUES ($1, $1::text, '', 1, $1, 'LIFO', $4)
            """,
            community_id,
            json.dumps(weights),
            Decimal(threshold),
            human_points,
        )

    async def set_weights(self, weights: Mapping[str, str], community_id: int = COMMUNITY) -> None:
        """Change the weights of a community's scorer."""
        await self.connection.execute(
            """UPDATE scorer_weighted_binaryweightedscorer SET weights = $2
            WHERE scorer_ptr_id = $1""",
            community_id,
            json.dumps(weights),
        )

    async def add_stamp(
        self,
        name: str,
        provider: str,
        nullifiers: Sequence[str],
        *,
        lasts: timedelta = timedelta(days=90),
    ) -> int:
        """Soft-delete the live stamp of a provider, store a new one, and return its id."""
        await self.delete_stamp(name, provider)
        credential = sign_eip712(
            ISSUER_KEY,
            address=address(name),
            provider=provider,
            nullifiers=nullifiers,
            issued_at=START - timedelta(days=1),
            expires_at=self.now + lasts,
        )
        row_id: int = await self.connection.fetchval(
            """INSERT INTO ceramic_cache_ceramiccache
                (address, provider, stamp, created_at, updated_at, type, compose_db_save_status,
                compose_db_stream_id, proof_value)
            VALUES ($1, $2, $3, now(), now(), 1, 'pending', '', $4) RETURNING id""",
            address(name),
            provider,
            json.dumps(credential),
            credential["proof"]["proofValue"],
        )
        return row_id

    async def delete_stamp(self, name: str, provider: str) -> None:
        """Soft-delete the live stamp of a provider, if there is one."""
        await self.connection.execute(
            """UPDATE ceramic_cache_ceramiccache SET deleted_at = clock_timestamp()
            WHERE address = $1 AND provider = $2 AND deleted_at IS NULL""",
            address(name),
            provider,
        )

    async def revoke_stamp(self, row_id: int) -> None:
        """Revoke a stamp."""
        await self.connection.execute(
            "INSERT INTO ceramic_cache_revocation (proof_value, ceramic_cache_id) VALUES ('', $1)",
            row_id,
        )

    async def rows(self, sql: str, *arguments: object) -> list[dict[str, Any]]:
        """Return the rows of any query."""
        return [dict(row) for row in await self.connection.fetch(sql, *arguments)]

    async def links(self, community_id: int = COMMUNITY) -> dict[str, tuple[str, datetime]]:
        """Return nullifier -> (address, expiry) of a community."""
        rows = await self.rows(
            "SELECT hash, address, expires_at FROM registry_hashscorerlink WHERE community_id = $1",
            community_id,
        )
        return {row["hash"]: (row["address"], row["expires_at"]) for row in rows}

    async def registered(self, name: str, community_id: int = COMMUNITY) -> list[str]:
        """Return the providers of a passport's registered stamps, sorted."""
        rows = await self.rows(
            """SELECT s.provider FROM registry_stamp s JOIN registry_passport p
            ON p.id = s.passport_id WHERE p.address = $1 AND p.community_id = $2
            ORDER BY s.provider""",
            address(name),
            community_id,
        )
        return [row["provider"] for row in rows]

    async def state(self) -> list[list[dict[str, Any]]]:
        """Return all rows that scoring leaves, except times, events and scores' timestamps."""
        queries = (
            "SELECT id, address, community_id FROM registry_passport ORDER BY id",
            "SELECT id, provider, passport_id, credential FROM registry_stamp ORDER BY id",
            """SELECT id, score, passport_id, status, error, evidence, stamp_scores, stamps,
            expiration_date FROM registry_score ORDER BY id""",
            "SELECT * FROM registry_hashscorerlink ORDER BY id",
            "SELECT id, address, action, tx_hash, provider FROM registry_humanpoints ORDER BY id",
            "SELECT * FROM registry_humanpointscommunityqualifiedusers ORDER BY id",
        )
        return [await self.rows(query) for query in queries]

    @asynccontextmanager
    async def scorer(
        self,
        *,
        points: PointsPolicy | None = None,
        multi_nullifier: bool = True,
        transaction_lock_timeout: float = 3.0,
        metrics: Metrics = NO_METRICS,
        trusts_copies: bool = True,
    ) -> AsyncIterator[Scorer]:
        """Give a scoring service of its own, as in another process."""
        database = Database(
            DatabaseSettings(self.url, transaction_lock_timeout=transaction_lock_timeout)
        )
        await database.open()
        policy = StampPolicy(frozenset({issuer_did(ISSUER_KEY)}), multi_nullifier)
        verdicts = VerdictCache(1_000_000, metrics, trusts_copies=trusts_copies)
        snapshots = SnapshotLoader(policy, verdicts)
        service = ScoringService(
            database,
            snapshots,
            ScoreCache(1_000_000),
            points or PointsPolicy(),
            lambda: self.now,
            Telemetry(metrics, NO_TRACES),
        )
        try:
            yield Scorer(self, service, database, snapshots)
        finally:
            await database.close()


class Scorer:
    """A scoring service, called with names instead of addresses."""

    def __init__(
        self,
        world: World,
        service: ScoringService,
        database: Database,
        snapshots: SnapshotLoader,
    ) -> None:
        self.service = service
        self.database = database
        self._world = world
        self._snapshots = snapshots

    async def load(self, *names: str, community_id: int = COMMUNITY) -> list[Loaded]:
        """Load the inputs of the scores of these people."""
        requests = [ScoringRequest(address(name), community_id=community_id) for name in names]
        return await asyncio.gather(*map(self.service.load, requests))

    async def snapshots(self, loaded: Sequence[Loaded]) -> list[Snapshot]:
        """Verify loaded inputs."""
        now = self._world.now
        return [await self._snapshots.snapshot(each, now=now) for each in loaded]

    async def save(self, loaded: Sequence[Loaded]) -> list[SavedScore]:
        """Verify, decide and save; the first failure is raised."""
        if len(loaded) == 1:
            return [await self.service.save(loaded[0])]
        scores = []
        for result in await self.service.saver.save_batch(await self.snapshots(loaded)):
            saved = await result if isinstance(result, asyncio.Future) else result
            if isinstance(saved, Exception):
                raise saved
            scores.append(saved.outcome.saved())
        return scores

    async def score(self, name: str, community_id: int = COMMUNITY) -> SavedScore:
        """Touch the score, or load, decide and save."""
        return await self.service.score(address(name), community_id)


def shown(saved: SavedScore) -> dict[str, dict[str, Any]]:
    """Return provider -> the stamp as responses show it."""
    stamps: dict[str, dict[str, Any]] = json.loads(saved.score.stamps)
    return stamps


def kept(saved: SavedScore) -> list[str]:
    """Return the providers that count."""
    return sorted(provider for provider, stamp in shown(saved).items() if not stamp["dedup"])


@asynccontextmanager
async def world(url: str) -> AsyncIterator[World]:
    """Connect to an empty database with our tables."""
    connection = await asyncpg.connect(url)
    try:
        yield World(url, connection)
    finally:
        await connection.close()
