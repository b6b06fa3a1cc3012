"""The script for pgbench that is made of the service's statements."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from benchmarks.parameters import WARM_REQUEST, Step, parameter_types
from benchmarks.pgbench import StatementChanged, from_table, script
from passport_scorer.db.statement import NoRows, Query


class Parameters(msgspec.Struct, frozen=True):
    """The parameters of the test's statement."""

    score_ids: list[int]
    versions: list[str]
    now: str


SQL = """\
-- A comment with $1.
WITH request AS (
    SELECT *
    FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY AS r (score_id, version, ordinal)
)
UPDATE registry_score AS s
SET last_score_timestamp = $3::timestamptz
FROM request
WHERE s.id = request.score_id AND s.xmin::text = request.version
"""


def statement(sql: str) -> Query[Any, Any]:
    """Return a statement of the test."""
    query = Query("of_a_test", Parameters, NoRows, register=False)
    query.__dict__["sql"] = sql
    return query


def test_all_parameters_come_from_a_table_or_are_replaced() -> None:
    """A replacement may use the captured value of another parameter."""
    current = (
        "ARRAY[(SELECT benchmark_score.xmin::text FROM registry_score AS benchmark_score"
        " WHERE benchmark_score.id = ({score_ids})[1])]"
    )
    step = Step(statement(SQL), "benchmark_test", {"versions": current, "now": "now()"})
    sql = " ".join(from_table(step).split())
    assert sql.startswith(
        "WITH parameter AS MATERIALIZED (SELECT * FROM benchmark_test WHERE n = :n), request AS ("
    )
    assert (
        "FROM parameter CROSS JOIN LATERAL unnest(parameter.p1::bigint[],"
        " ARRAY[(SELECT benchmark_score.xmin::text FROM registry_score AS benchmark_score"
        " WHERE benchmark_score.id = (parameter.p1)[1])]::text[]) WITH ORDINALITY AS r"
    ) in sql
    assert "last_score_timestamp = now()::timestamptz" in sql
    assert "$" not in sql


@pytest.mark.parametrize(
    "sql", ["UPDATE registry_score SET error = $1", "WITH a AS (SELECT 1) SELECT $1; SELECT 2"]
)
def test_an_unsupported_statement_is_an_error(sql: str) -> None:
    """Better no measurement than one of something else."""
    with pytest.raises(StatementChanged):
        from_table(Step(statement(sql), "benchmark_test"))


@pytest.mark.parametrize("step", WARM_REQUEST, ids=lambda step: step.query.name)
def test_the_statements_of_a_warm_request_are_supported(step: Step) -> None:
    """Every parameter has a type and a source, and every replacement replaces one."""
    fields = step.query.parameters.__struct_fields__
    assert len(parameter_types(step.query)) == len(fields)
    assert step.instead.keys() <= set(fields)
    assert not re.search(r"\$\d", from_table(step))


def test_each_statement_but_the_last_tells_the_next() -> None:
    """The last one's rows are only returned."""
    text = script()
    assert text.count("\\gset") == len(WARM_REQUEST) - 1
    assert text.endswith(";\n")
    single = script([Step(statement(SQL), "benchmark_test")])
    assert "\\gset" not in single
