"""The pipeline of scoring.md, steps 1 to 5 and 7, as plainly as can be: rows, dictionaries, loops.

It shares nothing with the service but the verdict on signatures, which has vectors of its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from passport_scorer.credentials.verifier import verify
from passport_scorer.domain.errors import VerificationFailed
from passport_scorer.settings.model import Settings

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
STAMP_ACTIONS = {
    "SelfStakingBronze": "ISB",
    "SelfStakingSilver": "ISS",
    "SelfStakingGold": "ISG",
    "BeginnerCommunityStaker": "CSB",
    "ExperiencedCommunityStaker": "CSE",
    "TrustedCitizen": "CST",
    "HolonymGovIdProvider": "HGO",
    "HolonymPhone": "HPH",
    "CleanHands": "HCH",
    "Biometrics": "HBI",
}
LIST_ACTIONS = {"SeasonedPassportOGs": "SOG", "TheChosenOnes": "TCO"}
LIMITED_ACTIONS = {"MetaMaskOG": "MTA", "MetaMaskOG2": "MM2"}

Link = tuple[str, datetime]  # whose, until when
Shown = dict[str, tuple[str, bool]]  # provider -> score, whether it is deduplicated


class Model:
    """The contents of the tables, and the scores that follow from them."""

    def __init__(self, settings: Settings, rows: Mapping[str, list[Any]]) -> None:
        self.settings = settings
        self.rows = rows
        revoked = rows["revocations"]
        self.revoked_rows = {row["ceramic_cache_id"] for row in revoked}
        self.revoked_proofs = {one_spelling(row["proof_value"]) for row in revoked}
        self.links: dict[tuple[int, str], Link] = {
            (row["community_id"], row["hash"]): (row["address"], row["expires_at"])
            for row in rows["links"]
        }
        self.points = {tuple(row.values()) for row in rows["points"]}
        self.qualified = {(row["address"], row["community_id"]) for row in rows["qualified"]}
        self.communities = {row["id"]: row for row in rows["communities"]}

    def score(
        self, address: str, community_id: int, clashes: Sequence[str]
    ) -> tuple[Decimal, Shown]:
        """Return the raw score and what is shown; change links and points.

        Of two clashing stamps that share an unlinked nullifier, either may be the first: it is
        backfilled in the order of `clashes` (providers).
        """
        now = datetime.now(UTC)
        stamps = self.valid(address, now)
        first_clashes = sorted(stamps, key=lambda p: [*clashes, p].index(p))
        stamps = {provider: stamps[provider] for provider in first_clashes}
        kept, clashing = self.deduplicated(stamps, address, community_id, now)
        weights = self.weights(community_id)
        scores = {provider: weights.get(provider, Decimal(0)) for provider in kept}
        raw = sum(scores.values(), Decimal(0))
        community = self.communities[community_id]
        if raw >= community["threshold"] and community["human_points_program"]:
            self.give_points(address, community_id, {p: stamps[p] for p in kept}, now)
        shown = {provider: (f"{score:.5f}", False) for provider, score in scores.items()}
        return raw, shown | dict.fromkeys(clashing, ("0.00000", True))

    def valid(self, address: str, now: datetime) -> dict[str, dict[str, Any]]:
        """Steps 2 and 3: provider -> credential."""
        valid = {}
        for row in sorted(self.rows["stamps"], key=lambda row: row["updated_at"]):
            proof = one_spelling(row["proof_value"])
            is_revoked = row["id"] in self.revoked_rows or (proof in self.revoked_proofs and proof)
            if row["address"] == address and not is_revoked:
                valid[row["provider"]] = json.loads(row["stamp"])
        return {p: each for p, each in valid.items() if self.is_valid(p, each, address, now)}

    def is_valid(
        self, provider: str, credential: dict[str, Any], address: str, now: datetime
    ) -> bool:
        """Step 3."""
        if not verifies(json.dumps(credential)):
            return False
        subject = credential["credentialSubject"]
        return (
            credential["issuer"] in self.settings.trusted_iam_issuers
            and datetime.fromisoformat(credential["expirationDate"]) > now
            and subject.get("provider") == provider
            and subject["id"].lower() == f"did:pkh:eip155:1:{address}"
            and bool(subject.get("nullifiers") or "hash" in subject)
        )

    def deduplicated(
        self, stamps: Mapping[str, dict[str, Any]], address: str, community_id: int, now: datetime
    ) -> tuple[list[str], list[str]]:
        """Step 4: which are kept, and which clash."""
        nullifiers = {provider: self.looked_at(each) for provider, each in stamps.items()}
        owners: dict[str, Link] = {}
        for provider, looked_at in nullifiers.items():
            for nullifier in reversed(looked_at):
                owner, expires = self.links.get((community_id, nullifier), ("", NEVER))
                if expires > now and owner != address:
                    owners[provider] = owner, expires
        kept = [provider for provider in stamps if provider not in owners]
        claims: dict[str, datetime] = {}
        for provider in kept:
            for nullifier in nullifiers[provider]:
                expires = datetime.fromisoformat(stamps[provider]["expirationDate"])
                claims[nullifier] = max(expires, claims.get(nullifier, NEVER))
        for nullifier, expires in claims.items():
            self.links[community_id, nullifier] = address, expires
        for provider in owners:
            for nullifier in nullifiers[provider]:
                if self.links.get((community_id, nullifier), ("", NEVER))[1] <= now:
                    self.links[community_id, nullifier] = owners[provider]
        return kept, list(owners)

    def looked_at(self, credential: dict[str, Any]) -> list[str]:
        """The nullifiers of a stamp that deduplication looks at."""
        subject = credential["credentialSubject"]
        nullifiers: list[str] = subject.get("nullifiers") or [subject["hash"]]
        if self.settings.multi_nullifier:
            return nullifiers
        return [nullifier for nullifier in nullifiers if nullifier.startswith("v0")]

    def weights(self, community_id: int) -> dict[str, Decimal]:
        """Step 1: the scorer's weights, and over them the dynamic ones."""
        text = self.communities[community_id]["weights"]
        read = json.loads(text, parse_float=Decimal, parse_int=Decimal)
        weights = {provider: Decimal(weight) for provider, weight in read.items()}
        for row in self.rows["dynamic"]:
            if row["community_id"] == community_id:
                weights[row["provider"]] = row["weight"]
        return weights

    def give_points(
        self, address: str, community_id: int, kept: Mapping[str, dict[str, Any]], now: datetime
    ) -> None:
        """Step 7."""
        start = self.settings.human_points_start
        if not self.settings.human_points_write_enabled or (start and now < start):
            return
        self.qualified.add((address, community_id))
        actions = {STAMP_ACTIONS[provider] for provider in kept if provider in STAMP_ACTIONS}
        if sum(owner == address for owner, _ in self.qualified) >= 4:
            actions.add("SCB")
        lists = {row["name"] for row in self.rows["members"] if row["address"] == address}
        given = dict(LIST_ACTIONS)
        if self.settings.human_points_mta_enabled:
            given |= LIMITED_ACTIONS
        actions |= {action for name, action in given.items() if name in lists}
        self.points |= {(address, action, 0, "", "") for action in actions}
        for provider, credential in kept.items():
            named = [n for n in credential["credentialSubject"].get("nullifiers", []) if n]
            has = any(each[:2] == (address, "HKY") and each[3] == provider for each in self.points)
            if named and not has:
                self.points.add((address, "HKY", 0, provider, named[-1]))


@cache
def verifies(document: str) -> bool:
    """Return True if a signature is valid."""
    try:
        verify(document, datetime.now(UTC))
    except VerificationFailed:
        return False
    return True


def one_spelling(proof_value: str) -> str:
    """A proof value in lower case, v as 1b or 1c."""
    lowered = proof_value.lower()
    if len(lowered) == 132 and lowered[-2:] in ("00", "01"):
        return lowered[:-2] + ("1b" if lowered[-2:] == "00" else "1c")
    return lowered


TABLES = {
    "stamps": """SELECT id, address, provider, stamp::text, proof_value, updated_at
        FROM ceramic_cache_ceramiccache WHERE type = 1 AND deleted_at IS NULL""",
    "revocations": "SELECT ceramic_cache_id, proof_value FROM ceramic_cache_revocation",
    "links": "SELECT hash, address, community_id, expires_at FROM registry_hashscorerlink",
    "points": "SELECT address, action, chain_id, provider, tx_hash FROM registry_humanpoints",
    "qualified": "SELECT address, community_id FROM registry_humanpointscommunityqualifiedusers",
    "members": """SELECT l.name, m.address FROM account_addresslistmember AS m
        JOIN account_addresslist AS l ON l.id = m.list_id""",
    "communities": """SELECT c.id, c.human_points_program, coalesce(b.weights, w.weights)::text
        AS weights, coalesce(b.threshold, w.threshold) AS threshold
        FROM account_community AS c JOIN scorer_weighted_scorer AS s ON s.id = c.scorer_id
        LEFT JOIN scorer_weighted_binaryweightedscorer AS b ON b.scorer_ptr_id = s.id
        LEFT JOIN scorer_weighted_weightedscorer AS w ON w.scorer_ptr_id = s.id""",
    "dynamic": """SELECT c.scorer_id AS community_id, 'AllowList#' || l.name AS provider, a.weight
        FROM account_allowlist AS a JOIN account_customization AS c ON c.id = a.customization_id
        JOIN account_addresslist AS l ON l.id = a.address_list_id
        UNION ALL SELECT c.scorer_id, r.provider_id, k.weight FROM account_customcredential AS k
        JOIN account_customization AS c ON c.id = k.customization_id
        JOIN account_customcredentialruleset AS r ON r.id = k.ruleset_id""",
}
"""What the model starts with: name -> statement."""
