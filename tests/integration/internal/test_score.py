"""Scores for the internal network."""

from __future__ import annotations

import pytest

from .conftest import Internal

ADDRESS = "0x" + "ab" * 20


@pytest.mark.parametrize("path", ["score/v2/9", "score/9"])
async def test_any_community_is_scored(reference: Internal, path: str) -> None:
    """Both paths do the same, for a deleted community too, and show no Human Points."""
    answer = await reference.get(f"{path}/{ADDRESS.upper().replace('0X', '0x')}")
    assert answer.status_code == 200
    assert answer.json() | {"last_score_timestamp": None} == {
        "address": ADDRESS,
        "score": "0.00000",
        "passing_score": False,
        "last_score_timestamp": None,
        "expiration_timestamp": None,
        "threshold": "2.50000",
        "error": None,
        "stamps": {},
        "points_data": None,
        "possible_points_data": None,
        "linked_score": None,
    }


@pytest.mark.parametrize(
    ("scorer_id", "address", "status"),
    [
        ("999", ADDRESS, 404),
        ("-1", ADDRESS, 404),
        ("ext-scorer-3", ADDRESS, 422),
        (str(2**63), ADDRESS, 422),
        ("1", ADDRESS + "0", 400),
        ("1", "%00", 400),
    ],
)
async def test_what_names_nothing_is_refused(
    reference: Internal, scorer_id: str, address: str, status: int
) -> None:
    """A scorer is a whole number that a community has; there is no demo here."""
    assert (await reference.get(f"score/v2/{scorer_id}/{address}")).status_code == status
