"""The privileges that the service needs on each table, and the indexes that make it fast."""

from collections.abc import Mapping

import msgspec

from passport_scorer.db.checks.description import Index

READ = frozenset({"SELECT"})
APPEND = READ | {"INSERT"}
CHANGE = APPEND | {"UPDATE"}

# Every other table is only read.
WRITTEN: Mapping[str, frozenset[str]] = {
    "account_accountapikey": READ | {"UPDATE"},
    "account_accountapikeyanalytics": APPEND,
    "account_nonce": CHANGE | {"DELETE"},
    "account_walletgroupcommunityclaim": APPEND,
    "ceramic_cache_ceramiccache": CHANGE,
    "registry_event": APPEND,
    "registry_hashscorerlink": CHANGE,
    "registry_humanpoints": APPEND,
    "registry_humanpointscommunityqualifiedusers": APPEND,
    "registry_passport": CHANGE,
    "registry_score": CHANGE,
    "registry_stamp": CHANGE | {"DELETE"},
}


def privileges_needed(table: str) -> frozenset[str]:
    """Return the privileges that the service needs on a table."""
    return WRITTEN.get(table, READ)


class Recommendation(msgspec.Struct, frozen=True):
    """An index that existing deployments don't have, and what for."""

    table: str
    index: Index
    reason: str


# Measured first, then listed here: `db check` prints the statement for each one that is missing.
RECOMMENDED: tuple[Recommendation, ...] = ()
