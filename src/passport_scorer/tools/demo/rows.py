"""The rows of the demo: accounts, keys, scorers, communities, stamps; the same in every run."""

from __future__ import annotations

import hashlib
from typing import Any

from passport_scorer.tools.demo.world import (
    API_KEYS,
    FEW_WEIGHTS,
    ISSUED,
    PEOPLE,
    WEIGHTS,
    DemoApiKey,
    DemoStamp,
    Person,
    credential_of,
    secret,
)


def tables() -> dict[str, list[dict[str, Any]]]:
    """Return the rows of the demo: table -> rows (column -> value)."""
    accounts = (1, 2, 3)
    return {
        "auth_user": [_user(account) for account in accounts],
        "account_account": [
            {"id": account, "user_id": account, "address": _account_address(account)}
            for account in accounts
        ],
        "account_accountapikey": [_api_key(key) for key in API_KEYS],
        **_scorers(),
        "account_community": [
            _community(1, 1, "Standard weights"),
            _community(2, 1, "Few weights, low threshold"),
            _community(3, 2, "Of another account"),
        ],
        "ceramic_cache_ceramiccache": _stamp_rows(),
    }


def _scorers() -> dict[str, list[dict[str, Any]]]:
    return {
        "scorer_weighted_scorer": [
            {"id": 1, "type": "WEIGHTED_BINARY", "exclude_from_weight_updates": False},
            {"id": 2, "type": "WEIGHTED_BINARY", "exclude_from_weight_updates": True},
            {"id": 3, "type": "WEIGHTED", "exclude_from_weight_updates": False},
        ],
        "scorer_weighted_binaryweightedscorer": [
            {"scorer_ptr_id": 1, "weights": WEIGHTS, "threshold": "20"},
            {"scorer_ptr_id": 2, "weights": FEW_WEIGHTS, "threshold": "2.5"},
        ],
        "scorer_weighted_weightedscorer": [
            {"scorer_ptr_id": 3, "weights": WEIGHTS, "threshold": "15.5"}
        ],
    }


def account_addresses() -> list[str]:
    """Return the addresses of the demo accounts: a database with others is not a demo."""
    return [_account_address(account) for account in (1, 2, 3)]


def _account_address(account: int) -> str:
    return "0x" + secret(f"account {account}")[:20].hex()


def _user(account: int) -> dict[str, Any]:
    return {
        "id": account,
        "password": "!",  # Django's marker for an unusable password
        "is_superuser": False,
        "username": f"demo-{account}",
        "first_name": "",
        "last_name": "",
        "email": "",
        "is_staff": False,
        "is_active": True,
        "date_joined": ISSUED,
    }


def _api_key(key: DemoApiKey) -> dict[str, Any]:
    prefix = key.key.partition(".")[0]
    hashed = "sha256$" + hashlib.sha256(key.key.encode()).hexdigest()
    return {
        "id": f"{prefix}.demo",
        "prefix": prefix,
        "hashed_key": hashed,
        "hashed_key_sha256": hashed,
        "created": ISSUED,
        "name": key.name,
        "revoked": False,
        "account_id": key.account_id,
        "rate_limit": "",
        "create_scorers": False,
        "read_scores": True,
        "submit_passports": True,
        "analysis_rate_limit": "",
        "historical_endpoint": True,
        "embed_rate_limit": "",
    }


def _community(community_id: int, account_id: int, name: str) -> dict[str, Any]:
    return {
        "id": community_id,
        "name": name,
        "description": name,
        "account_id": account_id,
        "scorer_id": community_id,
        "created_at": ISSUED,
        "rule": "LIFO",
        "human_points_program": False,
    }


def _stamp_rows() -> list[dict[str, Any]]:
    rows = [stamp_row(person, stamp) for person in PEOPLE for stamp in person.stamps]
    return [{"id": number, **row} for number, row in enumerate(rows, 1)]


def stamp_row(person: Person, stamp: DemoStamp) -> dict[str, Any]:
    """Return the row of a stamp, without an id."""
    credential = credential_of(person, stamp)
    proof = credential["proof"]
    return {
        "address": person.address,
        "provider": stamp.provider,
        "stamp": credential,
        "created_at": ISSUED,
        "updated_at": ISSUED,
        "type": 1,
        "compose_db_save_status": "pending",
        "compose_db_stream_id": "",
        "issuance_date": ISSUED,
        "expiration_date": stamp.expires_at,
        "proof_value": proof.get("proofValue", proof.get("jws")),
        "source_app": 1,
        "source_scorer_id": 1,
    }
