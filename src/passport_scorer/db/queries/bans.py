"""Bans and revocations: `ceramic_cache_ban`, `ceramic_cache_revocation`."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from passport_scorer.db.statement import Query, Statements
from passport_scorer.domain.bans import Ban


class _FindBans(msgspec.Struct, frozen=True):
    """$1 and $2 of `read_bans.sql`."""

    addresses: list[str]
    hashes: list[str]


class _FindRevocations(msgspec.Struct, frozen=True):
    """$1 of `read_revocations.sql`."""

    proof_values: list[str]


class _Revocation(msgspec.Struct, frozen=True):
    """A row of `read_revocations.sql`."""

    proof_value: str


_FIND_BANS = Query("read_bans", _FindBans, Ban)
_FIND_REVOCATIONS = Query("read_revocations", _FindRevocations, _Revocation)


async def find_bans(
    database: Statements, *, addresses: Iterable[str], hashes: Iterable[str]
) -> list[Ban]:
    """Return the bans on an address or on hashes, expired ones included, in any order.

    Args:
        database: the pool, or a transaction.
        addresses: the spellings of one address.
        hashes: nullifiers of credentials.
    """
    return await database.read(_FIND_BANS, _FindBans(list(addresses), list(hashes)))


async def find_revoked_proof_values(database: Statements, proof_values: Iterable[str]) -> list[str]:
    """Return which of these proof values are revoked, as stored.

    Args:
        database: the pool, or a transaction.
        proof_values: all spellings of each proof value in question.
    """
    parameters = _FindRevocations(list(proof_values))
    return [row.proof_value for row in await database.read(_FIND_REVOCATIONS, parameters)]
