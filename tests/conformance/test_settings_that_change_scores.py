"""Every setting that changes scores, on the reference deployment's rows, against a plain model.

The exchanges were recorded with one combination of settings. Here each other one is compared
with a second implementation of scoring.md: addresses and communities in random order. More
users with stamps of few nullifiers are added, so that many clash.
"""

from __future__ import annotations

import hashlib
import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from passport_scorer.app import running_services
from passport_scorer.settings.environment import read_settings
from passport_scorer.settings.model import Settings
from passport_scorer.tools.demo.signing import issuer_did, sign_eip712
from tests.support.plain_model import TABLES, Model

KEY = hashlib.sha256(b"an issuer of more stamps").digest()
PROVIDERS = ("Google", "Discord", "Biometrics", "SelfStakingGold", "Unheard")
NULLIFIERS = [f"v{version}:{number}" for version in (0, 0, 1, 2) for number in range(12)]
ISSUERS = (
    f'"{issuer_did(KEY)}"',
    '"did:ethr:0x018d103c154748e8d5a1d7658185125175457f84"',
    '"did:key:z6MkjUhQJSaMUg8356Jk8dyCpCdEPq9VpUrAYrTrn5ZntgMM"',
)
RECORDED = {
    "CERAMIC_CACHE_SCORER_ID": "1",
    "TRUSTED_IAM_ISSUERS": f"[{', '.join(ISSUERS)}]",
    "HUMAN_POINTS_ENABLED": "true",
    "HUMAN_POINTS_WRITE_ENABLED": "true",
    "HUMAN_POINTS_START_TIMESTAMP": "0",
    "HUMAN_POINTS_MTA_ENABLED": "true",
    "FF_MULTI_NULLIFIER": "on",
}
CHANGES = {
    "as recorded": {},
    "nothing cached": {"CACHE_MEMORY_MB": "0"},
    "every signature verified": {"TRUST_REGISTERED_STAMPS": "off"},
    "v0 nullifiers only": {"FF_MULTI_NULLIFIER": "off"},
    "one issuer": {"TRUSTED_IAM_ISSUERS": f"[{ISSUERS[1]}]"},
    "the others, v0 only": {
        "TRUSTED_IAM_ISSUERS": f"[{ISSUERS[0]}, {ISSUERS[2]}]",
        "FF_MULTI_NULLIFIER": "off",
    },
    "no issuer": {"TRUSTED_IAM_ISSUERS": "[]"},
    "points are shown, not written": {"HUMAN_POINTS_WRITE_ENABLED": "false"},
    "points are written, not shown": {"HUMAN_POINTS_ENABLED": "false"},
    "points begin later": {"HUMAN_POINTS_START_TIMESTAMP": "4102444800"},
    "no limited lists": {"HUMAN_POINTS_MTA_ENABLED": "false"},
    "v0 only, without points": {
        "FF_MULTI_NULLIFIER": "off",
        "HUMAN_POINTS_ENABLED": "false",
        "HUMAN_POINTS_WRITE_ENABLED": "false",
    },
}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_scores_links_and_points_are_those_of_the_model(
    reference_database_url: str, change: dict[str, str]
) -> None:
    """Each score matches when computed; links and points match at the end."""
    settings = read_settings({**RECORDED, **change})
    connection = await asyncpg.connect(reference_database_url)
    try:
        model = Model(settings, await rows_of(connection))
        await compare_scores(reference_database_url, settings, model)
        links = {
            (row["community_id"], row["hash"]): (row["address"], row["expires_at"])
            for row in await connection.fetch(TABLES["links"])
        }
        assert links == model.links
        assert {tuple(row) for row in await connection.fetch(TABLES["points"])} == model.points
        qualified = {tuple(row) for row in await connection.fetch(TABLES["qualified"])}
        assert qualified == model.qualified
    finally:
        await connection.close()


async def compare_scores(url: str, settings: Settings, model: Model) -> None:
    """Score half of all addresses in all communities, some of them twice."""
    addresses = sorted({row["address"] for row in model.rows["stamps"]})
    pairs = [(address, community) for address in addresses for community in model.communities]
    order = random.Random(len(settings.trusted_iam_issuers)).sample(pairs, len(pairs) // 2)
    async with running_services(settings, url) as services:
        for address, community_id in [*order, *order[:40]]:
            outcome = await services.scoring.score(address, community_id)
            shown: dict[str, Any] = {
                provider: (stamp["score"], stamp["dedup"])
                for provider, stamp in json.loads(outcome.score.stamps).items()
            }
            clashes = [provider for provider, (_, is_clash) in shown.items() if is_clash]
            expected = model.score(address, community_id, clashes)
            assert (outcome.score.raw, shown) == expected, (address, community_id)


async def rows_of(connection: Any) -> dict[str, list[Any]]:
    """Return the rows after adding stamps: some expired, some with a wrong provider."""
    choices = random.Random(7)
    now = datetime.now(UTC)
    for person in range(12):
        address = f"0x{person + 1:040x}"
        for provider in choices.sample(PROVIDERS, 4):
            credential = sign_eip712(
                KEY,
                address=address,
                provider=provider,
                nullifiers=choices.sample(NULLIFIERS, choices.randint(1, 3)),
                issued_at=now - timedelta(days=90),
                expires_at=now + timedelta(days=choices.choice((-1, 30, 60, 90))),
            )
            await connection.execute(
                """INSERT INTO ceramic_cache_ceramiccache
                    (address, provider, stamp, created_at, updated_at, type,
                    compose_db_save_status, compose_db_stream_id, proof_value)
                VALUES ($1, $2, $3, now(), now(), 1, 'pending', '', $4)""",
                address,
                provider if choices.random() < 0.9 else f"Not {provider}",
                json.dumps(credential),
                credential["proof"]["proofValue"],
            )
    return {name: await connection.fetch(sql) for name, sql in TABLES.items()}


async def test_the_setting_of_nullifiers_matters_on_these_rows(reference_database_url: str) -> None:
    """The rows have stamps that the setting affects, or the comparison would prove nothing."""
    connection = await asyncpg.connect(reference_database_url)
    try:
        rows = await rows_of(connection)
    finally:
        await connection.close()
    on, off = (
        Model(read_settings({**RECORDED, "FF_MULTI_NULLIFIER": switch}), rows)
        for switch in ("on", "off")
    )
    now = datetime.now(UTC)
    looked_at = [
        (len(on.looked_at(each)), len(off.looked_at(each)))
        for address in {row["address"] for row in rows["stamps"]}
        for each in on.valid(address, now).values()
    ]
    assert sum(few == 0 for _, few in looked_at) > 1
    assert sum(0 < few < all_ for all_, few in looked_at) > 1
