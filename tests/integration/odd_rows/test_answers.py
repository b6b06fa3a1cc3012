"""Answers about odd rows. Source: docs/rules/stored-data.md, "Odd rows"."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .deployment import Deployment

STAMPS = (
    '{"Google": {"score": "0.5", "dedup": false, "expiration_date": null,'
    ' "source_wallet": {"address": "0x12", "label": "old"}}}'
)
WHOLE = f"evidence = NULL, stamps = '{STAMPS}'"


async def change_score(deployment: Deployment, name: str, assigned: str) -> None:
    """Change an address's stored score in community 1; it never expires."""
    await deployment.connection.execute(
        f"""UPDATE registry_score SET score = 12.5, last_score_timestamp = '2025-01-01Z',
        expiration_date = '2099-01-01Z', {assigned}
        WHERE passport_id = (SELECT id FROM registry_passport
            WHERE community_id = 1 AND address = $1)""",
        deployment.addresses[name],
    )


@pytest.mark.parametrize(
    ("assigned", "score", "threshold", "passing"),
    [
        (WHOLE, "12.50000", "20.00000", False),
        (WHOLE.replace("NULL", "'null'"), "12.50000", "20.00000", False),
        (WHOLE.replace("NULL", "'{}'"), "12.50000", "20.00000", False),
        (WHOLE + ", error = 'x'", "12.50000", "20.00000", False),
        (
            WHOLE.replace("NULL", """'{"rawScore": null, "threshold": "12.5"}'"""),
            "12.50000",
            "12.50000",
            True,
        ),
        (
            WHOLE.replace("NULL", """'{"rawScore": 19.999999, "success": true}'"""),
            "20.00000",
            "20.00000",
            False,
        ),
        (
            WHOLE.replace("NULL", """'{"rawScore": "20", "threshold": null, "success": false}'"""),
            "20.00000",
            "20.00000",
            True,
        ),
        (WHOLE + ", score = NULL", "0.00000", "20.00000", False),
        (WHOLE + ", last_score_timestamp = NULL", "12.50000", "20.00000", False),
    ],
)
async def test_a_stored_score_of_other_times(
    deployment: Deployment, assigned: str, score: str, threshold: str, *, passing: bool
) -> None:
    """Missing values sort where the rules put them; stamps are as stored."""
    await deployment.owner(f"score/{deployment.addresses['h0']}", "h0", "POST", {})
    if "last_score_timestamp" in assigned or "score = NULL" in assigned:
        await change_score(deployment, "h0", "error = NULL")
        await deployment.connection.execute(f"UPDATE registry_score SET {assigned}")
    else:
        await change_score(deployment, "h0", assigned)
    answer = await deployment.owner(f"score/{deployment.addresses['h0']}", "h0")
    shown = answer.json()
    assert (shown["score"], shown["threshold"], shown["passing_score"]) == (
        score,
        threshold,
        passing,
    )
    assert shown["stamps"] == json.loads(STAMPS)
    assert shown["expiration_timestamp"] == "2099-01-01T00:00:00+00:00"


@pytest.mark.parametrize(
    "assigned",
    [
        # Both of case 15.
        "status = 'DONE', score = 1, stamps = '[]', expiration_date = '2099-01-01'",
        """status = 'DONE', score = 1, evidence = '{"type": "ThresholdScoreCheck",
        "success": true, "rawScore": null, "threshold": "20"}', stamps = '{}',
        expiration_date = '2099-01-01'""",
        "stamps = '5'",
        "stamps = '{\"Google\": null}'",
        "evidence = '[]'",
        'evidence = \'{"rawScore": "NaN"}\'',
        "evidence = NULL, score = 'NaN'",
    ],
)
async def test_an_unreadable_stored_score(deployment: Deployment, assigned: str) -> None:
    """It is computed again, and is then a whole one."""
    path = f"score/{deployment.addresses['h0']}"
    right = (await deployment.owner(path, "h0", "POST", {})).json()
    await deployment.connection.execute(f"UPDATE registry_score SET {assigned}")
    for again in (True, False):
        answer = (await deployment.owner(path, "h0")).json()
        assert (answer["last_score_timestamp"] > right["last_score_timestamp"]) is again
        assert answer == {**right, "last_score_timestamp": answer["last_score_timestamp"]}
        right = answer


@pytest.mark.parametrize("wrapped", [True, False])
@pytest.mark.parametrize(
    ("data", "score", "threshold", "passing", "stamps"),
    [
        ("{}", "0.00000", "0.00000", True, None),
        ('{"score": "1", "evidence": null}', "1.00000", "0.00000", True, None),
        ('{"score": "1", "evidence": {"threshold": "20"}}', "1.00000", "20.00000", False, None),
        (
            '{"score": "1", "evidence": {"rawScore": null, "threshold": "1", "success": false}}',
            *("1.00000", "1.00000", True, None),
        ),
        (f'{{"score": 3, "stamps": {STAMPS}}}', "3.00000", "0.00000", True, json.loads(STAMPS)),
        ('{"stamps": [], "score": "-1"}', "-1.00000", "0.00000", False, None),
    ],
)
async def test_an_event_of_other_times(
    deployment: Deployment,
    data: str,
    score: str,
    threshold: str,
    stamps: object,
    *,
    passing: bool,
    wrapped: bool,
) -> None:
    """Missing values sort where the rules put them; stamps are as recorded."""
    written = f'{{"pk": 1, "fields": {data}}}' if wrapped else data
    await deployment.connection.execute("UPDATE registry_event SET data = $1::text::jsonb", written)
    address = deployment.addresses["h22"]
    answer = await deployment.partner(f"1/score/{address}/history?created_at=2999-01-01")
    assert answer.json() == {
        "address": address,
        "score": score,
        "passing_score": passing,
        "last_score_timestamp": None,
        "expiration_timestamp": None,
        "threshold": threshold,
        "error": None,
        "stamps": stamps,
        "points_data": None,
        "possible_points_data": None,
        "linked_score": None,
    }


async def test_nan_amounts_are_left_out(deployment: Deployment) -> None:
    """A stake or contribution of NaN is left out; the others are listed."""
    who = deployment.addresses
    connection = deployment.connection
    paths = [
        f"stake/gtc/{who['h17']}",
        f"stake/legacy-gtc/{who['h17']}/1",
        f"cgrants/contributor_statistics?address={who['h18']}",
    ]

    async def asked() -> list[Any]:
        answers = [await deployment.internal.get("/internal/" + path) for path in paths]
        return [answer.json() for answer in answers]

    stakes, legacy, grants = await asked()
    assert stakes["items"]
    assert legacy["results"]
    assert grants["num_grants_contribute_to"] > 0
    for table, column in (
        ("stake_stake", "current_amount"),
        ("registry_gtcstakeevent", "amount"),
        ("cgrants_grantcontributionindex", "amount"),
        ("cgrants_protocolcontributions", "amount"),
    ):
        smallest = f"SELECT min(id) FROM {table}"
        await connection.execute(f"UPDATE {table} SET {column} = 'NaN' WHERE id > ({smallest})")
    fewer, less, grants = await asked()
    assert len(fewer["items"]) < len(stakes["items"]) or len(less["results"]) < len(
        legacy["results"]
    )
    assert all(item in stakes["items"] for item in fewer["items"])
    assert all(item in legacy["results"] for item in less["results"])
    assert all(isinstance(value, float) for value in grants.values())


async def test_times_that_never_come(deployment: Deployment) -> None:
    """They are shown as the last possible moment; a ban until then still applies."""
    await deployment.connection.execute("UPDATE ceramic_cache_ban SET end_time = 'infinity'")
    await deployment.connection.execute("UPDATE stake_stake SET unlock_time = 'infinity'")
    subject = {"id": f"did:pkh:eip155:1:{deployment.addresses['h8']}"}
    (ban,) = (
        await deployment.internal.post(
            "/internal/check-bans", content=json.dumps([{"credentialSubject": subject}])
        )
    ).json()
    assert (ban["is_banned"], ban["end_time"]) == (True, "9999-12-31T23:59:59.999Z")
    stakes = (await deployment.owner("stake/gtc", "h17")).json()["items"]
    assert {stake["unlock_time"] for stake in stakes} == {"9999-12-31T23:59:59.999999+00:00"}


async def test_weights_that_are_not_numbers(deployment: Deployment) -> None:
    """They count 0 and are not shown; a community without a threshold has no scorer."""
    who = deployment.addresses["h0"]
    weights = json.loads(
        await deployment.connection.fetchval(
            "SELECT weights FROM scorer_weighted_binaryweightedscorer WHERE scorer_ptr_id = 1"
        )
    )
    before = (await deployment.partner(f"1/score/{who}")).json()
    assert before["stamps"]["Google"]["score"] != "0.00000"
    await deployment.connection.execute(
        "UPDATE scorer_weighted_binaryweightedscorer SET weights = $1 WHERE scorer_ptr_id = 1",
        json.dumps({**weights, "Google": {"a": 1}}),
    )
    after = (await deployment.partner(f"1/score/{who}")).json()
    assert after["stamps"]["Google"] == {**before["stamps"]["Google"], "score": "0.00000"}
    assert "Google" not in (await deployment.public.get("/ceramic-cache/weights")).json()
    await deployment.connection.execute(
        "UPDATE scorer_weighted_binaryweightedscorer SET threshold = 'NaN'"
    )
    answer = await deployment.partner(f"1/score/{who}")
    assert (answer.status_code, answer.json()) == (
        404,
        {"detail": "No scorer matches the given criteria."},
    )
