"""The signed sample credentials come out as recorded."""

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
    """The samples with their verdicts."""
    found: list[dict[str, Any]] = json.loads(VECTORS.read_text())
    return found


def verdict(vector: dict[str, Any]) -> bool:
    """Whether the sample verifies."""
    try:
        verify(json.dumps(vector["credential"]), NOW)
    except VerificationFailed:
        return False
    return True


def test_every_verdict_is_the_recorded_one(vectors: list[dict[str, Any]]) -> None:
    """Each sample verifies or not as recorded, a required verdict winning over the reference's."""
    wrong = [
        vector["name"]
        for vector in vectors
        if verdict(vector) != vector.get("required", vector["verifies"])
    ]
    assert wrong == []


def test_the_samples_are_all_there(vectors: list[dict[str, Any]]) -> None:
    """The samples hold good and bad ones of both suites, so that agreeing with them means much."""
    required = [vector.get("required", vector["verifies"]) for vector in vectors]
    assert (len(required), sum(required)) == (131, 41)
