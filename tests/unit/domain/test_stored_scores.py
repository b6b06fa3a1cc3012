"""Scores as they were recorded, in rows and in events, today or in other times."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passport_scorer.domain.stored_scores import (
    RecordedScore,
    ScoreColumns,
    UnreadableScore,
    read_event,
    read_row,
)

NOW = datetime(2030, 1, 1, tzinfo=UTC)
SCORERS = Decimal("15.5")
STAMPS = {
    "Ens": {
        "dedup": True,
        "score": "0.0",
        "expiration_date": None,
        "source_wallet": {"address": "0x12", "since": [2025]},
    }
}
EVIDENCE = {"rawScore": "20.733", "threshold": "20.00000", "success": False}
VALUES = {
    "score": "1",
    "error": None,
    "stamps": STAMPS,
    "evidence": EVIDENCE,
    "expiration_date": "2099-05-01T00:00:00Z",
    "last_score_timestamp": "2025-03-01T10:00:00.250Z",
}
ODD = [
    *("[]", "[{}]", "5", "-1", '"x"', '""', "true", "1e400", "[[[]]]"),
    *('{"Ens": null}', '{"Ens": 1.5}', '{"Ens": "1.5"}', '{"Ens": [{}]}'),
]


def event(**values: object) -> RecordedScore:
    """Read an event of these values, in the shape without `fields`."""
    return read_event(json.dumps({**VALUES, **values}))


def columns(
    evidence: object = EVIDENCE,
    stamps: object = STAMPS,
    score: str | None = "1",
    expires_at: datetime | None = NOW,
) -> ScoreColumns:
    """A row; texts are taken as JSON that is written already."""
    return ScoreColumns(
        score=None if score is None else Decimal(score),
        error="odd",
        last_score_timestamp=NOW,
        expiration_date=expires_at,
        evidence=_text(evidence),
        stamps=_text(stamps),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) or value is None else json.dumps(value)


def shown(stamps: Any) -> Any:
    """Return the stamps as an answer shows them."""
    return json.loads(msgspec.json.encode(stamps))


def test_a_row_is_read_exactly() -> None:
    """Decimals keep their digits, stamps all of their members; times become texts."""
    score = read_row(columns(), SCORERS)
    assert (score.raw, score.threshold) == (Decimal("20.733"), Decimal("20.00000"))
    assert shown(score.stamps) == STAMPS
    assert score.computed_at == score.expires_at == "2030-01-01T00:00:00+00:00"
    assert score.error == "odd"


def test_an_event_is_read_exactly() -> None:
    """The same; but times are the texts that were written."""
    score = event()
    assert (score.raw, score.threshold) == (Decimal("20.733"), Decimal("20.00000"))
    assert shown(score.stamps) == STAMPS
    assert (score.computed_at, score.expires_at, score.error) == (
        "2025-03-01T10:00:00.250Z",
        "2099-05-01T00:00:00Z",
        None,
    )


@pytest.mark.parametrize("outer", [{}, {"fields": None}, {"pk": 1, "model": "registry.score"}])
def test_both_shapes_of_events_are_the_same(outer: dict[str, Any]) -> None:
    """It doesn't matter whether the values lie under `fields`."""
    wrapped = read_event(json.dumps({**outer, "fields": {**VALUES, "passport": 5}}))
    bare = read_event(json.dumps({**VALUES, **outer}))
    assert msgspec.json.encode(wrapped) == msgspec.json.encode(bare)


@pytest.mark.parametrize(
    ("score", "evidence", "raw"),
    [
        ("1", {"rawScore": "0"}, "0"),
        ("1", {"rawScore": 20.1}, "20.1"),
        ("12.5", {"rawScore": None}, "12.5"),
        ("12.5", {}, "12.5"),
        ("12.5", None, "12.5"),
        (None, None, "0"),
        (None, {}, "0"),
    ],
)
def test_the_sum(score: str | None, evidence: object, raw: str) -> None:
    """The evidence's where there is one, also 0; else the score; 0 if there was none."""
    assert event(score=score, evidence=evidence).raw == Decimal(raw)
    assert read_row(columns(evidence, score=score), SCORERS).raw == Decimal(raw)


@pytest.mark.parametrize("evidence", [None, {}, {"threshold": None, "rawScore": "3"}])
def test_a_threshold_that_is_missing(evidence: object) -> None:
    """It is 0 in an event, and the scorer's in a row; without that, the row can't be read."""
    assert event(evidence=evidence).threshold == 0
    assert read_row(columns(evidence), SCORERS).threshold == SCORERS
    for threshold in (None, Decimal("NaN")):
        with pytest.raises(UnreadableScore):
            read_row(columns(evidence), threshold)


@pytest.mark.parametrize("success", [True, False])
@pytest.mark.parametrize(
    ("raw", "passing"), [("19.999999", False), ("20", True), ("20.000001", True)]
)
def test_passing(raw: str, *, passing: bool, success: bool) -> None:
    """The exact sum is compared with the threshold, whatever the row says."""
    evidence = {"rawScore": raw, "threshold": "20", "success": success}
    assert event(evidence=evidence).passing is passing
    assert read_row(columns(evidence), SCORERS).passing is passing


def test_stamps_that_are_missing() -> None:
    """They are null in an event, and none in a row."""
    assert event(stamps=None).stamps is None
    assert read_event("{}").stamps is None
    assert read_row(columns(stamps=None), SCORERS).stamps == {}
    assert read_row(columns(stamps="null"), SCORERS).stamps == {}


@pytest.mark.parametrize("stamps", ODD)
def test_invalid_stamps(stamps: str) -> None:
    """They make a row unreadable; the score of an event can be read all the same."""
    with pytest.raises(UnreadableScore):
        read_row(columns(stamps=stamps), SCORERS)
    assert read_event('{"score": "1", "stamps": ' + stamps + "}").stamps is None


def test_deep_documents() -> None:
    """Python limits the readable depth; deeper JSON is refused."""
    deep = '{"a":' * 90_000 + "1" + "}" * 90_000
    with suppress(UnreadableScore):
        read_row(columns(stamps=deep), SCORERS)
    with suppress(UnreadableScore):
        read_event(deep)


@pytest.mark.parametrize(
    "evidence",
    [
        *ODD[:9],
        *('{"rawScore": "much"}', '{"rawScore": ""}', '{"rawScore": {}}', '{"rawScore": true}'),
        *('{"rawScore": "NaN"}', '{"rawScore": "-Infinity"}', '{"threshold": "NaN"}'),
        *('{"rawScore": 1e100}', '{"rawScore": "1e999999999"}', '{"threshold": []}'),
    ],
)
def test_invalid_evidence(evidence: str) -> None:
    """A verdict is never made up."""
    with pytest.raises(UnreadableScore):
        read_row(columns(evidence), SCORERS)
    with pytest.raises(UnreadableScore):
        read_event('{"evidence": ' + evidence + "}")


def test_a_row_whose_score_is_not_a_number() -> None:
    """PostgreSQL has NaN; answers do not."""
    with pytest.raises(UnreadableScore):
        read_row(columns(None, score="NaN"), SCORERS)


def test_a_row_that_contradicts_itself() -> None:
    """Without a sum, a row that has an expiry and no stamps has lost what it was made of."""
    evidence = {"rawScore": None, "threshold": "20", "success": True}
    with pytest.raises(UnreadableScore):
        read_row(columns(evidence, {}), SCORERS)
    whole = [columns(evidence, {}, expires_at=None), columns(evidence), columns(None, {})]
    assert [read_row(row, SCORERS).raw for row in whole] == [1, 1, 1]


@pytest.mark.parametrize(
    "data", ["[]", "1", "null", '"x"', '{"fields": 1}', '{"fields": []}', '{"score": "much"}']
)
def test_data_that_is_not_a_score_event(data: str) -> None:
    """An event of any other shape is refused."""
    with pytest.raises(UnreadableScore):
        read_event(data)


def test_texts_of_another_type() -> None:
    """A member that should be a text and is not counts as missing."""
    score = event(error=5, expiration_date=[], last_score_timestamp={"at": 1})
    assert (score.error, score.expires_at, score.computed_at) == (None, None, None)


NUMBERS = st.floats(allow_nan=False, allow_infinity=False)  # as JSON has them
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | NUMBERS | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["rawScore", "threshold", "score", "fields", "stamps", "Ens"]), inner
        )
    ),
    max_leaves=12,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys([*VALUES, "fields"], JSON)) | JSON)
def test_any_event(data: object) -> None:
    """Whatever it is, it is a score that can be shown, or refused."""
    with suppress(UnreadableScore):
        score = read_event(json.dumps(data))
        assert score.raw.is_finite()
        assert score.threshold.is_finite()
        assert score.passing is (score.raw >= score.threshold)
        assert all(isinstance(stamp, dict) for stamp in shown(score.stamps or {}).values())


@given(
    JSON,
    JSON,
    st.none() | st.decimals().map(str),
    st.none() | st.decimals(allow_nan=False, allow_infinity=False),
)
def test_any_row(
    evidence: object, stamps: object, score: str | None, threshold: Decimal | None
) -> None:
    """Whatever it holds, it is a score that can be shown, or computed again."""
    row = columns(json.dumps(evidence), json.dumps(stamps), score)
    with suppress(UnreadableScore):
        read = read_row(row, threshold)
        assert read.raw.is_finite()
        assert read.threshold.is_finite()
        assert read.stamps is not None


@pytest.mark.parametrize(
    ("expires_at", "expired"),
    [(None, False), (NOW, True), (NOW + timedelta(microseconds=1), False)],
)
def test_a_score_expires_with_its_first_stamp(
    expires_at: datetime | None, *, expired: bool
) -> None:
    """One without stamps never does."""
    assert columns(expires_at=expires_at).has_expired(NOW) is expired
