"""The chaos harness: a tiny run finds no violation, and planted violations are reported."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.chaos.deployment import DatabaseServer, Deployment
from tests.chaos.history import ToldScore, Upload
from tests.chaos.load import Budget, run_all
from tests.chaos.racing import RACING
from tests.chaos.report import table
from tests.chaos.result import Plan, Result
from tests.chaos.workload import addresses, rings

if TYPE_CHECKING:
    from tests.conftest import PostgresqlServer

PEOPLE = 6
REQUESTS = 60
PLANTED = (
    # A second address counts the stamps of a passport.
    """INSERT INTO registry_stamp (provider, credential, passport_id)
    SELECT s.provider, s.credential, (SELECT max(id) FROM registry_passport)
    FROM registry_stamp s
    WHERE s.passport_id = (SELECT min(passport_id) FROM registry_stamp)""",
    """INSERT INTO registry_hashscorerlink (hash, address, expires_at, community_id)
    VALUES ('forged:planted', '0x', now(), 1)""",
    """INSERT INTO registry_passport (address, community_id) VALUES ('0xplanted', 1)""",
    """DELETE FROM registry_event""",
    """INSERT INTO registry_humanpoints (address, action, timestamp, tx_hash, chain_id, provider)
    SELECT n, 'MTA', now(), '', 0, '' FROM generate_series(1, 5001) n""",
    """DELETE FROM account_accountapikeyanalytics
    WHERE id = (SELECT max(id) FROM account_accountapikeyanalytics)""",
    """UPDATE account_accountapikeyanalytics SET status_code = 400
    WHERE id = (SELECT max(id) FROM account_accountapikeyanalytics)""",
    """INSERT INTO account_accountapikeyanalytics (path, api_key_id, query_params, status_code)
    SELECT path, api_key_id, query_params, status_code FROM account_accountapikeyanalytics
    WHERE id = (SELECT min(id) FROM account_accountapikeyanalytics)""",
)
REPORTED = (
    "counted for more than one address",
    "counted for an address they are not linked to",
    "differ from registry_stamp",
    "scores without their event",
    "passports without a score",
    "forged nullifiers linked",
    "capped actions above their cap",
    "calls with two usage rows",
    "answered scores that were never committed",
    "1 usage rows with a status other than the response's",
    "1 answered calls have no usage row (limit: 0)",
    "1 uploads stored in part",
    "1 uploads accepted but not stored",
    "1 uploads stored despite status 400",
    "1 uploads stored despite 503",
    "60 of 60 responses other than 4xx",
)


@pytest.fixture
def server(
    postgresql_server: PostgresqlServer, demo_template: str, tmp_path: Path
) -> DatabaseServer:
    """The server of the test session, for deployments of the harness."""
    return DatabaseServer(postgresql_server.server, demo_template, tmp_path)


async def test_a_tiny_run(server: DatabaseServer) -> None:
    """The racing scenario finishes without a violation."""
    result = Result()
    await RACING.run(server, Plan(0.002), result)
    assert result.violations == []
    assert (result.lost, result.done["requests"]) == (0, result.tallies["all"].asked)
    assert result.done["requests"] > 0
    assert table({"racing": result}).row_count == 1


async def test_planted_violations(server: DatabaseServer) -> None:
    """Each invariant is checked: planted violations are reported, and none before that."""
    result = Result()
    people = addresses("planted", PEOPLE)
    async with server.deployment(result) as deployment:
        await deployment.workload.seed(rings(people))
        calls = deployment.workload.scores(people)
        await run_all(deployment.callers(4, "all", calls, Budget(REQUESTS, 60)))
        await deployment.finish()
        assert result.violations == []
        await plant(deployment)
        result.expect("all", "4xx")
        await deployment.finish()
    found = "\n".join(result.violations)
    assert [each for each in REPORTED if each not in found] == []


async def plant(deployment: Deployment) -> None:
    """Break every invariant, in the tables or in the history."""
    async with deployment.tables.connection() as connection:
        for sql in PLANTED:
            await connection.execute(sql)
        rows = await connection.fetch("SELECT proof_value FROM ceramic_cache_ceramiccache LIMIT 1")
    stored = rows[0]["proof_value"]
    history = deployment.history
    history.uploads += [
        Upload(("missing",), 201),
        Upload((stored, "missing"), 201),
        Upload((stored,), 400),
        Upload((stored,), 503),
    ]
    history.scores.append(ToldScore(*history.scores[0])._replace(address="0xplanted"))
