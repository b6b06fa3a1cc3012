"""A partner's API key, and its permissions."""

from datetime import datetime

import msgspec

from passport_scorer.domain.errors import PassportScorerError


class InvalidApiKey(PassportScorerError):
    """Invalid API Key."""

    code = "invalid_api_key"


class PermissionDenied(PassportScorerError):
    """Invalid permissions for action."""

    code = "permission_denied"


class ApiKey(msgspec.Struct, frozen=True):
    """A row of `account_accountapikey`. The hashes are secrets: never logged.

    Attributes:
        key_id: `account_accountapikey.id`.
        hashed_key: the PBKDF2 hash, or a SHA-256 hash older than the column for it.
        hashed_key_sha256: the SHA-256 hash; None until the key is first used.
        revoked: True if it is no longer valid.
        expiry_date: aware; from then on it is no longer valid. None: never.
        read_scores: True if it can read scores.
        historical_endpoint: True if it can read earlier scores.
        rate_limit: `<count>/<period>` of calls; empty or None: unlimited.
        analysis_rate_limit: the same for the analysis endpoints.

    Source: docs/rules/authentication.md, "API keys".
    """

    key_id: str
    hashed_key: str
    hashed_key_sha256: str | None
    revoked: bool
    expiry_date: datetime | None
    read_scores: bool
    historical_endpoint: bool
    rate_limit: str | None
    analysis_rate_limit: str | None

    def is_usable(self, now: datetime) -> bool:
        """Return False if the key was revoked, or has expired at `now` (aware)."""
        return not self.revoked and (self.expiry_date is None or self.expiry_date > now)


class EmbedApiKey(ApiKey, frozen=True):
    """An API key as pages that embed the stamps use it.

    Attributes:
        embed_rate_limit: `<count>/<period>` of calls by such pages; empty or None: unlimited.
    """

    embed_rate_limit: str | None
