"""No row makes a 500. Source: docs/rules/stored-data.md, "Odd rows"."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import asyncpg
import pytest

from .deployment import Deployment

NESTED = 3000  # levels; PostgreSQL takes some thousands
JSON_VALUES = (
    *("null", "[]", "{}", '""', "0", "-1", "true", "1e400", "1e-400", '"NaN"', '"1e999999999"'),
    *('"x"', "[null]", "[{}]", '{"": null}', json.dumps("x" * 100_000)),
    "[" * NESTED + "]" * NESTED,
    '{"a":' * NESTED + "1" + "}" * NESTED,
    json.dumps({name: {} for name in ("Google", "fields", "evidence", "stamps", "proof")}),
    json.dumps({name: [] for name in ("Google", "fields", "evidence", "stamps", "proof")}),
    '{"Google": "NaN", "Discord": 1e400, "Github": null, "Ens": {"a": [1]}, "Linkedin": -5}',
    '{"rawScore": null, "threshold": null}',
    '{"rawScore": "NaN", "threshold": "Infinity", "success": 5}',
    '{"rawScore": {}, "threshold": []}',
    '{"rawScore": 1e400}',
    '{"Google": {"score": {}, "dedup": [], "expiration_date": 5}}',
    '{"fields": null, "score": "1.5", "evidence": 5, "stamps": [1]}',
    '{"fields": {"score": true, "last_score_timestamp": 5, "expiration_date": {}, "error": []}}',
    '{"fields": {"stamps": {"Google": {"score": 1e400, "expiration_date": null}}}}',
    '{"credentialSubject": {"id": 5, "provider": [], "nullifiers": [null, {}], "hash": 7}}',
    '{"credentialSubject": [], "proof": "x", "issuer": {}, "expirationDate": "infinity"}',
)
TIMES = ("infinity", "-infinity", "0044-03-15 00:00:00+00 BC", "294276-12-31 00:00:00+00")
NUMBERS = ("NaN", "-1", "0", "99999.99999")
VALUES: Mapping[str, Sequence[str]] = {
    "jsonb": JSON_VALUES,
    "timestamptz": TIMES,
    "numeric": NUMBERS,
}
# Every column of these types that some endpoint reads, or might; times of a table all at once.
COLUMNS = (
    ("account_accountapikey", ["created", "expiry_date"], "timestamptz"),
    ("account_community", ["created_at", "deleted_at"], "timestamptz"),
    ("account_allowlist", ["weight"], "numeric"),
    ("account_customcredential", ["weight"], "numeric"),
    ("account_customcredentialruleset", ["definition"], "jsonb"),
    ("scorer_weighted_binaryweightedscorer", ["weights"], "jsonb"),
    ("scorer_weighted_binaryweightedscorer", ["threshold"], "numeric"),
    ("scorer_weighted_weightedscorer", ["weights"], "jsonb"),
    ("scorer_weighted_weightedscorer", ["threshold"], "numeric"),
    ("ceramic_cache_ceramiccache", ["stamp"], "jsonb"),
    (
        "ceramic_cache_ceramiccache",
        ["created_at", "updated_at", "expiration_date", "issuance_date"],
        "timestamptz",
    ),
    ("ceramic_cache_ban", ["end_time", "created_at"], "timestamptz"),
    ("registry_stamp", ["credential"], "jsonb"),
    ("registry_score", ["evidence"], "jsonb"),
    ("registry_score", ["stamps", "stamp_scores"], "jsonb"),
    ("registry_score", ["last_score_timestamp"], "timestamptz"),
    ("registry_score", ["expiration_date"], "timestamptz"),
    ("registry_score", ["score"], "numeric"),
    ("registry_hashscorerlink", ["expires_at"], "timestamptz"),
    ("registry_event", ["data"], "jsonb"),
    ("registry_event", ["created_at"], "timestamptz"),
    ("registry_gtcstakeevent", ["amount"], "numeric"),
    ("registry_humanpoints", ["timestamp"], "timestamptz"),
    ("stake_stake", ["lock_time", "unlock_time"], "timestamptz"),
    ("stake_stake", ["last_updated_in_block"], "numeric"),
    ("stake_stake", ["current_amount"], "numeric"),
    ("cgrants_grantcontributionindex", ["amount"], "numeric"),
    ("cgrants_protocolcontributions", ["amount"], "numeric"),
    ("cgrants_squelchedaccounts", ["score_when_squelched"], "numeric"),
)


async def test_every_call_has_an_answer(deployment: Deployment) -> None:
    """Without odd rows, every call of these tests is answered with what it asks for."""
    refused = [
        (answer.request.url.path, answer.status_code)
        async for answer in deployment.everything()
        if answer.status_code != 200
    ]
    assert not refused


@pytest.mark.parametrize(("table", "columns", "kind"), COLUMNS)
@pytest.mark.timeout(120)
async def test_no_row_makes_a_500(
    deployment: Deployment, table: str, columns: list[str], kind: str
) -> None:
    """Whatever value the rows of a table have in a column, every endpoint has an answer."""
    if table.startswith("registry_"):  # scores leave rows of their own
        async for answer in deployment.everything():
            assert answer.status_code == 200
    assigned = ", ".join(f"{column} = $1::text::{kind}" for column in columns)
    taken = 0
    for value in VALUES[kind]:
        try:
            changed = await deployment.connection.execute(f"UPDATE {table} SET {assigned}", value)
        except asyncpg.PostgresError:  # the column can't hold it
            continue
        taken += 1
        assert changed != "UPDATE 0"
        failed = [
            (value[:80], answer.request.url.path, answer.status_code)
            async for answer in deployment.everything()
            if answer.status_code >= 500
        ]
        assert not failed
    assert taken > 1
