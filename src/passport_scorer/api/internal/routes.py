"""All endpoints for the internal network."""

from __future__ import annotations

from typing import Any

from passport_scorer.api.http.endpoint import Endpoint
from passport_scorer.api.internal.allow_list import ALLOW_LIST
from passport_scorer.api.internal.bans import CHECK_BANS
from passport_scorer.api.internal.contributions import CONTRIBUTOR_STATISTICS
from passport_scorer.api.internal.custom_credential import CUSTOM_CREDENTIAL
from passport_scorer.api.internal.embed_config import EMBED_CONFIG, EMBED_WEIGHTS
from passport_scorer.api.internal.embed_key import VALIDATE_API_KEY
from passport_scorer.api.internal.embed_stamps import EMBED_SCORE, EMBED_STAMPS
from passport_scorer.api.internal.legacy_stake import LEGACY_STAKES
from passport_scorer.api.internal.revocations import CHECK_REVOCATIONS
from passport_scorer.api.internal.score import INTERNAL_SCORE, INTERNAL_SCORE_V2
from passport_scorer.api.internal.stake import STAKES

INTERNAL_ENDPOINTS: tuple[Endpoint[Any], ...] = (
    INTERNAL_SCORE_V2,
    INTERNAL_SCORE,
    CHECK_BANS,
    CHECK_REVOCATIONS,
    STAKES,
    LEGACY_STAKES,
    CONTRIBUTOR_STATISTICS,
    ALLOW_LIST,
    CUSTOM_CREDENTIAL,
    EMBED_WEIGHTS,
    EMBED_CONFIG,
    VALIDATE_API_KEY,
    EMBED_STAMPS,
    EMBED_SCORE,
)
