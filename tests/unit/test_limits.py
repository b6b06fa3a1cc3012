"""The table of limits in the operations handbook names every limit, with its value."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from passport_scorer.api.guards.base import LONGEST_BODY
from passport_scorer.api.middleware.limits import LONGEST_HEADERS, LONGEST_TARGET
from passport_scorer.auth import jwt_access_tokens, nonces
from passport_scorer.aws_lambda.function import POOL_SIZE
from passport_scorer.catalogue.client import CACHE_SECONDS, MAX_DOCUMENT_SIZE
from passport_scorer.cli.shadow_proxy import ProxyOptions
from passport_scorer.credentials import claims, parsing, stamp_profile, usual_form
from passport_scorer.credentials.contexts import BUNDLED
from passport_scorer.db.database import DatabaseSettings
from passport_scorer.db.queries.write_scoring import MAX_BATCH_SIZE
from passport_scorer.domain.human_points import ACTION_CAP
from passport_scorer.domain.pagination import LARGEST_PAGE
from passport_scorer.domain.stamps import LONGEST_NULLIFIER
from passport_scorer.domain.submissions import MOST_ENTRIES
from passport_scorer.ethereum import eip712, eip712_types
from passport_scorer.scoring.write_conflict_retry import MAX_ATTEMPTS
from passport_scorer.server.shutdown import GRACE
from passport_scorer.settings.model import variables
from passport_scorer.settings.report import default_of
from passport_scorer.telemetry.metrics import ALL

DOCUMENT = (Path(__file__).parents[2] / "docs" / "operations.md").read_text("utf-8")
SECTION = DOCUMENT.partition("\n## Limits\n")[2].partition("\n## ")[0]
COLUMNS = ["what", "default", "setting", "what the caller sees", "metric"]
KIB = 1024
METRICS = {metric.full_name for metric in ALL}
FIELDS = {name: field for field, variable in variables().items() for name in variable.names}
ON_LAMBDA = "connections of a sandbox"
# The row of a limit -> its default, as the code has it.
VALUES = {
    "path and query": f"{LONGEST_TARGET // KIB} KiB",
    "headers, names and values together": f"{LONGEST_HEADERS // KIB} KiB",
    "body": f"{LONGEST_BODY // KIB**2} MiB",
    "stamps in one request that adds, changes or deletes": f"{MOST_ENTRIES}",
    "stamps on a page of `GET /v2/stamps/{address}`": f"{LARGEST_PAGE:,}",
    "requests that finish after the listeners have closed": f"{GRACE} s",
    "size of a credential": f"{parsing.MAXIMUM_SIZE // KIB} KiB",
    "depth of objects and lists in it": f"{parsing.MAXIMUM_DEPTH}",
    "objects and lists in it (opening brackets)": f"{parsing.MAXIMUM_BRACKETS}",
    "values in it (commas)": f"{parsing.MAXIMUM_COMMAS:,}",
    "nullifiers": f"{claims.MAXIMUM_NULLIFIERS}; {stamp_profile.MAXIMUM_LIST} in the older suite",
    "a nullifier that is recorded": f"{LONGEST_NULLIFIER} characters",
    "JSON-LD contexts, older suite": f"{len(BUNDLED)}, each once",
    "EIP-712 types, all together as JSON": f"{eip712.MAXIMUM_TYPES_SIZE // KIB} KiB",
    "EIP-712 types in a credential": f"{eip712.MAXIMUM_TYPES}",
    "fields of an EIP-712 type": f"{eip712.MAXIMUM_FIELDS}",
    "nesting of EIP-712 types, dimensions of arrays": f"{eip712.MAXIMUM_NESTING}",
    "elements of an EIP-712 array": f"{eip712.MAXIMUM_LENGTH}",
    "string, or digits of bytes, in an EIP-712 message": (
        f"{eip712_types.MAXIMUM_STRING:,} characters"
    ),
    "access token": f"8 KiB, valid for {jwt_access_tokens.LIFETIME.days} days",
    "lifetime of a nonce": f"{nonces.LIFETIME.seconds // 60} minutes, used once",
    "wait for a connection": f"{DatabaseSettings('').acquire_timeout:g} s",
    "response to a statement": f"{DatabaseSettings('').statement_timeout:g} s",
    "requests per batch": f"{MAX_BATCH_SIZE}",
    "attempts to save a score": f"{MAX_ATTEMPTS}",
    "cached lists of EIP-712 types": f"{eip712.REMEMBERED_PLANS}",
    "cached forms of signed types": f"{usual_form.REMEMBERED_FORMS}",
    "awards of each capped Human Points action": f"{ACTION_CAP:,}",
    "stamp catalogue": f"{MAX_DOCUMENT_SIZE // KIB**2} MiB",
    "time it is cached": f"{CACHE_SECONDS / 3600:g} hour",
    ON_LAMBDA: POOL_SIZE,
    "queued copies": f"{ProxyOptions.queue} MB",
}


def rows() -> list[list[str]]:
    """The cells of each row of each table."""
    lines = [line for line in SECTION.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line[1:-1].split(" | ")] for line in lines]
    return [row for row in cells if row != COLUMNS and set("".join(row)) - set("- ")]


ROWS = rows()


def test_every_row_has_all_columns_and_a_name_of_its_own() -> None:
    """Each table has the same columns, and no limit stands in two rows."""
    header = "| " + " | ".join(COLUMNS) + " |"
    assert SECTION.count(header) == SECTION.count("| --- " * len(COLUMNS) + "|") > 0
    assert all(len(row) == len(COLUMNS) and all(row) for row in ROWS)
    names = [row[0] for row in ROWS]
    assert len(set(names)) == len(names)
    assert set(VALUES) <= set(names)


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_what_a_row_names_exists(row: list[str]) -> None:
    """Settings and metrics are those of the code, and so are defaults."""
    what, default, setting, _, metric = row
    if setting.startswith("`"):
        field = FIELDS[setting.strip("`")]
        shown = default_of(field).partition(",")[0]
        assert what == ON_LAMBDA or re.search(rf"(^|\W){re.escape(shown)}(\W|$)", default)
    else:
        assert setting.startswith("–")
    if metric != "–":
        assert metric.strip("`") in METRICS
    if what in VALUES:
        assert default == VALUES[what]
