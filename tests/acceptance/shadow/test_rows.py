"""`passport-scorer shadow rows`, with two databases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import asyncpg
import pytest

if TYPE_CHECKING:
    from tests.acceptance.shadow.conftest import Shadow
    from tests.conftest import PostgresqlServer


class Databases(NamedTuple):
    """The URLs of two databases with the same rows."""

    control: str
    candidate: str


@pytest.fixture
def databases(postgresql_server: PostgresqlServer, reference_template: str) -> Iterator[Databases]:
    """Create two copies of a reference deployment's database."""
    with (
        postgresql_server.database(reference_template) as one,
        postgresql_server.database(reference_template) as other,
    ):
        yield Databases(one, other)


async def execute(url: str, sql: str) -> None:
    """Change a database."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


FIRST_STAMP = "id = (SELECT min(id) FROM ceramic_cache_ceramiccache WHERE deleted_at IS NULL)"
PLANTED = [
    (
        "DELETE FROM registry_event WHERE id = (SELECT min(id) FROM registry_event)",
        ("table registry_event", "body", "", "missing"),
    ),
    (
        "INSERT INTO registry_hashscorerlink (hash, address, expires_at, community_id)"
        " VALUES ('v0.0.0:new', '0x1', '2099-01-01', 1)",
        ("table registry_hashscorerlink", "body", "", "unexpected"),
    ),
    (
        # One character inside the credential.
        "UPDATE ceramic_cache_ceramiccache SET stamp = replace(stamp::text, '2018/credentials/v1',"
        f" '2018/credentials/v2')::jsonb WHERE {FIRST_STAMP}",
        ("table ceramic_cache_ceramiccache", "body", "/stamp_md5", "value"),
    ),
    (
        "UPDATE registry_score SET score = score + 0.000000001"
        " WHERE id = (SELECT min(id) FROM registry_score)",
        ("table registry_score", "body", "/score", "value"),
    ),
    (
        "UPDATE account_nonce SET was_used = NOT was_used"
        " WHERE id = (SELECT min(id) FROM account_nonce)",
        ("table account_nonce", "body", "/was_used", "value"),
    ),
]


async def test_planted_faults(databases: Databases, shadow: Shadow) -> None:
    """Two copies are equal; each changed row is found and named, and nothing else."""
    settings = {
        "CONTROL_DATABASE_URL": databases.control,
        "CANDIDATE_DATABASE_URL": databases.candidate,
    }
    same = await shadow.run("rows", **settings)
    assert (same.status, same.classes) == (0, []), same.errors + same.output
    planted: list[tuple[str, ...]] = []
    for sql, expected in PLANTED:
        await execute(databases.candidate, sql)
        planted.append(expected)
        run = await shadow.run("rows", **settings)
        assert (run.status, sorted(run.classes)) == (1, sorted(planted)), run.output
        assert all(each["count"] == 1 for each in run.report["unexplained"])


async def test_expected_differences(databases: Databases, shadow: Shadow) -> None:
    """Surrogate ids and times of the run do not make rows differ; each is counted."""
    for sql in (
        "UPDATE registry_score SET last_score_timestamp = now()",
        "UPDATE registry_stamp SET id = id + 100000",
        "UPDATE registry_event SET created_at = now()",
        "UPDATE ceramic_cache_ceramiccache SET deleted_at = now() WHERE deleted_at IS NOT NULL",
        "INSERT INTO account_nonce (nonce, created_on, was_used) VALUES ('abc', now(), false)",
    ):
        await execute(databases.candidate, sql)
    run = await shadow.run(
        "rows", "--control", databases.control, "--candidate", databases.candidate
    )
    assert (run.status, run.classes) == (0, []), run.output
    counted = {rule["name"] for rule in run.report["rules"] if rule["count"]}
    assert counted >= {
        "row-score-computed-at",
        "row-event-created-at",
        "row-stamp-deleted-at",
        "row-own-nonces",
    }


async def test_many_rows_of_one_key(databases: Databases, shadow: Shadow) -> None:
    """A key with thousands of rows is compared in slices; one changed row is still found."""
    many = """
        INSERT INTO registry_event (action, address, created_at, data, community_id)
        SELECT 'SCU', '0xmany', timestamptz '2026-01-01' + n * interval '1 second',
            jsonb_build_object('score', n), 1
        FROM generate_series(1, 12000) AS n
    """
    for url in databases:
        await execute(url, many)
    await execute(
        databases.candidate,
        "UPDATE registry_event SET data = '{\"score\": 0}'"
        " WHERE address = '0xmany' AND data = '{\"score\": 7000}'",
    )
    run = await shadow.run(
        *("rows", "--table", "registry_event"),
        *("--control", databases.control, "--candidate", databases.candidate),
    )
    assert run.classes == [("table registry_event", "body", "/data/score", "value")]
    assert run.report["unexplained"][0]["count"] == 1


async def test_wrong_options(databases: Databases, shadow: Shadow) -> None:
    """An unusable database is reported in one line without a password; nothing is compared."""
    wrong = "postgresql://somebody:secret@127.0.0.1:9/none"
    for arguments, sentence in (
        (["--control", wrong, "--candidate", databases.candidate], "127.0.0.1:9"),
        (["--control", databases.control, "--candidate", "nonsense"], "--candidate"),
        (["--table", "none", "--control", databases.control, "--candidate", wrong], "--table"),
    ):
        run = await shadow.run("rows", *arguments)
        assert run.status == 2, run.errors
        (line,) = run.errors.splitlines()
        assert sentence in line
        assert "secret" not in line


async def test_a_table_that_can_not_be_read(databases: Databases, shadow: Shadow) -> None:
    """An error of one server is reported, even while the other one is still sending rows."""
    await execute(databases.control, "ALTER TABLE registry_event RENAME TO elsewhere")
    run = await shadow.run(
        "rows", "--control", databases.control, "--candidate", databases.candidate
    )
    assert run.status == 2, run.output
    (line,) = run.errors.splitlines()
    assert f'{databases.control}: the server says: relation "registry_event" does not' in line


async def test_recorded_answers(databases: Databases, shadow: Shadow) -> None:
    """Response columns are compared as JSON, except for their times."""

    async def record(url: str, path: str, score: str, time: str) -> None:
        answer = f'{{"score": "{score}", "last_score_timestamp": "{time}"}}'
        await execute(
            url,
            "INSERT INTO account_accountapikeyanalytics (path, api_key_id, response)"
            f" SELECT '{path}', min(id), to_jsonb('{answer}'::text) FROM account_accountapikey",
        )

    times = ("2026-11-24T03:30:00+00:00", "2026-11-24T03:30:01.500000+00:00")
    for url, other_score, time in zip(databases, ("1.00000", "2.00000"), times, strict=True):
        await record(url, "/same", "1.00000", time)
        await record(url, "/other", other_score, time)
    run = await shadow.run(
        *("rows", "--table", "account_accountapikeyanalytics"),
        *("--control", databases.control, "--candidate", databases.candidate),
    )
    assert run.classes == [
        ("table account_accountapikeyanalytics", "body", "/response/text/score", "value")
    ]
    assert run.report["unexplained"][0]["count"] == 1
