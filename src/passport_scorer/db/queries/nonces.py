"""The nonces of the sign-in: `account_nonce`."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from passport_scorer.db.statement import Query


class CreateNonceParameters(msgspec.Struct, frozen=True):
    """$1 to $5 of `create_nonce.sql`; by default no old nonce is deleted."""

    nonce: str
    created_on: datetime
    expires_on: datetime
    position: int = 0
    old: datetime = datetime.fromtimestamp(0, UTC)


class CleaningPosition(msgspec.Struct, frozen=True):
    """Behind which id the next call looks for old nonces."""

    position: int


class UseNonceParameters(msgspec.Struct, frozen=True):
    """$1 and $2 of `use_nonce.sql`."""

    nonce: str
    now: datetime


class UsedNonce(msgspec.Struct, frozen=True):
    """The nonce that was used up."""

    id: int


CREATE_NONCE = Query("create_nonce", CreateNonceParameters, CleaningPosition)
USE_NONCE = Query("use_nonce", UseNonceParameters, UsedNonce)
