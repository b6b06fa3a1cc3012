"""A row of usage analytics, as a call leaves it."""

from datetime import UTC, datetime

from passport_scorer.domain.usage import Usage

CALL = Usage(
    api_key_id="1",
    created_at=datetime(2026, 3, 1, tzinfo=UTC),
    path="/v2/stamps/1/score/0x",
    base_path="v2",
    path_segments_json="[]",
    query_params_json="{}",
    headers_json="{}",
    payload_json=None,
    response_json=None,
    response_skipped=False,
    error=None,
    status_code=200,
)
