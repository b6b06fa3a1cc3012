"""The rows that `passport-scorer db check` looks at. To add a check, add it to `ROW_CHECKS`."""

from passport_scorer.db.checks import RowCheck
from passport_scorer.db.checks.rows import RATE_LIMITS, SpellingCheck
from passport_scorer.db.queries.row_checks import find_unusual_bans, find_unusual_revocations
from passport_scorer.domain.proof_values import canonical_proof_value, proof_value_spellings
from passport_scorer.ethereum.did import address_spellings

_BANS, _REVOCATIONS = "ceramic_cache_ban", "ceramic_cache_revocation"


def _is_ban_found(address: str) -> bool:
    return address in address_spellings(address)


def _is_revocation_found(proof_value: str) -> bool:
    return proof_value in proof_value_spellings(canonical_proof_value(proof_value))


ROW_CHECKS = (
    RATE_LIMITS,
    RowCheck(
        _BANS,
        find_unusual_bans,
        SpellingCheck(_BANS, "address", "bans", _is_ban_found, "lower(trim(address))"),
    ),
    RowCheck(
        _REVOCATIONS,
        find_unusual_revocations,
        SpellingCheck(
            _REVOCATIONS,
            "proof_value",
            "revocations",
            _is_revocation_found,
            "'0x' || regexp_replace(lower(proof_value), '^0x', '')",
        ),
    ),
)
