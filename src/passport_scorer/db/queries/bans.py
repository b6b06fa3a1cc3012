"""Bans and revocations: `ceramic_cache_ban`, `ceramic_cache_revocation`."""

from __future__ import annotations

import msgspec

from passport_scorer.db.statement import Query
from passport_scorer.domain.bans import Ban


class ReadBansParameters(msgspec.Struct, frozen=True):
    """$1 and $2 of `read_bans.sql`: the spellings of an address, and hashes."""

    addresses: list[str]
    hashes: list[str]


class ReadRevocationsParameters(msgspec.Struct, frozen=True):
    """$1 of `read_revocations.sql`: all spellings of all proof values that are asked about."""

    proof_values: list[str]


class Revocation(msgspec.Struct, frozen=True):
    """A proof value that is revoked."""

    proof_value: str


READ_BANS = Query("read_bans", ReadBansParameters, Ban)
READ_REVOCATIONS = Query("read_revocations", ReadRevocationsParameters, Revocation)
