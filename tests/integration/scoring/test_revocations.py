"""A revoked proof never counts, in whatever row and spelling; and it is noticed at once."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import asyncpg
import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from passport_scorer.db.queries.stamps import live_stamps
from passport_scorer.db.statement import with_fragments
from passport_scorer.domain.proof_values import canonical_proof_value, proof_value_spellings
from passport_scorer.tools.demo.signing import sign_eip712

from .world import ISSUER_KEY, START, Scorer, World, address, kept

Credential = dict[str, Any]


def signed(provider: str = "Google", name: str = "ann") -> Credential:
    """A stamp of a person."""
    return sign_eip712(
        ISSUER_KEY,
        address=address(name),
        provider=provider,
        nullifiers=[f"v0:{provider}"],
        issued_at=START - timedelta(days=1),
        expires_at=START + timedelta(days=90),
    )


def with_proof_value(credential: Credential, proof_value: str) -> Credential:
    """The same with another text as `proofValue`."""
    return {**credential, "proof": {**credential["proof"], "proofValue": proof_value}}


async def store(
    world: World, credential: Credential, proof_value: str | None = None, name: str = "ann"
) -> int:
    """Store a credential in the place of the one before."""
    provider = credential["credentialSubject"]["provider"]
    await world.delete_stamp(name, provider)
    if proof_value is None:
        proof_value = credential["proof"]["proofValue"]
    row_id: int = await world.connection.fetchval(
        """INSERT INTO ceramic_cache_ceramiccache
            (address, provider, stamp, created_at, updated_at, type, compose_db_save_status,
            compose_db_stream_id, proof_value)
        VALUES ($1, $2, $3, now(), now(), 1, 'pending', '', $4) RETURNING id""",
        address(name),
        provider,
        json.dumps(credential),
        proof_value,
    )
    return row_id


async def revoke(world: World, row_id: int, proof_value: str) -> None:
    """Add a revocation of a row, with a text of its own."""
    await world.connection.execute(
        "INSERT INTO ceramic_cache_revocation (proof_value, ceramic_cache_id) VALUES ($1, $2)",
        proof_value,
        row_id,
    )


async def listed(scorer: Scorer, name: str = "ann") -> list[str]:
    """The providers of the live, unrevoked stamps."""
    stamps = await live_stamps(
        scorer.database, address(name), most=500, longest_document=65_536, longest_answer=4_194_304
    )
    return sorted(stamp.provider for stamp in stamps.listed)


def upper(proof_value: str) -> str:
    """Upper case after `0x`."""
    return "0x" + proof_value[2:].upper()


def mixed(proof_value: str) -> str:
    """Every other letter in upper case: a spelling that is not looked up."""
    return "0x" + "".join(c.upper() if i % 3 else c for i, c in enumerate(proof_value[2:]))


def low_v(proof_value: str) -> str:
    """The recovery id as 0 or 1."""
    return proof_value[:-2] + {"1b": "00", "1c": "01"}[proof_value[-2:]]


def as_it_is(proof_value: str) -> str:
    """The text that the issuer has written."""
    return proof_value


SPELLINGS = [as_it_is, upper, mixed, low_v, lambda text: mixed(low_v(text))]


@pytest.mark.parametrize("before", SPELLINGS)
@pytest.mark.parametrize("after", SPELLINGS)
async def test_a_revoked_stamp_that_is_stored_again_does_not_count(
    world: World, before: Any, after: Any
) -> None:
    """However it was spelled when it was revoked, and however it is spelled now."""
    credential = signed()
    proof_value = credential["proof"]["proofValue"]
    row_id = await store(world, with_proof_value(credential, before(proof_value)))
    await store(world, signed("Ens"))
    await revoke(world, row_id, before(proof_value))
    await store(world, with_proof_value(credential, after(proof_value)))
    async with world.scorer() as scorer:
        assert kept(await scorer.score("ann")) == ["Ens"]
        assert await listed(scorer) == ["Ens"]


@pytest.mark.parametrize("spelling", [as_it_is, upper, low_v, lambda text: upper(low_v(text))])
async def test_a_revocation_of_another_row_counts(world: World, spelling: Any) -> None:
    """The row of the revocation is of another address: the proof is revoked all the same."""
    other = await store(world, signed("Ens", "ben"), name="ben")
    credential = signed()
    await store(world, credential)
    await store(world, signed("Ens"))
    async with world.scorer() as scorer:
        assert kept(await scorer.score("ann")) == ["Ens", "Google"]
        await revoke(world, other, spelling(credential["proof"]["proofValue"]))
        assert kept(await scorer.score("ann")) == ["Ens"]
        assert await listed(scorer) == ["Ens"]


async def test_a_new_revocation_by_proof_value_is_noticed_though_all_is_cached(
    world: World,
) -> None:
    """Neither the stamp's row nor its version changes; the next score notices, also at the end."""
    credential = signed()
    replaced = await store(world, credential)
    await store(world, credential)
    async with world.scorer() as scorer:
        for _ in range(3):
            assert kept(await scorer.score("ann")) == ["Google"]
        await revoke(world, replaced, "")
        assert kept(await scorer.score("ann")) == []
        assert kept(await scorer.score("ann")) == []
        await world.connection.execute("DELETE FROM ceramic_cache_revocation")
        assert kept(await scorer.score("ann")) == ["Google"]
    assert await world.registered("ann") == ["Google"]


@pytest.mark.parametrize("column", ["", "0x12", "something else"])
@pytest.mark.parametrize("is_listed", [False, True])
async def test_the_proof_value_of_the_document_counts_too(
    world: World, column: str, is_listed: bool
) -> None:
    """A row whose column differs from its document is revoked with the document's proof."""
    credential = signed()
    proof_value = credential["proof"]["proofValue"]
    other = await store(world, signed("Ens", "ben"), name="ben")
    document = {**credential, "proof": [credential["proof"]]} if is_listed else credential
    await store(world, document, column)
    async with world.scorer() as scorer:
        assert kept(await scorer.score("ann")) == ["Google"]
        assert kept(await scorer.score("ann")) == ["Google"]
        await revoke(world, other, upper(proof_value))
        assert kept(await scorer.score("ann")) == []
        assert await listed(scorer) == []
        await world.connection.execute("DELETE FROM ceramic_cache_revocation")
        assert kept(await scorer.score("ann")) == ["Google"]


async def test_a_jws_that_is_stored_again_stays_revoked(world: World) -> None:
    """An older stamp has no proof value; its row was revoked, and its jws is in the new row."""
    stamp = {"credentialSubject": {"provider": "Google"}, "proof": {"jws": "ey..A"}}
    row_id = await store(world, stamp, "")
    await revoke(world, row_id, "")
    await store(world, stamp, "")
    async with world.scorer() as scorer:
        assert await listed(scorer) == []
        other = {"credentialSubject": {"provider": "Google"}, "proof": {"jws": "ey..B"}}
        await store(world, other, "")
        assert await listed(scorer) == ["Google"]


async def test_another_credential_in_the_place_of_a_revoked_one_counts(world: World) -> None:
    """A revocation is about one proof: a newly issued stamp of the same provider is another."""
    row_id = await store(world, signed())
    await revoke(world, row_id, "")
    await world.add_stamp("ann", "Google", ["v0:new"])
    async with world.scorer() as scorer:
        assert kept(await scorer.score("ann")) == ["Google"]
        assert await listed(scorer) == ["Google"]


def test_the_statements_spell_as_the_domain_does(database_url: str) -> None:
    """Any text has the same canonical spelling in SQL, and is searched for under the same ones."""
    with asyncio.Runner() as runner:
        connection = runner.run(asyncpg.connect(database_url))
        canonical, spellings = (
            runner.run(connection.prepare(f"SELECT {fragment(name)} FROM (SELECT $1::text AS t) s"))
            for name in ("canonical_proof_value", "proof_value_spellings")
        )

        @settings(max_examples=300, deadline=None)
        @given(
            st.one_of(
                st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
                st.from_regex(r"\A(0[xX])?[0-9a-fA-F]{130}\Z"),
                st.from_regex(r"\A(0[xX])?[0-9a-fA-F]{0,133}\n?\Z"),
            )
        )
        def check(text: str) -> None:
            assert runner.run(canonical.fetchval(text)) == canonical_proof_value(text)
            assert set(runner.run(spellings.fetchval(text))) == set(proof_value_spellings(text))

        check()
        runner.run(connection.close())


def fragment(name: str) -> str:
    """The text of a fragment of statements, about the column `t`."""
    return with_fragments(f"-- Insert: {name} (t)\n")
