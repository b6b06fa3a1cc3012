"""A registered copy of a stamp's text vouches for its signature, and for nothing else."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from passport_scorer.db.queries.loaded_scores import ScoringRequest
from passport_scorer.domain.scoring import SavedScore
from passport_scorer.domain.stamps import ExaminedStamp, Rejection
from passport_scorer.tools.demo.signing import sign_eip712
from tests.support.counting import Counting
from tests.support.recordings import VECTORS

from .world import COMMUNITY, ISSUER_KEY, START, Scorer, World, address, kept

VERIFIED = ("signatures_verified_total", "EthereumEip712Signature2021")
VOUCHED = ("signatures_vouched_total",)
OTHER = COMMUNITY + 1


def signed(name: str = "ann", *, key: bytes = ISSUER_KEY, days: int = 90) -> dict[str, Any]:
    """A Google stamp about an address, signed by an issuer."""
    return sign_eip712(
        key,
        address=address(name),
        provider="Google",
        nullifiers=["v0:g"],
        issued_at=START - timedelta(days=1),
        expires_at=START + timedelta(days=days),
    )


async def add_stamp(world: World, text: str, provider: str = "Google") -> None:
    """Store a credential of any form as ann's live stamp."""
    await world.connection.execute(
        """INSERT INTO ceramic_cache_ceramiccache
            (address, provider, stamp, created_at, updated_at, type, compose_db_save_status,
            compose_db_stream_id, proof_value)
        VALUES ($1, $2, $3, now(), now(), 1, 'pending', '',
            coalesce($3::jsonb #>> '{proof,proofValue}', ''))""",
        address("ann"),
        provider,
        text,
    )


async def add_copy(
    world: World, text: str, provider: str = "Google", name: str = "ann", community: int = COMMUNITY
) -> None:
    """Register a credential of any form, as another scorer does."""
    await world.connection.execute(
        """WITH new AS (
            INSERT INTO registry_passport (address, community_id) VALUES ($1, $2)
            ON CONFLICT (address, community_id) DO UPDATE SET address = excluded.address
            RETURNING id
        )
        INSERT INTO registry_stamp (passport_id, provider, credential)
        SELECT id, $3, $4 FROM new""",
        address(name),
        community,
        provider,
        text,
    )


async def score(
    world: World, community: int = COMMUNITY, *, trusts_copies: bool = True
) -> tuple[SavedScore, Counting]:
    """Score ann as a process does that has just started."""
    metrics = Counting()
    async with world.scorer(metrics=metrics, trusts_copies=trusts_copies) as scorer:
        return await scorer.score("ann", community), metrics


async def examined(world: World, *, trusts_copies: bool = True) -> Sequence[ExaminedStamp]:
    """Ann's stamps, as a process examines them that has just started."""
    async with world.scorer(trusts_copies=trusts_copies) as scorer:
        (snapshot,) = await scorer.snapshots(await scorer.load("ann"))
        return snapshot.stamps


def rejections(counts: Counting) -> dict[str, int]:
    """Return the number of stamps that were left out, by reason."""
    return {
        labels[0]: count
        for (name, *labels), count in counts.counted.items()
        if name == "stamps_rejected_total"
    }


@pytest.mark.parametrize("community", [COMMUNITY, OTHER])
async def test_a_registered_stamp_is_not_verified_again(world: World, community: int) -> None:
    """A process that has just started verifies nothing, also in another community."""
    await world.add_community(OTHER, weights={"Google": "1", "Ens": "2"})
    await world.add_stamp("ann", "Google", ["v0:g"])
    await world.add_stamp("ann", "Ens", ["v0:e"])
    first, counts = await score(world)
    assert (counts.counted[VERIFIED], counts.counted[VOUCHED]) == (2, 0)
    again, counts = await score(world, community)
    assert (counts.counted[VERIFIED], counts.counted[VOUCHED]) == (0, 2)
    assert kept(again) == kept(first) == ["Ens", "Google"]


async def test_the_copy_of_another_program_vouches(world: World) -> None:
    """A text that was sent to both tables, each time written differently."""
    await add_stamp(world, json.dumps(signed()))
    await add_copy(world, json.dumps(signed(), indent=2, sort_keys=True))
    outcome, counts = await score(world)
    assert (counts.counted[VERIFIED], counts.counted[VOUCHED]) == (0, 1)
    assert kept(outcome) == ["Google"]


async def test_every_signature_is_verified_if_the_operator_says_so(world: World) -> None:
    """With TRUST_REGISTERED_STAMPS=off."""
    await add_stamp(world, json.dumps(signed()))
    await add_copy(world, json.dumps(signed()))
    outcome, counts = await score(world, trusts_copies=False)
    assert (counts.counted[VERIFIED], counts.counted[VOUCHED]) == (1, 0)
    assert kept(outcome) == ["Google"]


@pytest.mark.parametrize("community", [COMMUNITY, OTHER])
@pytest.mark.parametrize(("name", "provider"), [("bob", "Google"), ("ann", "Ens")])
async def test_a_copy_of_something_else_does_not_vouch(
    world: World, name: str, provider: str, community: int
) -> None:
    """The same text under another address, or another provider."""
    await world.add_community(OTHER, weights={"Google": "1"})
    await add_stamp(world, json.dumps(signed()))
    await add_copy(world, json.dumps(signed()), provider, name, community)
    _, counts = await score(world)
    assert (counts.counted[VERIFIED], counts.counted[VOUCHED]) == (1, 0)


async def test_a_changed_document_has_no_copy(world: World) -> None:
    """A nullifier that was changed after the stamp was registered; its signature is rejected."""
    await world.add_stamp("ann", "Google", ["v0:g"])
    await score(world)
    await world.connection.execute(
        """UPDATE ceramic_cache_ceramiccache
        SET stamp = jsonb_set(stamp, '{credentialSubject,nullifiers,0}', '"v0:other"')"""
    )
    _, counts = await score(world)
    assert counts.counted[VOUCHED] == 0
    assert rejections(counts) == {Rejection.SIGNATURE: 1}
    assert await world.registered("ann") == []


async def test_numbers_that_are_equal_to_jsonb_alone(world: World) -> None:
    """A copy with 1.0 for 1 is registered, as ever, but isn't the text that was verified."""
    await add_stamp(world, json.dumps({"number": 1}))
    await add_copy(world, '{"number": 1.0}')
    async with world.scorer() as scorer:
        assert await copies(scorer) == [(True, False)]
        await world.connection.execute("UPDATE registry_stamp SET credential = '{\"number\": 1}'")
        assert await copies(scorer) == [(True, True)]


async def copies(scorer: Scorer) -> list[tuple[bool, bool]]:
    """For each of ann's stamps: whether it is registered, and whether exactly its text is."""
    loaded = await scorer.service.load(ScoringRequest(address("ann"), community_id=COMMUNITY))
    return [
        (stamp.registered_id is not None, stamp.has_copy) for stamp in loaded.inputs.stamps.stamps
    ]


async def test_everything_else_is_judged_anew(world: World) -> None:
    """A copy, registered by another program, makes no stamp count that would be rejected."""
    foreign = {
        Rejection.ISSUER: signed(key=bytes(31) + b"\x05"),
        Rejection.EXPIRED: signed(days=0),
        Rejection.SUBJECT: signed("bob"),
        Rejection.PROVIDER: signed(),
    }
    for reason, credential in foreign.items():
        provider = "Ens" if reason is Rejection.PROVIDER else "Google"
        await world.connection.execute("TRUNCATE ceramic_cache_ceramiccache CASCADE")
        await world.connection.execute("TRUNCATE registry_stamp")
        await add_stamp(world, json.dumps(credential), provider)
        await add_copy(world, json.dumps(credential), provider)
        _, counts = await score(world)
        assert (counts.counted[VERIFIED], counts.counted[VOUCHED]) == (0, 1)
        assert rejections(counts) == {reason: 1}
        assert await world.registered("ann") == []


async def test_a_revoked_stamp_with_a_copy_does_not_count(world: World) -> None:
    """A revocation takes effect with the next score."""
    row_id = await world.add_stamp("ann", "Google", ["v0:g"])
    await score(world)
    await world.revoke_stamp(row_id)
    outcome, _ = await score(world)
    assert kept(outcome) == []


async def test_what_other_scorers_accept_is_judged_as_ever(world: World) -> None:
    """Every sample that the reference verifier accepts, registered by a scorer that uses it."""
    samples = [each for each in json.loads(VECTORS.read_text()) if each["verifies"]]
    for number, sample in enumerate(samples):
        text = json.dumps(sample["credential"])
        await add_stamp(world, text, f"Sample{number}")
        await add_copy(world, text, f"Sample{number}")
    trusting = await examined(world)
    assert trusting == await examined(world, trusts_copies=False)
    rejected = [each for each in trusting if each.finding is Rejection.SIGNATURE]
    assert len(rejected) == sum(not each.get("required", True) for each in samples) == 3


async def test_few_communities_are_searched(world: World) -> None:
    """A stamp whose only copy is in the last of many communities is verified."""
    await add_stamp(world, json.dumps(signed()))
    for community in range(100, 140):
        await world.add_community(community, weights={"Google": "1"})
        text = json.dumps(signed()) if community == 139 else "{}"
        await add_copy(world, text, community=community)
    outcome, counts = await score(world)
    assert (counts.counted[VERIFIED], counts.counted[VOUCHED]) == (1, 0)
    assert kept(outcome) == ["Google"]
