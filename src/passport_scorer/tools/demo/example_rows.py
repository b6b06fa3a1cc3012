"""Rows that make the examples of the OpenAPI document work, and true, in the demo.

Their ids are negative, so that sequences never reach them.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from passport_scorer.domain.decimals import five_decimals
from passport_scorer.tools.demo.rows import stamp_row
from passport_scorer.tools.demo.world import OWNER, PEOPLE, WEIGHTS

EXAMPLE_NONCE = hashlib.sha256(b"passport-scorer demo: nonce").hexdigest()[:60]
BANNED_HASH = "v0.0.0:t7KXn8OM7W1hgAUjgnJhJFpTzum6xmAOGSUYwlzvpi0="

_ADA = PEOPLE[0]
_THEN = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
_PROVIDERS_THEN = ("Google", "Github", "Ens", "HolonymGovIdProvider", "HolonymPhone")
_SUM_THEN = "19.78"


def example_tables() -> dict[str, list[dict[str, Any]]]:
    """Return the rows: table -> rows (column -> value)."""
    return {
        "account_nonce": [
            {"id": -1, "nonce": EXAMPLE_NONCE, "created_on": _THEN, "was_used": False}
        ],
        "registry_event": [_earlier_score()],
        "ceramic_cache_ban": [_ban()],
        "ceramic_cache_ceramiccache": [
            {"id": -1, **stamp_row(OWNER, OWNER.deleted[0]), "deleted_at": _THEN}
        ],
        "ceramic_cache_revocation": [_revocation()],
        **_lists(),
        **_embedding(),
        **_stakes(),
        "cgrants_protocolcontributions": [
            _contribution(-1, "100.12", "a-bridge"),
            _contribution(-2, "24", "a-garden"),
        ],
    }


def _earlier_score() -> dict[str, Any]:
    """Return the score event of an address before its last stamp."""
    stamps = {
        provider: {
            "score": five_decimals(Decimal(WEIGHTS[provider])),
            "dedup": False,
            "expiration_date": "2099-12-31T00:00:00Z",
        }
        for provider in _PROVIDERS_THEN
    }
    evidence = {"rawScore": _SUM_THEN, "threshold": "20.00000", "success": False}
    fields = {
        "score": "0",
        "evidence": {"type": "ThresholdScoreCheck", **evidence},
        "stamps": stamps,
        "error": None,
        "last_score_timestamp": "2026-01-15T09:30:00Z",
        "expiration_date": "2099-12-31T00:00:00Z",
    }
    return {
        "id": -1,
        "action": "SCU",
        "address": _ADA.address,
        "created_at": _THEN,
        "data": {"model": "registry.score", "fields": fields},
        "community_id": 1,
    }


def _ban() -> dict[str, Any]:
    return {
        "id": -1,
        "type": "hash",
        "hash": BANNED_HASH,
        "address": "",
        "provider": "",
        "end_time": datetime(2099, 1, 1, tzinfo=UTC),
        "reason": "The account was sold.",
        "created_at": _THEN,
    }


def _revocation() -> dict[str, Any]:
    """Return the revocation of the stamp that its owner has deleted."""
    proof_value = stamp_row(OWNER, OWNER.deleted[0])["proof_value"]
    return {"id": -1, "proof_value": proof_value, "ceramic_cache_id": -1}


def _lists() -> dict[str, list[dict[str, Any]]]:
    definition = {
        "name": "PeerDevs",
        "condition": {
            "repository_contributor": {"threshold": 3, "repository": "example/example"},
        },
    }
    return {
        "account_addresslist": [{"id": -1, "name": "testlist"}],
        "account_addresslistmember": [{"id": -1, "list_id": -1, "address": _ADA.address}],
        "account_customcredentialruleset": [
            {
                "id": -1,
                "credential_type": "DEVEL",
                "name": "PeerDevs",
                "provider_id": "DeveloperList#PeerDevs#98ac08c5",
                "definition": definition,
            }
        ],
    }


def _embedding() -> dict[str, list[dict[str, Any]]]:
    platforms = ("Github", "Google")
    return {
        "registry_platformmetadata": [
            {"id": -number, "platform_id": name, "name": name}
            for number, name in enumerate(platforms, 1)
        ],
        "account_customization": [_customization()],
        "account_embedsectionheader": [{"id": -1, "name": "Web2 Platforms"}],
        "account_embedsectionorder": [
            {"id": -1, "order": 0, "customization_id": -1, "section_id": -1}
        ],
        "account_embedstampplatform": [
            {"id": -number, "order": number - 1, "customization_id": -1, "section_id": -1}
            | {"platform_id": -number}
            for number in range(1, len(platforms) + 1)
        ],
    }


def _customization() -> dict[str, Any]:
    return {
        "id": -1,
        "path": "demo",
        "scorer_id": 1,
        "use_custom_dashboard_panel": False,
        "body_display_info_tooltip": False,
        "button_action_type": "Simple Link",
        "show_explanation_panel": True,
        "partner_name": "Demo",
        "nav_order": 0,
        "show_in_top_nav": False,
    }


def _stakes() -> dict[str, list[dict[str, Any]]]:
    return {
        "stake_stake": [_stake(-1, _ADA.address), _stake(-2, OWNER.address)],
        "registry_gtcstakeevent": [
            {
                "id": -1,
                "event_type": "SelfStake",
                "round_id": 1,
                "staker": _ADA.address,
                "address": _ADA.address,
                "amount": "125.5",
                "staked": True,
                "block_number": 1000,
                "tx_hash": "0x" + "0" * 64,
            }
        ],
    }


def _stake(number: int, address: str) -> dict[str, Any]:
    return {
        "id": number,
        "chain": 1,
        "staker": address,
        "stakee": address,
        "current_amount": "1000.5",
        "lock_time": datetime(2026, 1, 1, 12, tzinfo=UTC),
        "unlock_time": datetime(2026, 7, 1, 12, 30, 15, tzinfo=UTC),
        "last_updated_in_block": 12345678,
    }


def _contribution(number: int, amount: str, project: str) -> dict[str, Any]:
    return {
        "id": number,
        "ext_id": f"demo-{project}",
        "contributor": _ADA.address,
        "round": "0x" + "0" * 40,
        "project": project,
        "amount": amount,
        "data": {},
    }
