"""The signed sample credentials have the recorded verdicts."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from passport_scorer.credentials.verifier import verify
from passport_scorer.domain.errors import VerificationFailed
from tests.support.recordings import VECTORS

NOW = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def vectors() -> list[dict[str, Any]]:
    """Return the samples with their verdicts."""
    found: list[dict[str, Any]] = json.loads(VECTORS.read_text())
    return found


def verdict(vector: dict[str, Any]) -> bool:
    """Return whether the sample verifies."""
    try:
        verify(json.dumps(vector["credential"]), NOW)
    except VerificationFailed:
        return False
    return True


def test_every_verdict_is_the_recorded_one(vectors: list[dict[str, Any]]) -> None:
    """Each sample has the recorded verdict; a required verdict overrides the reference's."""
    wrong = [
        vector["name"]
        for vector in vectors
        if verdict(vector) != vector.get("required", vector["verifies"])
    ]
    assert wrong == []


def test_the_samples_are_all_there(vectors: list[dict[str, Any]]) -> None:
    """The samples include valid and invalid ones of both suites."""
    required = [vector.get("required", vector["verifies"]) for vector in vectors]
    assert (len(required), sum(required)) == (131, 41)
