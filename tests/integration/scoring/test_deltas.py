"""Scoring writes what differs from the database, and nothing else."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

from passport_scorer.domain.human_points import PointsPolicy

from .counting_proxy import counting_proxy
from .world import START, World, address, kept


async def test_scoring_again_changes_nothing(world: World) -> None:
    """A second score leaves every row as it was, except its time and its event."""
    await world.add_stamp("ann", "Google", ["v0:g", "v1:g"])
    await world.add_stamp("ann", "Ens", ["v0:e"])
    async with world.scorer() as scorer:
        await scorer.score("ann")
        before, versions = await world.state(), await row_versions(world)
        await scorer.score("ann")
        assert await world.state() == before
        assert await row_versions(world) == versions
    assert len(await world.rows("SELECT FROM registry_event WHERE action = 'SCU'")) == 2


async def row_versions(world: World) -> list[dict[str, object]]:
    """The versions of all rows that the second score has no reason to touch."""
    return await world.rows(
        """SELECT xmin::text, 'stamp' FROM registry_stamp
        UNION ALL SELECT xmin::text, 'link' FROM registry_hashscorerlink
        UNION ALL SELECT xmin::text, 'passport' FROM registry_passport ORDER BY 2, 1"""
    )


async def test_registered_stamps_follow_the_stamp_store(world: World) -> None:
    """Stamps are registered again when replaced, unregistered when deleted; alien rows go."""
    await world.add_stamp("ann", "Google", ["v0:g"])
    await world.add_stamp("ann", "Ens", ["v0:e"])
    async with world.scorer() as scorer:
        await scorer.score("ann")
        await world.connection.execute(
            """INSERT INTO registry_stamp (provider, credential, passport_id)
            SELECT 'Ens', '{"forged": 1}', id FROM registry_passport
            UNION ALL SELECT provider, credential, passport_id FROM registry_stamp"""
        )
        await world.add_stamp("ann", "Google", ["v0:g2"])
        await scorer.score("ann")
        assert await world.registered("ann") == ["Ens", "Google"]
        await world.delete_stamp("ann", "Google")
        await scorer.score("ann")
        assert await world.registered("ann") == ["Ens"]
    (row,) = await world.rows(
        """SELECT s.credential = c.stamp AS same FROM registry_stamp s
        JOIN ceramic_cache_ceramiccache c ON c.provider = 'Ens'"""
    )
    assert row["same"]


async def test_a_changed_row_is_loaded_again(world: World) -> None:
    """A cached stamp is not used after a change of its row."""
    row_id = await world.add_stamp("ann", "Google", ["v0:g"])
    async with world.scorer() as scorer:
        assert kept(await scorer.score("ann")) == ["Google"]
        await world.connection.execute(
            """UPDATE ceramic_cache_ceramiccache
            SET stamp = jsonb_set(stamp, '{credentialSubject,nullifiers}', '["v0:other"]')
            WHERE id = $1""",
            row_id,
        )
        assert kept(await scorer.score("ann")) == []


async def test_cached_stamps_stop_counting_when_revoked_or_expired(world: World) -> None:
    """Revocation and expiry are checked on every request, signatures are not."""
    revoked = await world.add_stamp("ann", "Google", ["v0:g"])
    await world.add_stamp("ann", "Ens", ["v0:e"], lasts=timedelta(days=10))
    await world.add_stamp("ann", "Github", ["v0:h"], lasts=timedelta(days=20))
    async with world.scorer() as scorer:
        assert kept(await scorer.score("ann")) == ["Ens", "Github", "Google"]
        await world.revoke_stamp(revoked)
        assert kept(await scorer.score("ann")) == ["Ens", "Github"]
        world.now = START + timedelta(days=10)
        assert kept(await scorer.score("ann")) == ["Github"]
    assert await world.registered("ann") == ["Github"]


async def test_a_batch_is_scored_as_its_members_one_after_the_other(world: World) -> None:
    """A batch of pairs that share nullifiers: the first of them keeps the stamp."""
    for name in ("ann", "ben", "cat"):
        await world.add_stamp(name, "Google", ["v0:shared", f"v1:{name}"])
    async with world.scorer() as scorer:
        outcomes = await scorer.save(await scorer.load("ben", "ann", "cat"))
    assert [kept(outcome) for outcome in outcomes] == [["Google"], [], []]
    assert {owner for owner, _ in (await world.links()).values()} == {address("ben")}
    assert len(await world.links()) == 4


async def test_a_capped_award_is_given_under_the_lock(world: World) -> None:
    """MetaMask OG points are given to members of the list, once."""
    await world.add_community(8, weights={"Google": "1"}, human_points=True)
    await world.add_stamp("ann", "Google", ["v0:g"])
    await world.connection.execute(
        """WITH list AS (INSERT INTO account_addresslist (name) VALUES ('MetaMaskOG') RETURNING id)
        INSERT INTO account_addresslistmember (address, list_id) SELECT $1, id FROM list""",
        address("ann"),
    )
    policy = PointsPolicy(written=True, capped_lists=True)
    async with world.scorer(points=policy) as scorer:
        for _ in range(2):
            await scorer.score("ann", community_id=8)
    given = await world.rows("SELECT action FROM registry_humanpoints ORDER BY action")
    assert [row["action"] for row in given] == ["HKY", "MTA"]


async def test_round_trips(world: World) -> None:
    """A score takes one load and one save; one of which nothing has changed takes a touch."""
    await world.add_stamp("ann", "Google", ["v0:g"])
    for provider in ("Google", "Github", "Ens"):
        await world.add_stamp("ben", provider, [f"v0:{provider}"])
    with tempfile.TemporaryDirectory() as folder:
        async with counting_proxy(world.url, Path(folder)) as (url, proxy):
            world.url = url
            async with world.scorer() as scorer:
                for _ in range(3):  # connects and prepares the statements
                    await scorer.score("ann")
                trips = []
                for _ in range(4):  # the second one finds what the first one has registered
                    before = proxy.round_trips
                    await scorer.score("ben")
                    trips.append(proxy.round_trips - before)
                assert trips == [2, 2, 1, 1]
