"""The rows that every endpoint finds something in."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from passport_scorer.auth.key_hashes import sha256_hash
from passport_scorer.domain.api_key import EmbedApiKey
from passport_scorer.domain.bans import Ban
from passport_scorer.domain.contributions import Contributions
from passport_scorer.domain.stakes import LegacyStake, Stake
from passport_scorer.ethereum.did import checksummed
from passport_scorer.ethereum.eip4361 import SiweMessage, message_text
from passport_scorer.tools.demo.signing import sign_text
from passport_scorer.tools.demo.world import DEMO_API_KEY, OWNER, PEOPLE, WEIGHTS, credential_of
from tests.support.fake_database import Community, FakeStamp, Tables

KEY = DEMO_API_KEY.key
WRONG_KEY = KEY.partition(".")[0] + ".wrong"
INTERNAL_TOKEN = "internal-token"
DOMAIN = "app.example.org"
NONCE = "0123456789abcdef"
ADA = PEOPLE[0]
ADDRESS = ADA.address
OWN = OWNER.address
CHECKSUMMED = checksummed(bytes.fromhex(ADDRESS[2:]))
BANNED_HASH = "v0.0.0:banned"
REVOKED = "0x" + "ab" * 64 + "1b"
_NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
_STAMPS = [
    FakeStamp(number, person.address, stamp.provider, json.dumps(credential_of(person, stamp)))
    for number, (person, stamp) in enumerate(
        ((person, stamp) for person in (ADA, OWNER) for stamp in person.stamps), 1
    )
]
STAMP_TO_STORE = json.loads(_STAMPS[-1].document)


def example_tables() -> Tables:
    """Return rows for each statement: the same for every test."""
    hashed = sha256_hash(KEY)
    key = EmbedApiKey(
        "key1", hashed, hashed, False, None, True, True, "", "", embed_rate_limit="7/1m"
    )
    return Tables(
        api_keys={KEY.partition(".")[0]: key},
        communities={
            1: Community(json.dumps(dict(WEIGHTS)), Decimal(20), [("Web2", 0, "Google", 1)])
        },
        stamps=list(_STAMPS),
        score_events={(ADDRESS, 1): '{"score": "1", "evidence": {"rawScore": "21.5"}}'},
        nonces={NONCE},
        bans=[Ban(1, "hash", "", "", BANNED_HASH, None, "sold")],
        revoked_proof_values={REVOKED},
        list_members={("friends", ADDRESS)},
        rulesets={"DeveloperList#Peers#00000000": '{"name": "Peers"}'},
        contributions={ADDRESS: Contributions(2, Decimal(10), 1, Decimal("0.95"))},
        stakes=[Stake(1, ADDRESS, OWN, Decimal("1.500000000000000000"), _NOON, _NOON, Decimal(7))],
        legacy_stakes=[
            LegacyStake(
                1, "SelfStake", 3, ADDRESS, None, Decimal("0.500000000000000000"), True, 9, "0x00"
            )
        ],
    )


def sign_in_payload() -> dict[str, object]:
    """Return a message that the owner has just signed."""
    owner = checksummed(bytes.fromhex(OWN[2:]))
    message = SiweMessage(
        domain=DOMAIN,
        address=owner,
        statement="Sign in",
        uri=f"https://{DOMAIN}",
        version="1",
        chain_id=1,
        nonce=NONCE,
        issued_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
    fields = msgspec.to_builtins(message)
    return {"message": fields, "signature": sign_text(OWNER.key, message_text(message, owner))}
