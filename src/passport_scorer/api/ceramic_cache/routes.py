"""All endpoints for the owners of addresses: the sign-in and the stamp store."""

from __future__ import annotations

from typing import Any

from passport_scorer.api.ceramic_cache.authenticate import AUTHENTICATE
from passport_scorer.api.ceramic_cache.nonce import NONCE
from passport_scorer.api.ceramic_cache.score import GET_OWN_SCORE, POST_OWN_SCORE
from passport_scorer.api.ceramic_cache.stakes_and_weights import OWN_STAKES, WEIGHTS
from passport_scorer.api.ceramic_cache.stamps import (
    DELETE_STAMPS,
    GET_STAMPS,
    PATCH_STAMPS,
    POST_STAMPS,
)
from passport_scorer.api.http.endpoint import Endpoint

OWNER_ENDPOINTS: tuple[Endpoint[Any], ...] = (
    NONCE,
    AUTHENTICATE,
    POST_STAMPS,
    PATCH_STAMPS,
    DELETE_STAMPS,
    GET_STAMPS,
    GET_OWN_SCORE,
    POST_OWN_SCORE,
    WEIGHTS,
    OWN_STAKES,
)
