"""The nonces of the sign-in: `account_nonce`."""

from __future__ import annotations

from datetime import datetime

import msgspec

from passport_scorer.db.query import NoRows, Query


class CreateNonceParameters(msgspec.Struct, frozen=True):
    """$1 to $3 of `create_nonce.sql`."""

    nonce: str
    created_on: datetime
    expires_on: datetime


class UseNonceParameters(msgspec.Struct, frozen=True):
    """$1 and $2 of `use_nonce.sql`."""

    nonce: str
    now: datetime


class UsedNonce(msgspec.Struct, frozen=True):
    """The nonce that was used up."""

    id: int


CREATE_NONCE = Query("create_nonce", CreateNonceParameters, NoRows)
USE_NONCE = Query("use_nonce", UseNonceParameters, UsedNonce)
